// Package lint reads channel files and tells every mistake at once, with file,
// line, column, the lines around it and a suggestion; it also writes the JSON
// Schema that editors complete and check with.
//
// It knows the fields from the very types that the hub decodes into. It does
// not run a channel. Start with Load, Check or Schema.
package lint

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/mapping"
)

// A Problem is one mistake in a file.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Path    string `json:"path,omitempty"` // such as map.text
	Message string `json:"message"`
	Suggest string `json:"suggest,omitempty"`
	Excerpt string `json:"excerpt,omitempty"`
}

// Error describes p in one line and draws where it is.
func (p Problem) Error() string {
	s := fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	if p.Suggest != "" {
		s += "。" + p.Suggest
	}
	if p.Excerpt != "" {
		s += "\n" + p.Excerpt
	}
	return s
}

// Problems are all the mistakes of a folder.
type Problems []Problem

// Error lists them.
func (all Problems) Error() string {
	lines := make([]string, len(all))
	for i, p := range all {
		lines[i] = p.Error()
	}
	return fmt.Sprintf("渠道配置有 %d 处错误：\n%s", len(all), strings.Join(lines, "\n"))
}

// Load reads every channel file of a folder, or says what is wrong with them.
func Load(dir fs.FS, reg adapters.Registry) ([]adapters.Config, error) {
	problems, err := Check(dir, reg)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, Problems(problems)
	}
	return adapters.LoadChannels(dir)
}

// Check returns all the mistakes in the channel files of a folder.
func Check(dir fs.FS, reg adapters.Registry) ([]Problem, error) {
	names, err := fs.Glob(dir, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	var all []Problem
	codes := map[string]string{}
	for _, name := range names {
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("read channel file: %w", err)
		}
		all = append(all, File(name, data, reg)...)
		var head struct{ Code string }
		if yaml.Unmarshal(data, &head) != nil || head.Code == "" {
			continue
		}
		if other, twice := codes[head.Code]; twice {
			all = append(all, Problem{
				File: name, Line: 1, Column: 1, Path: "code",
				Message: fmt.Sprintf("渠道代码 %q 已被 %s 使用", head.Code, other), Suggest: "每个渠道一个代码",
			})
		}
		codes[head.Code] = name
	}
	return all, nil
}

// File returns all the mistakes of one channel file.
func File(name string, data []byte, reg adapters.Registry) []Problem {
	f := &file{name: path.Base(name), lines: strings.Split(string(data), "\n"), reg: reg}
	root, err := parser.ParseBytes(data, 0)
	if err != nil {
		f.syntax(err)
		return f.problems
	}
	if len(root.Docs) != 1 || root.Docs[0].Body == nil {
		f.add(nil, "", "文件里应当有一个渠道", "用 mashang channel new 新建一个")
		return f.problems
	}
	f.kind(root.Docs[0].Body)
	f.walk(root.Docs[0].Body, "", typeOf[adapters.Config]())
	f.required(root.Docs[0].Body)
	if len(f.problems) == 0 {
		f.meaning(data, root.Docs[0].Body)
	}
	slices.SortStableFunc(f.problems, func(a, b Problem) int { return a.Line - b.Line })
	return f.problems
}

// A file is one that is being checked.
type file struct {
	name     string
	lines    []string
	reg      adapters.Registry
	spec     adapters.Spec
	problems []Problem
}

// kind finds out whose options they are.
func (f *file) kind(body ast.Node) {
	node := child(body, "kind")
	if node == nil {
		return
	}
	text := scalar(node)
	for _, s := range f.reg {
		if s.Kind == text {
			f.spec = s
			return
		}
	}
	f.add(node, "kind", fmt.Sprintf("没有接入方式 %q", text), Nearest(text, f.reg.Kinds()))
}

func (f *file) required(body ast.Node) {
	for name, why := range map[string]string{
		"code": "写上渠道代码，如 code: chengjian", "name": "写上人们怎么称呼它，如 name: 城建热线",
		"kind": "写上接入方式，如 kind: webhook",
	} {
		if child(body, name) == nil {
			f.add(body, name, "缺少 "+name, why)
		}
	}
	if f.spec.Wired && !f.spec.OwnMap && child(body, "map") == nil {
		f.add(body, "map", "缺少 map", "写上字段怎么来，至少要有 text")
	}
	for _, section := range []string{"auth", "decode", "map", "reply", "samples"} {
		if node := key(body, section); node != nil && f.spec.Kind != "" && !f.spec.Wired {
			f.add(node, section, fmt.Sprintf("%s 渠道不用 %s", f.spec.Kind, section), "删去这一节，或改用 kind: webhook")
		}
	}
}

// meaning checks what the types cannot: the kind's own rules and expressions.
func (f *file) meaning(data []byte, body ast.Node) {
	var c adapters.Config
	if err := yaml.UnmarshalWithOptions(data, &c, yaml.Strict()); err != nil {
		f.syntax(err)
		return
	}
	if f.spec.Options != nil {
		options := f.spec.Options()
		if err := c.Options.Decode(options); err != nil {
			f.say(body, "options", err)
		} else if v, ok := options.(interface{ Validate() error }); ok {
			f.say(body, "options", v.Validate())
		}
	}
	if !f.spec.Wired {
		return
	}
	f.say(body, "auth", c.Auth.Validate())
	if f.spec.OwnMap && child(body, "map") == nil {
		return
	}
	_, mistakes := mapping.Compile(c.Map, nil, nil)
	for _, m := range mistakes {
		f.expression(body, "map."+m.Field, m)
	}
	if _, err := adapters.Wire(c, nil, adapters.Deps{Getenv: func(string) string { return "set" }}); err != nil && len(f.problems) == 0 {
		f.say(body, "", err)
	}
}

// say places an error that begins with the path of a field.
func (f *file) say(body ast.Node, section string, err error) {
	if err == nil {
		return
	}
	at, text, found := strings.Cut(err.Error(), ": ")
	at = strings.TrimSuffix(at, " is missing")
	where := strings.Trim(section+"."+at, ".")
	if !found || find(body, where) == nil {
		where = section
	} else {
		text = at + "：" + text
	}
	if find(body, where) == nil || !found {
		text = err.Error()
	}
	f.add(find(body, where), where, text, "")
}

// expression points into the expression.
func (f *file) expression(body ast.Node, at string, m mapping.Mistake) {
	node := find(body, at)
	f.add(node, at, "表达式有误："+m.Err.Error(), "")
	p := &f.problems[len(f.problems)-1]
	if node == nil || m.Column == 0 || node.GetToken().Position == nil {
		return
	}
	switch node.Type() {
	case ast.StringType:
		p.Column += m.Column
		if q := f.lines[p.Line-1][byteColumn(f.lines[p.Line-1], node.GetToken().Position.Column):]; strings.HasPrefix(q, `"`) || strings.HasPrefix(q, "'") {
			p.Column++
		}
		p.Excerpt = f.excerpt(p.Line, p.Column)
	default:
	}
}
