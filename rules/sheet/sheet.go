// Package sheet turns a folder of rules into one Excel workbook (.xlsx) that a
// clerk can edit, and back, without loss.
//
// The workbook has a sheet for each topic with one rule a row, and sheets for
// word lists (词库), decision tables (表格), examples (例) and the rest (其他). A
// hidden sheet keeps the files as they were: what nobody changed comes back
// byte for byte, with its comments and its layout; only changed rules and lists
// are written anew.
//
// Nothing in a workbook is ever calculated: what could be read as a formula is
// marked as text on the way out, and a formula on the way in is refused. The
// package does not judge rules: load what Import returns. Start with [Export]
// and [Import].
package sheet

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/mashang-hub/mashang/hub"
)

// The sheets that every workbook has, and the keys of the files that they hold.
const (
	sheetGuide    = "说明"
	sheetFiles    = "文件"
	sheetWords    = "词库"
	sheetExamples = "例"
	sheetRest     = "其他"
	sheetSource   = "_源文件"
	sheetTable    = "表·" // begins the name of a table's sheet

	keyRules    = "规则"
	keyTables   = "表格"
	keyWords    = "词库"
	keyExamples = "例"
	keyID       = "编号"
)

// A document is one rule file: its text, and what it says, in order.
type document struct {
	name   string
	lines  []string
	values yaml.MapSlice
	blocks []block
}

// A block is a top-level key with its lines and the comments above it.
type block struct {
	key   string
	lines []string
}

// readFolder reads the rule files of fsys, by name. Tests beside the rules
// stay where they are.
func readFolder(fsys fs.FS) ([]document, error) {
	var docs []document
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		ext := path.Ext(name)
		if err != nil || d.IsDir() || ext != ".yaml" && ext != ".yml" || strings.HasSuffix(name, "_test"+ext) {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		doc, err := parse(name, string(data))
		docs = append(docs, doc)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the rules: %w", err)
	}
	return docs, nil
}

func parse(name, text string) (document, error) {
	d := document{name: name, lines: strings.SplitAfter(text, "\n")}
	if n := len(d.lines); d.lines[n-1] == "" {
		d.lines = d.lines[:n-1]
	}
	if err := yaml.UnmarshalWithOptions([]byte(text), &d.values, yaml.UseOrderedMap()); err != nil {
		return d, &hub.Error{Code: hub.CodeInvalid, Key: "sheet.file", Args: []any{name}, Err: err}
	}
	d.blocks = split(d.lines, func(line string) (string, bool) {
		key, _, ok := strings.Cut(line, ":")
		return strings.Trim(key, `"'`), ok && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, " ") &&
			!strings.HasPrefix(line, "-") && strings.TrimSpace(line) != ""
	})
	return d, nil
}

// split cuts lines where begins says so. Comments and empty lines directly
// above a beginning belong to it; what comes before the first is a block
// without a key.
func split(lines []string, begins func(line string) (key string, ok bool)) []block {
	blocks := []block{{}}
	for _, line := range lines {
		last := &blocks[len(blocks)-1]
		if key, ok := begins(line); ok {
			n := len(last.lines)
			for n > 0 && isRemark(last.lines[n-1]) && (last.key != "" || len(blocks) > 1) {
				n--
			}
			above := slices.Clone(last.lines[n:])
			last.lines = last.lines[:n]
			blocks = append(blocks, block{key, append(above, line)})
			continue
		}
		last.lines = append(last.lines, line)
	}
	return blocks
}

func isRemark(line string) bool {
	t := strings.TrimSpace(line)
	return t == "" || strings.HasPrefix(t, "#")
}

// items cuts the block of a list into its items: head is the line of the key.
// ok is false for a list that is written in brackets.
func (b block) items() (head []string, items []block, ok bool) {
	indent := -1
	for _, line := range b.lines {
		if t := strings.TrimLeft(line, " "); strings.HasPrefix(t, "- ") {
			indent = len(line) - len(t)
			break
		}
	}
	if indent < 0 {
		return nil, nil, false
	}
	parts := split(b.lines, func(line string) (string, bool) {
		t := strings.TrimLeft(line, " ")
		return "-", strings.HasPrefix(t, "- ") && len(line)-len(t) == indent
	})
	return parts[0].lines, parts[1:], true
}

// value returns the value of a key.
func value(m yaml.MapSlice, key string) (any, bool) {
	for _, kv := range m {
		if fmt.Sprint(kv.Key) == key {
			return kv.Value, true
		}
	}
	return nil, false
}

func text(m yaml.MapSlice, key string) string {
	v, ok := value(m, key)
	if !ok || v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// without returns m without a key.
func without(m yaml.MapSlice, key string) yaml.MapSlice {
	return slices.DeleteFunc(slices.Clone(m), func(kv yaml.MapItem) bool { return fmt.Sprint(kv.Key) == key })
}

// maps returns the items of a list that are mappings.
func mappings(v any) []yaml.MapSlice {
	list, _ := v.([]any)
	out := make([]yaml.MapSlice, 0, len(list))
	for _, x := range list {
		if m, ok := x.(yaml.MapSlice); ok {
			out = append(out, m)
		}
	}
	return out
}
