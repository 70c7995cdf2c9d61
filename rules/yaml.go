package rules

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/mashang-hub/mashang/rules/lang"
)

// A decoder fills structs from YAML by the names in their tags. It goes on
// after a mistake, so that an author sees all of them.
type decoder struct {
	source *source
	report func(n ast.Node, code, text, instead string)
}

// decode fills v from n.
func (d *decoder) decode(n ast.Node, v reflect.Value) {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		d.report(n, "M05", "不能用锚点、别名和标签", "")
		return
	case nil, *ast.NullNode:
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.decode(n, v.Elem())
	case reflect.Struct:
		d.structure(n, v)
	case reflect.Slice:
		d.list(n, v)
	case reflect.Map:
		d.dict(n, v)
	default:
		d.scalar(n, v)
	}
}

// A spanned value remembers where it was written.
type spanned interface{ at(n ast.Node) }

func (d *decoder) structure(n ast.Node, v reflect.Value) {
	if s, ok := reflect.TypeAssert[spanned](v.Addr()); ok {
		s.at(n)
	}
	if list, ok := n.(ast.ArrayNode); ok {
		if short := v.FieldByName("Words"); short.IsValid() && list != nil { // 词库 without a version
			d.list(n, short)
			return
		}
	}
	values, ok := mapping(n)
	if !ok {
		d.report(n, "M03", "这里要写成“名称: 值”", "")
		return
	}
	fields := tags(v.Type())
	for _, kv := range values {
		name := keyOf(kv)
		i, ok := fields[name]
		if !ok {
			var known []string
			for k := range fields {
				known = append(known, k)
			}
			text, c := "没有“"+name+"”这一项", lang.Closest(name, known)
			if c != "" {
				text += "，是不是“" + c + "”？"
			}
			d.report(kv.Key, "M02", text, c)
			continue
		}
		d.decode(kv.Value, v.Field(i))
	}
}

// tags maps the YAML names of a struct to its fields.
func tags(t reflect.Type) map[string]int {
	m := map[string]int{}
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "" && name != "-" {
			m[name] = i
		}
	}
	return m
}

func mapping(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func keyOf(kv *ast.MappingValueNode) string {
	if s, ok := scalarText(kv.Key); ok {
		return s
	}
	return kv.Key.String()
}

func (d *decoder) list(n ast.Node, v reflect.Value) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		d.report(n, "M03", "这里要写成列表，如 [甲, 乙]", "")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values)))
	for i, k := range s.Values {
		d.decode(k, v.Index(i))
	}
}

func (d *decoder) dict(n ast.Node, v reflect.Value) {
	values, ok := mapping(n)
	if !ok {
		d.report(n, "M03", "这里要写成“名称: 值”", "")
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(values)))
	for _, kv := range values {
		k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		d.scalar(kv.Key, k)
		d.decode(kv.Value, e)
		v.SetMapIndex(k, e)
	}
}

func (d *decoder) scalar(n ast.Node, v reflect.Value) {
	s, ok := scalarText(n)
	if !ok {
		d.report(n, "M03", "这里要写一个值，不能写成列表或“名称: 值”", "")
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Int:
		i, err := strconv.Atoi(s)
		if err != nil {
			d.report(n, "M03", "这里要写整数，不能写“"+s+"”", "")
		}
		v.SetInt(int64(i))
	case reflect.Float64:
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			d.report(n, "M03", "这里要写数字，不能写“"+s+"”", "")
		}
		v.SetFloat(f)
	}
}

// scalarText is a scalar as it was written, without quotes.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.NullNode:
		return "", true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return strings.TrimSpace(n.GetToken().Value), true
	}
	return "", false
}
