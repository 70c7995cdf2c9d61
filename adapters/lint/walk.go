package lint

import (
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"golang.org/x/text/width"

	"github.com/mashang-hub/mashang/adapters"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// walk compares a node with the type that it will be decoded into.
func (f *file) walk(node ast.Node, at string, t reflect.Type) {
	if node == nil || node.Type() == ast.NullType {
		return
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == typeOf[adapters.Options]():
		if f.spec.Options != nil {
			f.walk(node, at, reflect.TypeOf(f.spec.Options()))
		}
	case isScalar(t):
		f.scalar(node, at, t)
	case t.Kind() == reflect.Struct:
		f.fields(node, at, t)
	case t.Kind() == reflect.Map:
		f.entries(node, at, t.Elem())
	case t.Kind() == reflect.Slice:
		f.items(node, at, t.Elem())
	}
}

// isScalar reports whether a value of t is written as one word.
func isScalar(t reflect.Type) bool {
	if reflect.PointerTo(t).Implements(typeOf[encoding.TextUnmarshaler]()) || t == typeOf[time.Duration]() {
		return true
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64:
		return true
	default:
		return false
	}
}

func (f *file) scalar(node ast.Node, at string, t reflect.Type) {
	switch node.Type() {
	case ast.MappingType, ast.MappingValueType, ast.SequenceType:
		f.add(node, at, fmt.Sprintf("%s 应当是一个值", last(at)), "")
		return
	default:
	}
	if err := yaml.NodeToValue(node, reflect.New(t).Interface()); err != nil {
		f.add(node, at, fmt.Sprintf("%s 的值 %q 看不懂", last(at), scalar(node)), wanted(t))
	}
}

func wanted(t reflect.Type) string {
	switch {
	case t == typeOf[time.Duration]():
		return "写成 10s、5m、1h 这样的时长"
	case t == typeOf[adapters.Size]():
		return "写成 512KB、8MB 这样的大小"
	case t.Kind() == reflect.Bool:
		return "写 true 或 false"
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64, t.Kind() == reflect.Float64:
		return "写一个数字"
	}
	return ""
}

func (f *file) fields(node ast.Node, at string, t reflect.Type) {
	known := Fields(t)
	values := pairs(node)
	if values == nil {
		f.add(node, at, fmt.Sprintf("%s 应当是若干个 名字: 值", last(at)), "")
		return
	}
	seen := map[string]bool{}
	for _, v := range values {
		name := scalar(v.Key)
		field, ok := known[name]
		if !ok {
			f.add(v.Key, join(at, name), fmt.Sprintf("没有 %q 这一项", name), Nearest(name, names(known)))
			continue
		}
		if seen[name] {
			f.add(v.Key, join(at, name), fmt.Sprintf("%q 写了两次", name), "删去一个")
		}
		seen[name] = true
		before := len(f.problems)
		f.walk(v.Value, join(at, name), field.Type)
		if allowed := field.Tag.Get("enum"); allowed != "" && len(f.problems) == before {
			f.enum(v.Value, join(at, name), strings.Split(allowed, ","))
		}
	}
}

func (f *file) enum(node ast.Node, at string, allowed []string) {
	if text := scalar(node); text != "" && !slices.Contains(allowed, text) {
		f.add(node, at, fmt.Sprintf("%s 不能是 %q", last(at), text), Nearest(text, allowed))
	}
}

func (f *file) entries(node ast.Node, at string, t reflect.Type) {
	values := pairs(node)
	if values == nil {
		f.add(node, at, fmt.Sprintf("%s 应当是若干个 名字: 值", last(at)), "")
		return
	}
	for _, v := range values {
		f.walk(v.Value, join(at, scalar(v.Key)), t)
	}
}

func (f *file) items(node ast.Node, at string, t reflect.Type) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		f.add(node, at, fmt.Sprintf("%s 应当是一个列表", last(at)), "每项一行，以 - 开头，或写成 [甲, 乙]")
		return
	}
	for i, v := range list.Values {
		f.walk(v, at+"["+strconv.Itoa(i)+"]", t)
	}
}

// Fields returns the fields of a struct by their YAML names, those of inline
// structs among them.
func Fields(t reflect.Type) map[string]reflect.StructField {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	out := map[string]reflect.StructField{}
	for f := range t.Fields() {
		name, rest, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case strings.Contains(rest, "inline"):
			maps.Copy(out, Fields(f.Type))
		case name != "" && name != "-":
			out[name] = f
		}
	}
	return out
}

