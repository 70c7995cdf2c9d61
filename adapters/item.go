package adapters

import (
	"bytes"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/mashang-hub/mashang/hub"
)

// DecodeItems reads one JSON object, or JSON lines of them, and maps each with
// item, which gets the bytes of one object in UTF-8.
func DecodeItems(
	r io.Reader, name, mediaType string, limit int64, item func(raw []byte) (hub.Submission, error),
) ([]hub.Submission, error) {
	format, charset, err := FormatOf(name, mediaType)
	if err != nil {
		return nil, err
	}
	if format == FormatLines {
		limit = MaxBody
	}
	data, err := ReadAll(r, limit)
	if err != nil {
		return nil, err
	}
	text, err := ToUTF8(data, charset)
	if err != nil {
		return nil, err
	}
	switch format {
	case FormatJSON:
		s, err := item(text)
		return []hub.Submission{s}, err
	case FormatLines:
		return items(text, item)
	case FormatCSV, FormatXLSX, FormatXML:
	}
	return nil, hub.Errorf(hub.CodeInvalid, "media.unknown", string(format))
}

func items(text []byte, item func(raw []byte) (hub.Submission, error)) ([]hub.Submission, error) {
	var subs []hub.Submission
	n := 0
	for line := range bytes.Lines(text) {
		n++
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		s, err := item(line)
		if err != nil {
			return nil, atLine(n, err)
		}
		subs = append(subs, s)
	}
	return subs, nil
}

// CheckWords refuses kinds and urgencies that do not exist; empty is fine.
func CheckWords(k hub.Kind, u hub.Urgency) error {
	switch k {
	case "", hub.KindConsult, hub.KindHelp, hub.KindComplaint, hub.KindReport, hub.KindSuggest, hub.KindThanks:
	default:
		return hub.Errorf(hub.CodeInvalid, "submission.field", "kind", string(k))
	}
	switch u {
	case "", hub.UrgencyNormal, hub.UrgencyUrgent, hub.UrgencyCritical:
	default:
		return hub.Errorf(hub.CodeInvalid, "submission.field", "urgency", string(u))
	}
	return nil
}

// DecodeJSON reads one strict JSON value: broken UTF-8, lone surrogates, a name
// given twice and a name that into does not have are all refused.
func DecodeJSON(data []byte, into any) error {
	if err := json.Unmarshal(data, into, json.RejectUnknownMembers(true)); err != nil {
		return &hub.Error{Code: hub.CodeInvalid, Key: "json.invalid", Args: []any{err.Error()}, Err: err}
	}
	return nil
}

// jsonRecord reads one flat object. Numbers and booleans keep their spelling,
// objects and lists stay JSON text, null is as if it were not there.
func jsonRecord(data []byte) (Record, error) {
	var raw map[string]jsontext.Value
	if err := DecodeJSON(data, &raw); err != nil {
		return Record{}, err
	}
	rec := Record{Fields: make(map[string]string, len(raw)), Raw: bytes.Clone(data), MediaType: "application/json"}
	for name, v := range raw {
		switch v.Kind() {
		case '"':
			var s string
			if err := json.Unmarshal(v, &s); err != nil {
				return Record{}, &hub.Error{Code: hub.CodeInvalid, Key: "json.invalid", Args: []any{name}, Err: err}
			}
			rec.Fields[name] = s
		case 'n':
		default:
			rec.Fields[name] = string(v)
		}
	}
	return rec, nil
}

// jsonRecords reads one object or a list of objects.
func jsonRecords(data []byte) ([]Record, error) {
	if trimmed := bytes.TrimSpace(data); len(trimmed) == 0 || trimmed[0] != '[' {
		rec, err := jsonRecord(data)
		return []Record{rec}, err
	}
	var items []jsontext.Value
	if err := DecodeJSON(data, &items); err != nil {
		return nil, err
	}
	var recs []Record
	for i, item := range items {
		rec, err := jsonRecord(item)
		if err != nil {
			return nil, atLine(i+1, err)
		}
		recs = append(recs, rec)
	}
	return recs, nil
}

// lineRecords reads JSON lines; empty lines do not count.
func lineRecords(data []byte) ([]Record, error) {
	var recs []Record
	n := 0
	for line := range bytes.Lines(data) {
		n++
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		rec, err := jsonRecord(line)
		if err != nil {
			return nil, atLine(n, err)
		}
		recs = append(recs, rec)
	}
	return recs, nil
}

func atLine(n int, err error) error {
	return &hub.Error{Code: hub.CodeOf(err), Key: "batch.line", Args: []any{n, err}, Err: err}
}
