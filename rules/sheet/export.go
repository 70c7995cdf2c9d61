package sheet

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/xuri/excelize/v2"
)

// A writer fills a workbook and stops at the first error.
type writer struct {
	book  *excelize.File
	text  int // style of texts: never turned into numbers or dates
	head  int // style of headings
	names map[string]bool
	err   error
}

// Export writes the rules of fsys as a workbook.
func Export(fsys fs.FS, out io.Writer) error {
	docs, err := readFolder(fsys)
	if err != nil {
		return err
	}
	w := &writer{book: excelize.NewFile(), names: map[string]bool{}}
	defer func() { _ = w.book.Close() }()
	w.styles()
	w.guide()
	sheets := w.files(docs)
	for i := range docs {
		w.rules(sheets[i], &docs[i])
	}
	w.words(docs)
	w.tables(docs)
	w.examples(docs)
	w.rest(docs)
	w.source(docs)
	if w.err == nil {
		w.err = w.book.DeleteSheet("Sheet1")
	}
	if w.err != nil {
		return fmt.Errorf("write the workbook: %w", w.err)
	}
	if _, err := w.book.WriteTo(out); err != nil {
		return fmt.Errorf("write the workbook: %w", err)
	}
	return nil
}

func (w *writer) styles() {
	var err error
	wrap := &excelize.Alignment{WrapText: true, Vertical: "top"}
	w.text, err = w.book.NewStyle(&excelize.Style{NumFmt: 49, Alignment: wrap})
	w.fail(err)
	w.head, err = w.book.NewStyle(&excelize.Style{
		NumFmt: 49, Font: &excelize.Font{Bold: true}, Alignment: wrap,
		Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E3F1EE"}},
	})
	w.fail(err)
}

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// sheet adds a sheet and returns its name, which may differ from what was
// asked for: names are short, have no path in them and are unique.
func (w *writer) sheet(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\'`, r) {
			return '-'
		}
		return r
	}, name)
	base := []rune(name)
	base = base[:min(len(base), 28)]
	name = string(base)
	for n := 2; w.names[name]; n++ {
		name = fmt.Sprint(string(base), n)
	}
	w.names[name] = true
	_, err := w.book.NewSheet(name)
	w.fail(err)
	return name
}

// row writes cells from the first column on.
func (w *writer) row(sheet string, n int, style int, values ...any) {
	for i, v := range values {
		at, err := excelize.CoordinatesToCellName(i+1, n)
		w.fail(err)
		if s, ok := v.(string); ok {
			w.fail(w.book.SetCellStr(sheet, at, guard(s)))
			w.fail(w.book.SetCellStyle(sheet, at, at, style))
		} else if v != nil {
			w.fail(w.book.SetCellValue(sheet, at, v))
		}
		if style == w.head {
			w.fail(w.book.SetCellStyle(sheet, at, at, style))
		}
	}
}

