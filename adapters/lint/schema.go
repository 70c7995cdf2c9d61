package lint

import (
	"reflect"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/adapters"
)

// Schema returns the JSON Schema (2020-12) of a channel file: editors complete
// and check with it, with the Chinese words of every field.
func Schema(reg adapters.Registry) map[string]any {
	root := object(typeOf[adapters.Config]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "码上渠道文件"
	root["required"] = []string{"code", "name", "kind"}
	props, _ := root["properties"].(map[string]any)
	kinds := []any{}
	var rules []any
	for _, s := range reg {
		kinds = append(kinds, map[string]any{"const": s.Kind, "description": s.Doc})
		if s.Options == nil {
			continue
		}
		rules = append(rules, map[string]any{
			"if":   map[string]any{"properties": map[string]any{"kind": map[string]any{"const": s.Kind}}},
			"then": map[string]any{"properties": map[string]any{"options": object(reflect.TypeOf(s.Options()))}},
		})
	}
	props["kind"] = map[string]any{"oneOf": kinds, "description": "接入方式"}
	props["code"] = map[string]any{"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,31}$", "description": "渠道代码；收件地址是 /in/代码"}
	props["options"] = map[string]any{"type": "object", "description": "该接入方式自己的选项"}
	root["allOf"] = rules
	return root
}

func object(t reflect.Type) map[string]any {
	props := map[string]any{}
	for name, f := range Fields(t) {
		p := schemaOf(f.Type)
		if doc := f.Tag.Get("doc"); doc != "" {
			p["description"] = doc
		}
		if allowed := f.Tag.Get("enum"); allowed != "" {
			p["enum"] = strings.Split(allowed, ",")
		}
		props[name] = p
	}
	return map[string]any{"type": "object", "additionalProperties": false, "properties": props}
}

func schemaOf(t reflect.Type) map[string]any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == typeOf[time.Duration]():
		return map[string]any{"type": "string", "pattern": `^([0-9.]+(ns|us|ms|s|m|h))+$`}
	case t == typeOf[adapters.Size]():
		return map[string]any{"type": []string{"string", "integer"}, "pattern": `^[0-9]+ *([KkMmGg]?[Bb])?$`}
	case t == typeOf[adapters.Options]():
		return map[string]any{"type": "object"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Struct:
		return object(t)
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.String:
		// A bare number or yes is as good as a text there.
		return map[string]any{"type": []string{"string", "number", "boolean"}}
	default:
		return map[string]any{}
	}
}
