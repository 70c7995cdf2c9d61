package sheet

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// merge writes a file: what says the same as before as it was, the rest anew.
func merge(old document, values yaml.MapSlice, rest []block) ([]byte, error) {
	var out bytes.Buffer
	done := map[string]bool{}
	for _, b := range old.blocks {
		done[b.key] = true
		if i := slices.IndexFunc(rest, func(r block) bool { return r.key == b.key }); i >= 0 {
			write(&out, rest[i].lines)
			continue
		}
		v, ok := value(values, b.key)
		was, had := value(old.values, b.key)
		switch {
		case !had && !ok: // comments
			write(&out, b.lines)
		case !ok && was == nil:
			write(&out, b.lines)
		case !ok: // taken out
		case same(v, was):
			write(&out, b.lines)
		default:
			if err := rewrite(&out, b, v, was); err != nil {
				return nil, err
			}
		}
	}
	for _, kv := range values {
		if key := fmt.Sprint(kv.Key); !done[key] {
			if err := emit(&out, key, kv.Value); err != nil {
				return nil, err
			}
		}
	}
	for _, b := range rest {
		if !done[b.key] {
			write(&out, b.lines)
		}
	}
	return out.Bytes(), nil
}

func write(out *bytes.Buffer, lines []string) {
	for _, l := range lines {
		out.WriteString(l)
	}
}

// rewrite writes a changed block; in a list of numbered things, those that did
// not change stay as they were.
func rewrite(out *bytes.Buffer, b block, v, was any) error {
	list, isList := v.([]any)
	head, items, ok := b.items()
	before := mappings(was)
	if !isList || !ok || len(items) != len(before) {
		return emit(out, b.key, v)
	}
	write(out, head)
	for _, x := range list {
		m, _ := x.(yaml.MapSlice)
		i := slices.IndexFunc(before, func(o yaml.MapSlice) bool { return text(o, keyID) == text(m, keyID) })
		if i >= 0 && same(before[i], m) {
			write(out, ended(items[i].lines))
			continue
		}
		if i >= 0 {
			write(out, remarks(items[i].lines))
		}
		if err := emitItem(out, x); err != nil {
			return err
		}
	}
	return nil
}

// ended makes sure that the last line has an end.
func ended(lines []string) []string {
	if n := len(lines); n > 0 && !strings.HasSuffix(lines[n-1], "\n") {
		lines = slices.Clone(lines)
		lines[n-1] += "\n"
	}
	return lines
}

// remarks are the comments above an item.
func remarks(lines []string) []string {
	n := slices.IndexFunc(lines, func(l string) bool { return !isRemark(l) })
	return lines[:max(n, 0)]
}

func emit(out *bytes.Buffer, key string, v any) error {
	data, err := yaml.MarshalWithOptions(yaml.MapSlice{{Key: key, Value: v}}, yaml.IndentSequence(true))
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	out.Write(data)
	return nil
}

func emitItem(out *bytes.Buffer, v any) error {
	data, err := yaml.MarshalWithOptions([]any{v}, yaml.IndentSequence(true))
	if err != nil {
		return fmt.Errorf("write a rule: %w", err)
	}
	for l := range strings.Lines(string(data)) {
		out.WriteString("  " + strings.TrimPrefix(l, "  "))
	}
	return nil
}