func names(m map[string]reflect.StructField) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// Nearest suggests the word that was meant, or lists what there is.
func Nearest(word string, known []string) string {
	best, score := "", 30
	for _, k := range known {
		d := levenshtein.ComputeDistance(strings.ToLower(word), k)
		// Of two as near, the one of the same length: letters were swapped.
		if at := 10*d + abs(len(k)-len(word)); d < max(len(k), 2) && at < score {
			best, score = k, at
		}
	}
	if best != "" {
		return "您是不是想写 " + best + "？"
	}
	if len(known) == 0 {
		return ""
	}
	return "可以写 " + strings.Join(known, "、")
}

func abs(n int) int { return max(n, -n) }

func pairs(node ast.Node) []*ast.MappingValueNode {
	switch n := node.(type) {
	case *ast.MappingNode:
		if n.Values == nil {
			return []*ast.MappingValueNode{}
		}
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	case *ast.AnchorNode:
		return pairs(n.Value)
	}
	return nil
}

// scalar is the text of a key or value.
func scalar(node ast.Node) string {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case nil:
		return ""
	}
	return node.String()
}

func child(node ast.Node, name string) ast.Node {
	for _, v := range pairs(node) {
		if scalar(v.Key) == name {
			return v.Value
		}
	}
	return nil
}

func key(node ast.Node, name string) ast.Node {
	for _, v := range pairs(node) {
		if scalar(v.Key) == name {
			return v.Key
		}
	}
	return nil
}

// find follows a path such as auth.keys[0]; a missing end finds its parent.
func find(node ast.Node, at string) ast.Node {
	for name := range strings.SplitSeq(at, ".") {
		if name == "" {
			continue
		}
		name, index, indexed := strings.Cut(strings.TrimSuffix(name, "]"), "[")
		next := child(node, name)
		if next == nil {
			return nil
		}
		node = next
		if list, ok := node.(*ast.SequenceNode); ok && indexed {
			if i, err := strconv.Atoi(index); err == nil && i < len(list.Values) {
				node = list.Values[i]
			}
		}
	}
	return node
}

func join(at, name string) string { return strings.TrimPrefix(at+"."+name, ".") }

func last(at string) string { return at[strings.LastIndexByte(at, '.')+1:] }

// add notes a problem at a node, or at the top of the file.
func (f *file) add(node ast.Node, at, message, suggest string) {
	p := Problem{File: f.name, Line: 1, Column: 1, Path: at, Message: message, Suggest: suggest}
	if node != nil {
		if m, ok := node.(*ast.MappingNode); ok && len(m.Values) > 0 {
			node = m.Values[0].Key
		}
		if m, ok := node.(*ast.MappingValueNode); ok {
			node = m.Key
		}
		if pos := node.GetToken().Position; pos != nil {
			p.Line, p.Column = pos.Line, pos.Column
		}
	}
	p.Excerpt = f.excerpt(p.Line, p.Column)
	f.problems = append(f.problems, p)
}

// syntax notes an error of the YAML reader, which knows where it is.
func (f *file) syntax(err error) {
	p := Problem{File: f.name, Line: 1, Column: 1, Message: "YAML 有误：" + err.Error()}
	if e, ok := errors.AsType[yaml.Error](err); ok {
		p.Message = "YAML 有误：" + e.GetMessage()
		if tok := e.GetToken(); tok != nil && tok.Position != nil {
			p.Line, p.Column = tok.Position.Line, tok.Position.Column
		}
	}
	p.Excerpt = f.excerpt(p.Line, p.Column)
	f.problems = append(f.problems, p)
}

// excerpt draws the line, the one before and a caret below the place; Chinese
// characters are two columns wide.
func (f *file) excerpt(line, column int) string {
	var b strings.Builder
	for n := max(1, line-1); n <= line && n <= len(f.lines); n++ {
		fmt.Fprintf(&b, "%5d | %s\n", n, f.lines[n-1])
	}
	if line > len(f.lines) {
		return strings.TrimRight(b.String(), "\n")
	}
	text := f.lines[line-1]
	cells := 0
	for _, c := range text[:byteColumn(text, column)] {
		cells++
		if k := width.LookupRune(c).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			cells++
		}
	}
	return b.String() + "      | " + strings.Repeat(" ", cells) + "^"
}

// byteColumn is the offset of a column, which counts characters from 1.
func byteColumn(text string, column int) int {
	n := 1
	for i := range text {
		if n == column {
			return i
		}
		n++
	}
	return len(text)
}
