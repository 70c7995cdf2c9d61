package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/mashang-hub/mashang/hub"
)

// maxFile is the largest rule file in bytes.
const maxFile = 8 << 20

// source is a decoded file and where its parts are.
type source struct {
	name string
	file
	body  ast.Node
	lines [][]rune
}

// read decodes every rule file of fsys; tests beside rules (*_test.yaml) are
// not rules.
func read(fsys fs.FS) ([]source, Problems, error) {
	var sources []source
	var problems Problems
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isRules(name) {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		s := source{name: name}
		if found := s.decode(data); len(found) > 0 {
			problems = append(problems, found...)
		}
		if s.body != nil {
			sources = append(sources, s)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read rule folder: %w", err)
	}
	if len(sources) == 0 && len(problems) == 0 {
		problems = Problems{{File: ".", Line: 1, Code: "M00", Text: "目录里没有规则文件（*.yaml）"}}
	}
	return sources, problems, nil
}

func isRules(name string) bool {
	ext := path.Ext(name)
	return (ext == ".yaml" || ext == ".yml") && !strings.HasSuffix(strings.TrimSuffix(name, ext), "_test")
}

func (s *source) decode(data []byte) Problems {
	text := strings.TrimPrefix(string(data), "\ufeff")
	for l := range strings.Lines(text) {
		s.lines = append(s.lines, []rune(strings.TrimRight(l, "\r\n")))
	}
	if len(data) > maxFile {
		return Problems{{File: s.name, Line: 1, Code: "M05", Text: "文件太大：最多 8 MB，请按主题拆开"}}
	}
	if text == "" || !strings.Contains(text, ":") {
		return Problems{s.problem(1, 1, 0, "M01", "文件里没有内容")}
	}
	tree, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		p := s.problem(1, 1, 0, "M01", "文件写法有误："+firstLine(err))
		if y, ok := errors.AsType[yaml.Error](err); ok {
			p.Text = "文件写法有误：" + y.GetMessage()
			if t := y.GetToken(); t != nil {
				p = s.problem(t.Position.Line, t.Position.Column, 1, "M01", p.Text)
			}
		}
		return Problems{p}
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return Problems{s.problem(1, 1, 0, "M01", "一个文件只能写一份规则，不能用 --- 分开")}
	}
	s.body = tree.Docs[0].Body
	var problems Problems
	d := decoder{source: s, report: func(n ast.Node, code, text, instead string) {
		problems = append(problems, s.nodeProblem(n, code, text, instead))
	}}
	d.decode(s.body, reflect.ValueOf(&s.file).Elem())
	return problems
}

func firstLine(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}

// problem is a mistake at a place of the file.
func (s *source) problem(line, column, length int, code, text string) Problem {
	p := Problem{File: s.name, Line: line, Column: column, Length: length, Code: code, Text: text}
	if line >= 1 && line <= len(s.lines) {
		p.Excerpt = string(s.lines[line-1])
	}
	return p
}

func (s *source) nodeProblem(n ast.Node, code, text, instead string) Problem {
	t := n.GetToken()
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		t = m.Values[0].Key.GetToken()
	}
	p := s.problem(t.Position.Line, t.Position.Column, len([]rune(strings.TrimSpace(t.Value))), code, text)
	p.Instead = instead
	return p
}

// find walks to a part of the file by names and numbers; nil if it is not
// there.
func (s *source) find(path ...any) ast.Node {
	return findIn(s.body, path...)
}

func findIn(n ast.Node, path ...any) ast.Node {
	for _, p := range path {
		var next ast.Node
		switch p := p.(type) {
		case int:
			if l, ok := n.(*ast.SequenceNode); ok && p < len(l.Values) {
				next = l.Values[p]
			}
		case string:
			values, _ := mapping(n)
			for _, kv := range values {
				if keyOf(kv) == p {
					next = kv.Value
				}
			}
		}
		if next == nil {
			return nil
		}
		n = next
	}
	return n
}

// place is the line and column at which runes from of the text of n stand.
// It walks the file and the text side by side, over quotes and indents.
func (s *source) place(n ast.Node, text string, from int) (line, column int) {
	t := n.GetToken()
	line, column = max(t.Position.Line, 1), max(t.Position.Column, 1)
	if l, ok := n.(*ast.LiteralNode); ok { // the text begins below its mark
		line, column = max(l.Start.Position.Line, 1)+1, 1
	}
	begin, first := line, column
	want := []rune(text)
	for i := 0; line <= len(s.lines); line, column = line+1, 1 {
		row := s.lines[line-1]
		for ; column <= len(row); column++ {
			for i < len(want) && i < from && unicode.IsSpace(want[i]) && !unicode.IsSpace(row[column-1]) {
				i++
			}
			if i >= len(want) || row[column-1] != want[i] {
				continue
			}
			if i == from {
				return line, column
			}
			i++
		}
		if i >= len(want) {
			return line, max(len(row), 1)
		}
	}
	return min(begin, max(len(s.lines), 1)), first
}

// hashOf is the content address: examples and layout do not count.
func hashOf(sources []source) (hub.RuleSetHash, error) {
	h := sha256.New()
	for _, s := range sources {
		data, err := json.Marshal(s.file)
		if err != nil {
			return "", fmt.Errorf("hash %s: %w", s.name, err)
		}
		_, _ = fmt.Fprintf(h, "%s %d\n%s\n", s.name, len(data), data)
	}
	return hub.RuleSetHash(hex.EncodeToString(h.Sum(nil))), nil
}
