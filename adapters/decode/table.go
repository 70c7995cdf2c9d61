package decode

import (
	"bytes"
	"encoding/csv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/xuri/excelize/v2"

	"github.com/mashang-hub/mashang/hub"
)

func (r reader) csv(text []byte) ([]Document, error) {
	rows := csv.NewReader(bytes.NewReader(text))
	rows.FieldsPerRecord = -1
	if c, size := utf8.DecodeRuneInString(r.Delimiter); size > 0 {
		rows.Comma = c
	}
	all, err := rows.ReadAll()
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "csv.invalid", Args: []any{err.Error()}, Err: err}
	}
	return r.table(all)
}

func (r reader) sheet(in Input) ([]Document, error) {
	f, err := excelize.OpenReader(bytes.NewReader(in.Body), excelize.Options{
		UnzipSizeLimit: r.limits.Expanded, UnzipXMLSizeLimit: min(r.limits.Expanded, 16<<20),
		ShortDatePattern: "yyyy-mm-dd", LongDatePattern: "yyyy-mm-dd hh:mm:ss",
	})
	if err != nil {
		return nil, badSheet(err)
	}
	defer func() { _ = f.Close() }() // read only: nothing to lose
	name := r.Sheet
	if name == "" {
		name = f.GetSheetName(0)
	}
	rows, err := f.GetRows(name)
	if err != nil {
		return nil, badSheet(err)
	}
	return r.table(rows)
}

func badSheet(err error) error {
	return &hub.Error{Code: hub.CodeInvalid, Key: "xlsx.invalid", Err: err}
}

// table takes the first row as names, unless Header has them. What is kept of
// a row is its JSON.
func (r reader) table(rows [][]string) ([]Document, error) {
	rows = rows[min(len(rows), r.Skip):]
	head, first := r.Header, r.Skip+1
	if len(head) == 0 {
		if len(rows) == 0 {
			return nil, hub.Errorf(hub.CodeInvalid, "table.empty")
		}
		head, rows, first = rows[0], rows[1:], first+1
	}
	names, err := columns(head)
	if err != nil {
		return nil, err
	}
	if len(rows) > r.limits.Items {
		return nil, hub.Errorf(hub.CodeTooLarge, "batch.too_long", r.limits.Items)
	}
	var docs []Document
	for n, row := range rows {
		m, err := record(names, row)
		if err != nil {
			return nil, atLine(first+n, err)
		}
		if len(m) == 0 {
			continue
		}
		raw, err := json.Marshal(m, json.Deterministic(true))
		if err != nil {
			return nil, atLine(first+n, hub.Errorf(hub.CodeInvalid, "charset.invalid", "UTF-8"))
		}
		docs = append(docs, Document{Value: m, Raw: raw, MediaType: "application/json"})
	}
	return docs, nil
}

// columns trims the names and refuses one that comes twice.
func columns(head []string) ([]string, error) {
	names := make([]string, len(head))
	seen := map[string]bool{}
	for i, cell := range head {
		names[i] = strings.TrimSpace(cell)
		if names[i] != "" && seen[names[i]] {
			return nil, hub.Errorf(hub.CodeInvalid, "csv.invalid", "列 "+names[i]+" 出现两次")
		}
		seen[names[i]] = true
	}
	return names, nil
}

func record(names, row []string) (map[string]any, error) {
	m := map[string]any{}
	for i, cell := range row {
		switch {
		case cell == "":
		case i >= len(names) || names[i] == "":
			return nil, hub.Errorf(hub.CodeInvalid, "csv.invalid", "列比表头多")
		default:
			m[names[i]] = cell
		}
	}
	return m, nil
}
