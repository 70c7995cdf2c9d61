package sheet

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/xuri/excelize/v2"

	"github.com/mashang-hub/mashang/hub"
)

// maxUnpacked bounds what a workbook may unpack to.
const maxUnpacked = 128 << 20

// Import reads a workbook and returns its rule files by name.
func Import(in io.Reader) (map[string][]byte, error) {
	book, err := excelize.OpenReader(in, excelize.Options{RawCellValue: true, UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked})
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "sheet.workbook", Err: err}
	}
	defer func() { _ = book.Close() }()
	r := &reader{book: book}
	return r.files()
}

// A reader reads a workbook.
type reader struct{ book *excelize.File }

// rows returns the cells of a sheet; a formula is refused.
func (r *reader) rows(sheet string) ([][]any, error) {
	i, err := r.book.GetSheetIndex(sheet)
	if err != nil || i < 0 {
		return nil, hub.Errorf(hub.CodeInvalid, "sheet.missing", sheet)
	}
	texts, err := r.book.GetRows(sheet, excelize.Options{RawCellValue: true})
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "sheet.workbook", Err: err}
	}
	out := make([][]any, len(texts))
	for i, row := range texts {
		out[i] = make([]any, len(row))
		for j, s := range row {
			if out[i][j], err = r.cell(sheet, i, j, s); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (r *reader) cell(sheet string, row, column int, s string) (any, error) {
	at, err := excelize.CoordinatesToCellName(column+1, row+1)
	if err != nil {
		return nil, fmt.Errorf("name a cell: %w", err)
	}
	formula, err := r.book.GetCellFormula(sheet, at)
	if err != nil || formula != "" {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "sheet.formula", Args: []any{sheet, at}, Err: err}
	}
	if s == "" {
		return nil, nil
	}
	kind, err := r.book.GetCellType(sheet, at)
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "sheet.workbook", Err: err}
	}
	switch kind {
	case excelize.CellTypeNumber, excelize.CellTypeUnset:
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n, nil
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return f, nil
		}
	case excelize.CellTypeBool:
		return s == "1" || strings.EqualFold(s, "true"), nil
	}
	return unguard(s), nil
}

// table reads a sheet with headings as rows of filled cells.
func (r *reader) table(sheet string) ([][]cell, error) {
	rows, err := r.rows(sheet)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var out [][]cell
	for n, row := range rows[1:] {
		var cells []cell
		for i, v := range row {
			if v == nil {
				continue
			}
			head := ""
			if i < len(rows[0]) && rows[0][i] != nil {
				head = strings.TrimSpace(fmt.Sprint(rows[0][i]))
			}
			if head == "" {
				return nil, hub.Errorf(hub.CodeInvalid, "sheet.no_heading", sheet, n+2, i+1)
			}
			cells = append(cells, cell{head, v})
		}
		if len(cells) > 0 {
			out = append(out, cells)
		}
	}
	return out, nil
}

// take returns the value under head and the other cells.
func take(cells []cell, head string) (string, []cell) {
	i := slices.IndexFunc(cells, func(c cell) bool { return c.head == head })
	if i < 0 {
		return "", cells
	}
	return fmt.Sprint(cells[i].value), slices.Delete(slices.Clone(cells), i, i+1)
}

