package adapters

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"mime"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/xuri/excelize/v2"

	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/hub"
)

// A Record is one submission as its sender names the fields.
type Record struct {
	Fields    map[string]string
	Raw       []byte
	MediaType string
}

// ReadRecords reads flat records of any Format. GB18030 is read exactly or
// refused.
func ReadRecords(r io.Reader, name, mediaType string) ([]Record, error) {
	data, err := ReadAll(r, 4*MaxBody)
	if err != nil {
		return nil, err
	}
	format, charset, err := FormatOf(name, mediaType)
	if err != nil && mediaType == "application/octet-stream" && bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		format, err = FormatXLSX, nil
	}
	if err != nil {
		return nil, err
	}
	if format == FormatXLSX {
		return sheetRecords(data)
	}
	if format == FormatXML {
		return xmlRecords(data, charset)
	}
	text, err := ToUTF8(data, charset)
	if err != nil {
		return nil, err
	}
	switch format {
	case FormatLines:
		return lineRecords(text)
	case FormatCSV:
		return csvRecords(text)
	case FormatJSON, FormatXLSX, FormatXML:
	}
	return jsonRecords(text)
}

func csvRecords(text []byte) ([]Record, error) {
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "csv.invalid", Args: []any{err.Error()}, Err: err}
	}
	return tableRecords(rows)
}

func sheetRecords(data []byte) ([]Record, error) {
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: 256 << 20})
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "xlsx.invalid", Err: err}
	}
	defer func() { _ = f.Close() }() // read only: nothing to lose
	rows, err := f.GetRows(f.GetSheetName(0))
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "xlsx.invalid", Err: err}
	}
	return tableRecords(rows)
}

// tableRecords takes the first row as names. A row's raw form is its JSON.
func tableRecords(rows [][]string) ([]Record, error) {
	if len(rows) == 0 {
		return nil, hub.Errorf(hub.CodeInvalid, "table.empty")
	}
	head := rows[0]
	var recs []Record
	for n, row := range rows[1:] {
		rec := Record{Fields: map[string]string{}, MediaType: "application/json"}
		for i, cell := range row {
			if i < len(head) && cell != "" {
				rec.Fields[strings.TrimSpace(head[i])] = cell
			} else if i >= len(head) && cell != "" {
				return nil, atLine(n+2, hub.Errorf(hub.CodeInvalid, "csv.invalid", "列比表头多"))
			}
		}
		if len(rec.Fields) == 0 {
			continue
		}
		raw, err := json.Marshal(rec.Fields, json.Deterministic(true))
		if err != nil {
			return nil, atLine(n+2, hub.Errorf(hub.CodeInvalid, "charset.invalid", "UTF-8"))
		}
		rec.Raw = raw
		recs = append(recs, rec)
	}
	return recs, nil
}

// xmlRecords reads one record: the leaves of the tree by their local names. The
// charset of the content type wins over that of the declaration. Document
// types, and with them entities, are refused.
func xmlRecords(data []byte, charset string) ([]Record, error) {
	rec := Record{Fields: map[string]string{}, Raw: data, MediaType: "application/xml"}
	input := data
	if charset != "" {
		text, err := ToUTF8(data, charset)
		if err != nil {
			return nil, err
		}
		input = text
	}
	dec := xml.NewDecoder(bytes.NewReader(input))
	dec.CharsetReader = func(label string, r io.Reader) (io.Reader, error) {
		if charset != "" {
			return r, nil // already done
		}
		rest, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		text, err := ToUTF8(rest, label)
		return bytes.NewReader(text), err
	}
	if err := leaves(dec, rec.Fields); err != nil {
		if _, ok := errors.AsType[*hub.Error](err); ok {
			return nil, err
		}
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "xml.invalid", Args: []any{err.Error()}, Err: err}
	}
	return []Record{rec}, nil
}

func leaves(dec *xml.Decoder, fields map[string]string) error {
	var text strings.Builder
	leaf := false
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := tok.(type) {
		case xml.Directive:
			return hub.Errorf(hub.CodeInvalid, "xml.doctype")
		case xml.StartElement:
			text.Reset()
			leaf = true
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			if v := strings.TrimSpace(text.String()); leaf && v != "" {
				if _, twice := fields[t.Name.Local]; twice {
					return hub.Errorf(hub.CodeInvalid, "xml.invalid", "字段 "+t.Name.Local+" 出现两次")
				}
				fields[t.Name.Local] = v
			}
			leaf = false
		}
	}
}

// ToUTF8 returns data as UTF-8, exactly or not at all; see package decode.
func ToUTF8(data []byte, charset string) ([]byte, error) { return decode.ToUTF8(data, charset) }

// A Format is how submissions are written.
type Format string

// The formats.
const (
	FormatJSON  Format = "json"
	FormatLines Format = "jsonl"
	FormatCSV   Format = "csv"
	FormatXLSX  Format = "xlsx"
	FormatXML   Format = "xml"
)

// FormatOf tells the format and charset from a media type or, when that is
// empty, from the ending of a file name.
func FormatOf(name, mediaType string) (Format, string, error) {
	media, params, err := mime.ParseMediaType(mediaType)
	if mediaType == "" || err != nil || (media == "application/octet-stream" && name != "") {
		media = name[strings.LastIndexByte(name, '.')+1:]
	}
	media = strings.ToLower(media)
	for _, f := range []struct {
		ending string
		format Format
	}{
		{"ndjson", FormatLines},
		{"jsonl", FormatLines},
		{"jsonlines", FormatLines},
		{"json", FormatJSON},
		{"csv", FormatCSV},
		{"sheet", FormatXLSX},
		{"xlsx", FormatXLSX},
		{"xml", FormatXML},
	} {
		if strings.HasSuffix(media, f.ending) {
			return f.format, params["charset"], nil
		}
	}
	return "", "", hub.Errorf(hub.CodeInvalid, "media.unknown", media)
}

// ReadAll reads at most limit bytes and refuses more.
func ReadAll(r io.Reader, limit int64) ([]byte, error) { return decode.ReadAll(r, limit) }