// shape sets widths and keeps the headings in sight.
func (w *writer) shape(sheet string, width float64, columns int) {
	last, err := excelize.ColumnNumberToName(max(columns, 1))
	w.fail(err)
	w.fail(w.book.SetColWidth(sheet, "A", last, width))
	w.fail(w.book.SetPanes(sheet, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
}

func (w *writer) guide() {
	s := w.sheet(sheetGuide)
	for i, line := range []string{
		"一个主题一张表，一行一条规则；改好后用 mashang rules import 导回。",
		"列名“则.主办”就是“则”里的“主办”；写着“、分开”的格子可以填几个，用顿号隔开；空着就是不写。",
		"词库、例、表格各有自己的表；其他内容在“其他”表里，一行就是文件里的一行。",
		"没有改动的规则导回后一个字也不变，注释和排版都在；改动的规则会重新排版。",
		"不要改列名和表名；新的主题：加一张表，并在“文件”表里加一行。",
	} {
		w.row(s, i+1, w.text, line)
	}
	w.fail(w.book.SetColWidth(s, "A", "A", 100))
}

// files lists the files with what is plain at their top, and returns the name
// of the sheet of each.
func (w *writer) files(docs []document) []string {
	s := w.sheet(sheetFiles)
	for _, name := range []string{sheetWords, sheetExamples, sheetRest, sheetSource} {
		w.names[name] = true // theirs, whatever a topic is called
	}
	heads := []string{"文件", "工作表"}
	rows := make([][]cell, len(docs))
	for i, d := range docs {
		for _, kv := range d.values {
			if isScalar(kv.Value) {
				rows[i] = append(rows[i], cell{fmt.Sprint(kv.Key), kv.Value})
			}
		}
		heads = addHeads(heads, rows[i])
	}
	w.row(s, 1, w.head, anys(heads)...)
	sheets := make([]string, len(docs))
	for i, d := range docs {
		if _, ok := value(d.values, keyRules); ok {
			sheets[i] = w.sheet(strings.TrimSuffix(path.Base(d.name), path.Ext(d.name)))
		}
		w.row(s, i+2, w.text, line(heads, append([]cell{{"文件", d.name}, {"工作表", sheets[i]}}, rows[i]...))...)
	}
	w.shape(s, 24, len(heads))
	return sheets
}

func isScalar(v any) bool {
	switch v.(type) {
	case nil, yaml.MapSlice, []any:
		return false
	}
	return true
}

func addHeads(heads []string, cells []cell) []string {
	for _, c := range cells {
		if !slices.Contains(heads, c.head) {
			heads = append(heads, c.head)
		}
	}
	return heads
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// line puts cells under their headings.
func line(heads []string, cells []cell) []any {
	out := make([]any, len(heads))
	for _, c := range cells {
		out[slices.Index(heads, c.head)] = c.value
	}
	return out
}

// grid writes rows under the union of their headings, those of first first.
func (w *writer) grid(sheet string, first []string, rows [][]cell) {
	heads := first
	for _, r := range rows {
		heads = addHeads(heads, r)
	}
	w.row(sheet, 1, w.head, anys(heads)...)
	for i, r := range rows {
		w.row(sheet, i+2, w.text, line(heads, r)...)
	}
	w.shape(sheet, 18, len(heads))
}

func (w *writer) rules(sheet string, d *document) {
	v, ok := value(d.values, keyRules)
	if !ok {
		return
	}
	var rows [][]cell
	for _, m := range mappings(v) {
		cells, err := flatten("", without(m, keyExamples))
		w.fail(err)
		rows = append(rows, cells)
	}
	w.grid(sheet, []string{keyID, "名称", "当", "除非"}, rows)
}

func (w *writer) words(docs []document) {
	var rows [][]cell
	for _, d := range docs {
		lists, _ := value(d.values, keyWords)
		m, _ := lists.(yaml.MapSlice)
		for _, kv := range m {
			rows = append(rows, wordRows(d.name, fmt.Sprint(kv.Key), kv.Value)...)
		}
	}
	delete(w.names, sheetWords)
	w.grid(w.sheet(sheetWords), []string{"文件", "词库", "词"}, rows)
}

// wordRows lists one word a row; the first has what else the list says.
func wordRows(file, name string, v any) [][]cell {
	list, _ := v.([]any)
	var more []cell
	if m, ok := v.(yaml.MapSlice); ok {
		w, _ := value(m, "词")
		list, _ = w.([]any)
		cells, err := flatten("", without(m, "词"))
		if err == nil {
			more = cells
		}
	}
	var rows [][]cell
	for _, word := range list {
		rows = append(rows, []cell{{"文件", file}, {"词库", name}, {"词", word}})
	}
	if len(rows) == 0 {
		rows = [][]cell{{{"文件", file}, {"词库", name}}}
	}
	rows[0] = append(rows[0], more...)
	return rows
}

// tables gives each decision table a sheet: what it says of itself, then its
// columns and rows.
func (w *writer) tables(docs []document) {
	for _, d := range docs {
		v, _ := value(d.values, keyTables)
		for _, m := range mappings(v) {
			s := w.sheet(sheetTable + text(m, keyID))
			columns, _ := value(m, "列")
			rows, _ := value(m, "行")
			cells, err := flatten("", without(without(without(m, "列"), "行"), keyExamples))
			w.fail(err)
			n := 1
			for _, c := range append([]cell{{"文件", d.name}}, cells...) {
				w.row(s, n, w.text, c.head, c.value)
				n++
			}
			list, _ := columns.([]any)
			w.row(s, n, w.head, append([]any{"列"}, list...)...)
			grid, _ := rows.([]any)
			for _, r := range grid {
				n++
				values, _ := r.([]any)
				w.row(s, n, w.text, append([]any{"行"}, values...)...)
			}
			w.fail(w.book.SetColWidth(s, "A", "H", 20))
		}
	}
}

func (w *writer) examples(docs []document) {
	var rows [][]cell
	for _, d := range docs {
		for _, key := range []string{keyRules, keyTables} {
			v, _ := value(d.values, key)
			for _, m := range mappings(v) {
				examples, _ := value(m, keyExamples)
				for _, e := range mappings(examples) {
					rows = append(rows, w.example(d.name, text(m, keyID), e))
				}
			}
		}
	}
	delete(w.names, sheetExamples)
	w.grid(w.sheet(sheetExamples), []string{"文件", keyID, "结果", "标题", "正文"}, rows)
}

func (w *writer) example(file, id string, e yaml.MapSlice) []cell {
	cells := []cell{{"文件", file}, {keyID, id}}
	for _, kv := range e {
		cells = append(cells, cell{"结果", fmt.Sprint(kv.Key)})
		m, _ := kv.Value.(yaml.MapSlice)
		said, err := flatten("", m)
		w.fail(err)
		cells = append(cells, said...)
		break
	}
	return cells
}

// rest writes everything else line by line.
func (w *writer) rest(docs []document) {
	delete(w.names, sheetRest)
	s := w.sheet(sheetRest)
	w.row(s, 1, w.head, "文件", "键", "内容")
	n := 1
	for _, d := range docs {
		for _, b := range d.blocks {
			v, ok := value(d.values, b.key)
			if !ok || isScalar(v) || b.key == keyRules || b.key == keyWords || b.key == keyTables {
				continue
			}
			for _, l := range b.lines {
				n++
				w.row(s, n, w.text, d.name, b.key, strings.TrimSuffix(l, "\n"))
			}
		}
	}
	w.shape(s, 24, 2)
	w.fail(w.book.SetColWidth(s, "C", "C", 100))
}

// source keeps the files as they are.
func (w *writer) source(docs []document) {
	delete(w.names, sheetSource)
	s := w.sheet(sheetSource)
	w.row(s, 1, w.head, "文件", "文本")
	n := 1
	for _, d := range docs {
		for _, l := range d.lines {
			n++
			w.row(s, n, w.text, d.name, l)
		}
	}
	w.fail(w.book.SetSheetVisible(s, false))
}
