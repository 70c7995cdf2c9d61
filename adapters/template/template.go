// Package template is the gallery that "channel new" starts from: one file for
// each way in which other systems hand over their messages.
//
// It checks nothing; package lint does. Start with Gallery and Fill.
package template

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// A Template is one file of the gallery.
type Template struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
	Text string `json:"-"`
	// Format is that of the samples that it can be made from; "" for none.
	Format string `json:"format,omitempty"`
}

// Gallery returns all templates.
func Gallery() []Template {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		panic(err) // only a broken build
	}
	formats := map[string]string{"webhook-json": "json", "webhook-signed": "json", "webhook-xml": "xml", "webhook-soap": "soap"}
	var all []Template
	for _, e := range entries {
		text, err := files.ReadFile(e.Name())
		if err != nil {
			panic(err) // only a broken build
		}
		name := strings.TrimSuffix(e.Name(), ".yaml")
		first, _, _ := strings.Cut(string(text), "\n")
		_, doc, _ := strings.Cut(first, "：")
		all = append(all, Template{Name: name, Doc: strings.TrimSuffix(strings.Split(doc, "，地址")[0], "。"), Text: string(text), Format: formats[name]})
	}
	return all
}

// Find returns a template by its name.
func Find(name string) (Template, error) {
	all := Gallery()
	i := slices.IndexFunc(all, func(t Template) bool { return t.Name == name })
	if i < 0 {
		return Template{}, fmt.Errorf("没有模板 %q", name)
	}
	return all[i], nil
}

// Values fill a template.
type Values struct {
	Code, Name, Charset string
	Map                 []Pair // field and expression
	Sample, Expect      string // YAML, indented by two
}

// A Pair is one field and its expression.
type Pair struct{ Field, Expr string }

// Fill writes the channel's file.
func (t Template) Fill(v Values) string {
	env := "MASHANG_" + strings.ToUpper(strings.NewReplacer("-", "_").Replace(v.Code))
	if len(v.Map) == 0 {
		v.Map = []Pair{
			{"external_id", "编号"},
			{"title", "标题"},
			{"text", "内容"},
			{"submitted_at", "date(登记时间)"},
			{"name", "姓名"},
			{"phone", "phone(电话)"},
			{"place_text", "地址"},
		}
	}
	var m strings.Builder
	for _, p := range v.Map {
		fmt.Fprintf(&m, "  %s: %s\n", p.Field, quote(p.Expr))
	}
	charset, whole := "", ""
	if v.Charset != "" {
		charset = "  charset: " + v.Charset + "\n"
		whole = "decode:\n" + charset
	}
	samples := ""
	if v.Sample != "" {
		samples = "samples:\n" + v.Sample
	}
	out := strings.NewReplacer(
		"{{map_form}}", whole+"map:\n"+m.String(), "{{charset_decode}}", whole, "{{charset}}", charset,
		"{{map}}\n", m.String(), "{{samples}}\n", samples, "{{code}}", v.Code, "{{name}}", v.Name, "{{env}}", env,
	).Replace(t.Text)
	return strings.TrimRight(out, "\n") + "\n"
}

// quote protects an expression that YAML would read as something else.
func quote(expr string) string {
	if strings.ContainsAny(expr, `:#{}[]&*!|>%@"'`) || strings.HasPrefix(expr, "-") {
		return "'" + strings.ReplaceAll(expr, "'", "''") + "'"
	}
	return expr
}