func (r *reader) files() (map[string][]byte, error) {
	parts, err := r.parts()
	if err != nil {
		return nil, err
	}
	listed, err := r.table(sheetFiles)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, cells := range listed {
		name, cells := take(cells, "文件")
		sheet, cells := take(cells, "工作表")
		if !validName(name) {
			return nil, hub.Errorf(hub.CodeInvalid, "sheet.file", name)
		}
		if out[name] != nil {
			return nil, hub.Errorf(hub.CodeInvalid, "sheet.file", name)
		}
		if out[name], err = r.file(name, sheet, cells, parts); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *reader) file(name, sheet string, top []cell, p *parts) ([]byte, error) {
	old, err := parse(name, p.source[name])
	if err != nil {
		return nil, err
	}
	values, err := unflatten(top)
	if err != nil {
		return nil, err
	}
	if sheet != "" {
		rules, err := r.table(sheet)
		if err != nil {
			return nil, err
		}
		list, err := p.withExamples(name, rules)
		if err != nil {
			return nil, err
		}
		values = append(values, yaml.MapItem{Key: keyRules, Value: list})
	}
	if m := p.words[name]; len(m) > 0 {
		values = append(values, yaml.MapItem{Key: keyWords, Value: m})
	}
	if list := p.tables[name]; len(list) > 0 {
		values = append(values, yaml.MapItem{Key: keyTables, Value: list})
	}
	return merge(old, values, p.rest[name])
}

// validName refuses names that lead out of the folder.
func validName(name string) bool {
	return fs.ValidPath(name) && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml"))
}

// parts is what the shared sheets say, by file.
type parts struct {
	source   map[string]string
	words    map[string]yaml.MapSlice
	examples map[[2]string][]any // file and number
	tables   map[string][]any
	rest     map[string][]block
}

func (r *reader) parts() (*parts, error) {
	p := &parts{
		source: map[string]string{}, words: map[string]yaml.MapSlice{}, examples: map[[2]string][]any{},
		tables: map[string][]any{}, rest: map[string][]block{},
	}
	for _, read := range []func(*parts) error{r.source, r.words, r.examples, r.tables, r.rest} {
		if err := read(p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (r *reader) source(p *parts) error {
	rows, err := r.rows(sheetSource)
	if err != nil || len(rows) == 0 {
		return err
	}
	for _, row := range rows[1:] {
		if len(row) > 1 && row[0] != nil {
			p.source[fmt.Sprint(row[0])] += fmt.Sprint(row[1])
		}
	}
	return nil
}

func (r *reader) words(p *parts) error {
	rows, err := r.table(sheetWords)
	if err != nil {
		return err
	}
	for _, cells := range rows {
		file, cells := take(cells, "文件")
		name, cells := take(cells, "词库")
		i := slices.IndexFunc(cells, func(c cell) bool { return c.head == "词" })
		var word any
		if i >= 0 {
			word = cells[i].value
			cells = slices.Delete(slices.Clone(cells), i, i+1)
		}
		more, err := unflatten(cells)
		if err != nil {
			return err
		}
		p.words[file] = addWord(p.words[file], name, word, more)
	}
	return nil
}

// addWord adds a word to the list called name.
func addWord(lists yaml.MapSlice, name string, word any, more yaml.MapSlice) yaml.MapSlice {
	i := slices.IndexFunc(lists, func(kv yaml.MapItem) bool { return kv.Key == name })
	if i < 0 {
		lists = append(lists, yaml.MapItem{Key: name, Value: []any{}})
		i = len(lists) - 1
		if len(more) > 0 {
			lists[i].Value = more
		}
	}
	if word == nil {
		return lists
	}
	if m, ok := lists[i].Value.(yaml.MapSlice); ok {
		for j := range m {
			if m[j].Key == "词" {
				m[j].Value = append(m[j].Value.([]any), word)
				return lists
			}
		}
		lists[i].Value = append(m, yaml.MapItem{Key: "词", Value: []any{word}})
		return lists
	}
	lists[i].Value = append(lists[i].Value.([]any), word)
	return lists
}

func (r *reader) examples(p *parts) error {
	rows, err := r.table(sheetExamples)
	if err != nil {
		return err
	}
	for _, cells := range rows {
		file, cells := take(cells, "文件")
		id, cells := take(cells, keyID)
		result, cells := take(cells, "结果")
		said, err := unflatten(cells)
		if err != nil {
			return err
		}
		k := [2]string{file, id}
		p.examples[k] = append(p.examples[k], yaml.MapSlice{{Key: result, Value: said}})
	}
	return nil
}

// withExamples makes the list of rules of a sheet.
func (p *parts) withExamples(file string, rows [][]cell) ([]any, error) {
	out := make([]any, 0, len(rows))
	for _, cells := range rows {
		m, err := unflatten(cells)
		if err != nil {
			return nil, err
		}
		out = append(out, p.exemplified(file, m))
	}
	return out, nil
}

func (p *parts) exemplified(file string, m yaml.MapSlice) yaml.MapSlice {
	if e := p.examples[[2]string{file, text(m, keyID)}]; len(e) > 0 {
		m = append(m, yaml.MapItem{Key: keyExamples, Value: e})
	}
	return m
}

func (r *reader) tables(p *parts) error {
	for _, s := range r.book.GetSheetList() {
		if !strings.HasPrefix(s, sheetTable) {
			continue
		}
		rows, err := r.rows(s)
		if err != nil {
			return err
		}
		var cells []cell
		var columns, grid []any
		for _, row := range rows {
			if len(row) < 2 || row[0] == nil {
				continue
			}
			switch head := fmt.Sprint(row[0]); head {
			case "列":
				columns = texts(row[1:])
			case "行":
				grid = append(grid, padded(row[1:], len(columns)))
			default:
				cells = append(cells, cell{head, row[1]})
			}
		}
		file, cells := take(cells, "文件")
		m, err := unflatten(cells)
		if err != nil {
			return err
		}
		m = append(m, yaml.MapItem{Key: "列", Value: columns}, yaml.MapItem{Key: "行", Value: grid})
		p.tables[file] = append(p.tables[file], p.exemplified(file, m))
	}
	return nil
}

func texts(row []any) []any {
	return slices.DeleteFunc(slices.Clone(row), func(v any) bool { return v == nil })
}

// padded fills a row up with empty texts: an empty cell asks nothing.
func padded(row []any, n int) []any {
	out := make([]any, max(n, len(row)))
	for i := range out {
		out[i] = ""
		if i < len(row) && row[i] != nil {
			out[i] = row[i]
		}
	}
	return out
}

func (r *reader) rest(p *parts) error {
	rows, err := r.rows(sheetRest)
	if err != nil || len(rows) == 0 {
		return err
	}
	for _, row := range rows[1:] {
		if len(row) < 2 || row[0] == nil {
			continue
		}
		file, key, line := fmt.Sprint(row[0]), fmt.Sprint(row[1]), "\n"
		if len(row) > 2 && row[2] != nil {
			line = fmt.Sprint(row[2]) + "\n"
		}
		list := p.rest[file]
		if len(list) == 0 || list[len(list)-1].key != key {
			list = append(list, block{key: key})
		}
		list[len(list)-1].lines = append(list[len(list)-1].lines, line)
		p.rest[file] = list
	}
	return nil
}
