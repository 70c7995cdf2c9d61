package layout

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Format returns the canonical form of a rule file; condition writes one
// condition in its stored form.
func Format(data []byte, condition func(string) string) ([]byte, error) {
	text := strings.ReplaceAll(strings.TrimPrefix(string(data), "\ufeff"), "\r\n", "\n")
	before, err := meaning(text, condition)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	tree, err := parser.ParseBytes([]byte(strings.Join(lines, "\n")), 0)
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	f := &formatter{lines: lines, condition: condition}
	for _, d := range tree.Docs {
		f.walk(d.Body, false)
	}
	f.apply()
	tree, err = parser.ParseBytes([]byte(strings.Join(f.lines, "\n")), 0)
	if err != nil {
		return nil, fmt.Errorf("parse what was written: %w", err)
	}
	for _, d := range tree.Docs {
		f.order(d.Body)
	}
	out := strings.TrimRight(strings.Join(f.lines, "\n"), "\n") + "\n"
	after, err := meaning(out, condition)
	if err != nil || before != after {
		return nil, fmt.Errorf("the file cannot be written in canonical form without changing what it means (%w)", err)
	}
	return []byte(out), nil
}

type formatter struct {
	lines     []string
	condition func(string) string
	edits     []edit
}

// An edit replaces characters of a line.
type edit struct {
	line, from, to int // from 0, in runes
	text           string
}

// isCondition reports whether a key's value is a condition.
func isCondition(key string) bool { return key == "当" || key == "除非" }

// walk collects edits of all conditions below n.
func (f *formatter) walk(n ast.Node, flow bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, kv := range n.Values {
			f.pair(kv, flow || n.IsFlowStyle)
		}
	case *ast.MappingValueNode:
		f.pair(n, flow)
	case *ast.SequenceNode:
		for _, v := range n.Values {
			f.walk(v, flow || n.IsFlowStyle)
		}
	}
}

func (f *formatter) pair(kv *ast.MappingValueNode, flow bool) {
	s, ok := kv.Value.(*ast.StringNode)
	if !ok || !isCondition(kv.Key.GetToken().Value) {
		f.walk(kv.Value, flow)
		return
	}
	t := s.GetToken()
	line, from := t.Position.Line-1, t.Position.Column-1
	if line < 0 || line >= len(f.lines) {
		return
	}
	row := []rune(f.lines[line])
	to := from + len([]rune(written(t, s.Value)))
	if to > len(row) || string(row[from:to]) != written(t, s.Value) {
		return // several lines: left as it is
	}
	want := f.condition(s.Value)
	if want == s.Value {
		return
	}
	f.edits = append(f.edits, edit{line, from, to, scalar(want, t.Type == token.SingleQuoteType, flow)})
}

// written is how a text stands in the file.
func written(t *token.Token, v string) string {
	switch t.Type {
	case token.SingleQuoteType:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case token.DoubleQuoteType:
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
	}
	return v
}

// scalar writes v plainly if YAML allows, else in single quotes.
func scalar(v string, quoted, flow bool) string {
	special := strings.Contains(v, ": ") || strings.Contains(v, " #") || strings.HasSuffix(v, ":") ||
		strings.ContainsAny(v[:min(1, len(v))], "[]{},&*!|>'\"%@`#?-:") || flow && strings.ContainsAny(v, "[]{},")
	if quoted || special {
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	}
	return v
}

// apply makes the edits, the last first.
func (f *formatter) apply() {
	slices.SortFunc(f.edits, func(a, b edit) int {
		if a.line != b.line {
			return b.line - a.line
		}
		return b.from - a.from
	})
	for _, e := range f.edits {
		row := []rune(f.lines[e.line])
		f.lines[e.line] = string(row[:e.from]) + e.text + string(row[e.to:])
	}
}

// keys is the order of the keys of a rule and of a table.
func keys() []string {
	return []string{
		"编号", "名称", "阶段", "命中", "当", "除非", "列", "行", "则", "时限", "优先", "依据", "生效", "失效", "备注", "例",
	}
}

// order puts the keys of every rule written in block style into one order.
// Comment lines move with the key below them.
func (f *formatter) order(n ast.Node) {
	top, ok := n.(*ast.MappingNode)
	if !ok {
		return
	}
	for _, kv := range top.Values {
		list, ok := kv.Value.(*ast.SequenceNode)
		if k := kv.Key.GetToken().Value; !ok || k != "规则" && k != "表格" || list.IsFlowStyle {
			continue
		}
		for i, v := range list.Values {
			m, ok := v.(*ast.MappingNode)
			if !ok || m.IsFlowStyle || len(m.Values) == 0 {
				continue
			}
			end := f.endOf(list, i, top, kv)
			f.sort(m, end)
		}
	}
}

