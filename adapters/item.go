package adapters

import (
	"bytes"
	"io"

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
