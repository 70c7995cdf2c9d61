package api

import (
	"encoding"
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// object is a JSON object of the document.
type object = map[string]any

// openapi answers with the OpenAPI 3.1 document of the routes.
func (s *server) openapi(*http.Request) (any, error) { return Document(s.routes()), nil }

// Document returns the OpenAPI 3.1 document of routes: it is made of the table
// that the mux is built from, and so cannot say anything else.
func Document(routes []Route) map[string]any {
	d := &document{schemas: object{}}
	paths := object{}
	for _, r := range routes {
		path, _ := paths[r.Path].(object)
		if path == nil {
			path = object{}
			paths[r.Path] = path
		}
		path[strings.ToLower(r.Method)] = d.operation(r)
	}
	d.of(reflect.TypeFor[Problem]())
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": "码上接口", "version": "1",
			"description": "群众诉求集成中枢的接口。个人信息一律遮盖；出错时应答 application/problem+json，detail 是中文，不含个人信息。",
			"license":     object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		"servers":    []any{object{"url": "/"}},
		"paths":      paths,
		"components": object{"schemas": d.schemas, "securitySchemes": object{"token": object{"type": "http", "scheme": "bearer", "description": "mashang account token 发的接口令牌"}, "session": object{"type": "apiKey", "in": "cookie", "name": access.Cookie, "description": "在 /login 登录后的会话"}}},
	}
}

type document struct{ schemas object }

// holes are the parameters inside a path.
var holes = regexp.MustCompile(`\{(\w+)\}`)

func (d *document) operation(r Route) object {
	params := []any{}
	for _, m := range holes.FindAllStringSubmatch(r.Path, -1) {
		params = append(params, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, q := range r.Query {
		params = append(params, object{"name": q.Name, "in": "query", "description": q.Summary, "schema": object{"type": "string"}})
	}
	op := object{
		"operationId": operationID(r), "summary": r.Summary, "parameters": params,
		"description": "权限：" + glossary.In("right", string(r.Right)) + "（" + string(r.Right) + "）", "x-right": string(r.Right), "x-reach": string(r.Reach),
		"responses": d.responses(r),
	}
	if r.Right == access.Public {
		op["security"] = []any{}
	} else {
		op["security"] = []any{object{"token": []any{}}, object{"session": []any{}}}
	}
	if r.Body != nil {
		op["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": d.of(reflect.TypeOf(r.Body))}}}
	}
	return op
}

func (d *document) responses(r Route) object {
	schema, media := object{}, "application/json"
	if r.Answer != nil {
		schema = d.of(reflect.TypeOf(r.Answer))
	}
	if r.Media != "" {
		media, schema = r.Media, object{"type": "string", "format": "binary"}
	}
	return object{
		"200":     object{"description": "成功", "content": object{media: object{"schema": schema}}},
		"default": object{"description": "出错", "content": object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}}},
	}
}

// operationID names an operation by its method and path.
func operationID(r Route) string {
	words := strings.FieldsFunc(strings.TrimPrefix(r.Path, "/api/v1"), func(c rune) bool { return c == '/' || c == '{' || c == '}' || c == '.' })
	return strings.ToLower(r.Method) + "_" + strings.Join(words, "_")
}

// of returns the schema of a type; structs are described once, by reference.
func (d *document) of(t reflect.Type) object {
	switch {
	case t.Kind() == reflect.Pointer:
		return d.of(t.Elem())
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage](), t.Kind() == reflect.Interface:
		return object{}
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object{"type": "integer"}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "contentEncoding": "base64"}
		}
		return object{"type": "array", "items": d.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": d.of(t.Elem())}
	case reflect.Struct:
		return d.reference(t)
	default:
		return object{}
	}
}

// reference describes a struct among the schemas and points there.
func (d *document) reference(t reflect.Type) object {
	name := t.Name()
	if pkg := t.PkgPath(); pkg != "" && !strings.HasSuffix(pkg, "/api") && !strings.HasSuffix(pkg, "/hub") {
		pkg = pkg[strings.LastIndexByte(pkg, '/')+1:]
		name = strings.ToUpper(pkg[:1]) + pkg[1:] + name
	}
	if _, known := d.schemas[name]; !known {
		d.schemas[name] = object{} // a type may hold itself
		properties := object{}
		d.fields(t, properties)
		d.schemas[name] = object{"type": "object", "properties": properties}
	}
	return object{"$ref": "#/components/schemas/" + name}
}

func (d *document) fields(t reflect.Type, into object) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			d.fields(f.Type, into)
		default:
			if name == "" {
				name = f.Name
			}
			into[name] = d.of(f.Type)
		}
	}
}