// endOf is the line after entry i of a list.
func (f *formatter) endOf(list *ast.SequenceNode, i int, top *ast.MappingNode, in *ast.MappingValueNode) int {
	end := len(f.lines)
	if i+1 < len(list.Values) {
		if m, ok := list.Values[i+1].(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
			end = m.Values[0].Key.GetToken().Position.Line - 1
		} else {
			end = list.Values[i+1].GetToken().Position.Line - 1
		}
	} else if k := slices.Index(top.Values, in); k+1 < len(top.Values) {
		end = top.Values[k+1].Key.GetToken().Position.Line - 1
	}
	for end > 0 && (strings.TrimSpace(f.lines[end-1]) == "" || strings.HasPrefix(strings.TrimSpace(f.lines[end-1]), "#")) {
		end--
	}
	return end
}

// sort orders the keys of m, whose lines end before end.
func (f *formatter) sort(m *ast.MappingNode, end int) {
	first := m.Values[0].Key.GetToken().Position
	indent := first.Column - 1
	type part struct {
		rank  int
		lines []string
	}
	var parts []part
	for i, kv := range m.Values {
		from, to := kv.Key.GetToken().Position.Line-1, end
		if i > 0 {
			from = f.above(from, m.Values[i-1].Key.GetToken().Position.Line)
		}
		if i+1 < len(m.Values) {
			to = f.above(m.Values[i+1].Key.GetToken().Position.Line-1, from+1)
		}
		rank := slices.Index(keys(), kv.Key.GetToken().Value)
		if rank < 0 {
			rank = len(keys())
		}
		if to <= from {
			return
		}
		parts = append(parts, part{rank, slices.Clone(f.lines[from:to])})
	}
	row := []rune(parts[0].lines[0])
	if len(row) < indent || strings.TrimSpace(string(row[:indent])) != "-" {
		return
	}
	dash := string(row[:indent])
	parts[0].lines[0] = strings.Repeat(" ", indent) + string(row[indent:])
	slices.SortStableFunc(parts, func(a, b part) int { return a.rank - b.rank })
	if strings.HasPrefix(strings.TrimSpace(parts[0].lines[0]), "#") {
		return // a comment would come between the dash and the first key
	}
	parts[0].lines[0] = dash + strings.TrimLeft(parts[0].lines[0], " ")
	var out []string
	for _, p := range parts {
		out = append(out, p.lines...)
	}
	copy(f.lines[first.Line-1:end], out)
}

// above is the first of the comment lines that stand right above line, not
// before least.
func (f *formatter) above(line, least int) int {
	for line > least && strings.HasPrefix(strings.TrimSpace(f.lines[line-1]), "#") {
		line--
	}
	return line
}

// meaning is what a file says without layout, comments and order of keys, and
// with conditions in their stored form.
func meaning(text string, condition func(string) string) (string, error) {
	tree, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		return "", fmt.Errorf("parse: %w", err)
	}
	var b strings.Builder
	for _, d := range tree.Docs {
		say(&b, d.Body, condition, false)
	}
	return b.String(), nil
}

func say(b *strings.Builder, n ast.Node, condition func(string) string, is bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		values := slices.Clone(n.Values)
		slices.SortStableFunc(values, func(x, y *ast.MappingValueNode) int {
			return strings.Compare(x.Key.GetToken().Value, y.Key.GetToken().Value)
		})
		b.WriteString("{")
		for _, kv := range values {
			say(b, kv, condition, false)
		}
		b.WriteString("}")
	case *ast.MappingValueNode:
		k := kv(n)
		fmt.Fprintf(b, "%q:", k)
		say(b, n.Value, condition, isCondition(k))
	case *ast.SequenceNode:
		b.WriteString("[")
		for _, v := range n.Values {
			say(b, v, condition, false)
		}
		b.WriteString("]")
	case *ast.StringNode:
		v := n.Value
		if is {
			v = condition(v)
		}
		fmt.Fprintf(b, "%q,", v)
	case nil:
	default:
		fmt.Fprintf(b, "%q,", strings.TrimSpace(n.String()))
	}
}

func kv(n *ast.MappingValueNode) string { return n.Key.GetToken().Value }
