package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/mashang-hub/mashang/hub"
)

// source is a decoded file and where its rules start.
type source struct {
	name string
	file
	tree *ast.File
}

// Load reads and checks every *.yaml file of fsys. known are the departments
// that rules may name; none allows all. The error wraps Problems.
func Load(fsys fs.FS, known []hub.DepartmentCode) (*Set, error) {
	sources, problems, err := read(fsys)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, problems.asError()
	}
	c := newCompiler(sources, known)
	set := c.compile()
	if len(c.problems) > 0 {
		return nil, c.problems.asError()
	}
	if set.hash, err = hashOf(sources); err != nil {
		return nil, err
	}
	return set, nil
}

func read(fsys fs.FS) ([]source, Problems, error) {
	var sources []source
	var problems Problems
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || (path.Ext(name) != ".yaml" && path.Ext(name) != ".yml") {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		s := source{name: name}
		if p, bad := s.decode(data); bad {
			problems = append(problems, p)
			return nil
		}
		sources = append(sources, s)
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

func (s *source) decode(data []byte) (Problem, bool) {
	err := yaml.UnmarshalWithOptions(data, &s.file, yaml.Strict())
	if err == nil {
		s.tree, err = parser.ParseBytes(data, 0)
	}
	if err == nil {
		return Problem{}, false
	}
	p := Problem{File: s.name, Line: 1, Code: "M01", Text: "文件写法有误：" + firstLine(err)}
	if y, ok := errors.AsType[yaml.Error](err); ok {
		p.Text = "文件写法有误：" + y.GetMessage()
		if t := y.GetToken(); t != nil {
			p.Line = t.Position.Line
		}
	}
	return p, true
}

// line finds the line of a YAML path such as $.规则[2].当; 1 if there is none.
func (s *source) line(format string, args ...any) int {
	p, err := yaml.PathString(fmt.Sprintf(format, args...))
	if err != nil {
		return 1
	}
	n, err := p.FilterFile(s.tree)
	if err != nil || n == nil {
		return 1
	}
	return n.GetToken().Position.Line
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

// identifiers lists every name of the authors' language, longest first.
func identifiers(lexicon map[string][]string) []string {
	names := append(functions(), "人数", "金额", "月份", "小时", "字数")
	for f := range fields {
		names = append(names, fieldName(f))
	}
	for n := range lexicon {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return names
}
