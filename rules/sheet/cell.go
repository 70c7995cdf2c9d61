package sheet

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/mashang-hub/mashang/hub"
)

// How a value is written in a cell; the heading of its column says which.
const (
	asList = "（、分开）"
	asYAML = "（YAML）"
)

// A cell is one value of a row with the heading of its column.
type cell struct {
	head  string
	value any // string, int, uint64, int64, float64 or bool
}

// flatten turns a mapping into cells: 则: {主办: 供热} becomes 则.主办.
func flatten(prefix string, m yaml.MapSlice) ([]cell, error) {
	var out []cell
	for _, kv := range m {
		head := prefix + fmt.Sprint(kv.Key)
		switch v := kv.Value.(type) {
		case nil:
			continue
		case yaml.MapSlice:
			if len(v) > 0 {
				inner, err := flatten(head+".", v)
				if err != nil {
					return nil, err
				}
				out = append(out, inner...)
				continue
			}
			out = append(out, cell{head + asYAML, "{}"})
		case []any:
			if joined, ok := join(v); ok {
				out = append(out, cell{head + asList, joined})
				continue
			}
			data, err := yaml.MarshalWithOptions(v, yaml.Flow(true))
			if err != nil {
				return nil, fmt.Errorf("write %s: %w", head, err)
			}
			out = append(out, cell{head + asYAML, strings.TrimSpace(string(data))})
		default:
			out = append(out, cell{head, v})
		}
	}
	return out, nil
}

// join writes a list of words; ok is false when a word would not survive it.
func join(list []any) (string, bool) {
	words := make([]string, len(list))
	for i, v := range list {
		s, ok := v.(string)
		if !ok || s == "" || strings.ContainsAny(s, "、\n") || s != strings.TrimSpace(s) {
			return "", false
		}
		words[i] = s
	}
	return strings.Join(words, "、"), len(list) > 0
}

// unflatten is the opposite of flatten.
func unflatten(cells []cell) (yaml.MapSlice, error) {
	var out yaml.MapSlice
	for _, c := range cells {
		head, v := c.head, c.value
		switch {
		case strings.HasSuffix(head, asList):
			head = strings.TrimSuffix(head, asList)
			v = words(fmt.Sprint(v))
		case strings.HasSuffix(head, asYAML):
			head = strings.TrimSuffix(head, asYAML)
			var parsed any
			if err := yaml.UnmarshalWithOptions(fmt.Append(nil, v), &parsed, yaml.UseOrderedMap()); err != nil {
				return nil, &hub.Error{Code: hub.CodeInvalid, Key: "sheet.cell", Args: []any{c.head}, Err: err}
			}
			v = parsed
		}
		out = put(out, strings.Split(head, "."), v)
	}
	return out, nil
}

func words(s string) []any {
	var out []any
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == '、' || r == '\n' }) {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

func put(m yaml.MapSlice, path []string, v any) yaml.MapSlice {
	if len(path) == 1 {
		return append(m, yaml.MapItem{Key: path[0], Value: v})
	}
	for i := range m {
		if inner, ok := m[i].Value.(yaml.MapSlice); ok && m[i].Key == path[0] {
			m[i].Value = put(inner, path[1:], v)
			return m
		}
	}
	return append(m, yaml.MapItem{Key: path[0], Value: put(nil, path[1:], v)})
}

// guard marks a text that a table program could take for a formula, and one
// that begins with the mark.
func guard(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r'", rune(s[0])) {
		return "'" + s
	}
	return s
}

// unguard takes the mark away.
func unguard(s string) string {
	if len(s) > 1 && s[0] == '\'' && guard(s[1:]) == s {
		return s[1:]
	}
	return s
}

// same reports whether two values say the same, whatever their types and the
// order of their keys; what is empty is not there.
func same(a, b any) bool {
	x, err1 := json.Marshal(plain(a))
	y, err2 := json.Marshal(plain(b))
	return err1 == nil && err2 == nil && string(x) == string(y)
}

// plain turns ordered mappings into maps and numbers into words.
func plain(v any) any {
	switch v := v.(type) {
	case yaml.MapSlice:
		m := map[string]any{}
		for _, kv := range v {
			if p := plain(kv.Value); p != nil {
				m[fmt.Sprint(kv.Key)] = p
			}
		}
		if len(m) == 0 {
			return nil
		}
		return m
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case nil:
		return nil
	case string:
		if v == "" {
			return nil
		}
		return v
	default:
		return fmt.Sprint(v)
	}
}
