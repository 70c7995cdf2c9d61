package ruletest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
)

// file is a *_test.yaml as its author wrote it.
type file struct {
	Now     string     `yaml:"现在"` // of cases without a time
	Channel string     `yaml:"渠道"` // of cases without a channel
	Place   string     `yaml:"地区"`
	Owner   string     `yaml:"负责人"`
	Tests   []testText `yaml:"测试"`
}

type testText struct {
	Name string        `yaml:"名称"`
	Case rules.Message `yaml:"来件"`
	Want expectation   `yaml:"期望"`
}

// expectation is what a test wants of the decision; what is not written is not
// looked at.
type expectation struct {
	Lead     string            `yaml:"主办"`
	Sorting  bool              `yaml:"转分拨"`
	Co       []string          `yaml:"协办"`
	Rule     string            `yaml:"规则"`
	Hit      []string          `yaml:"命中"`
	Miss     []string          `yaml:"不命中"`
	Category string            `yaml:"类别"`
	Kind     string            `yaml:"诉求类型"`
	Urgency  string            `yaml:"紧急程度"`
	Topic    string            `yaml:"主题"`
	Grade    string            `yaml:"难度"`
	Tags     []string          `yaml:"标签"`
	Reject   string            `yaml:"驳回"` // part of the reason
	Answer   string            `yaml:"答复"` // part of the text
	Rung     int               `yaml:"起始层级"`
	Clocks   map[string]string `yaml:"时限"`
}

// A test is one case and what is wanted of it.
type test struct {
	file string
	line int
	name string
	rule hub.RuleID // of an example
	hit  bool       // of an example
	sub  *hub.Submission
	want expectation
	bad  string // why it cannot be run
}

// isTest reports whether a file holds tests.
func isTest(name string) bool {
	ext := path.Ext(name)
	return (ext == ".yaml" || ext == ".yml") && strings.HasSuffix(strings.TrimSuffix(name, ext), "_test")
}

// files reads every *_test.yaml of fsys.
func files(fsys fs.FS, set *rules.Set) ([]test, error) {
	var out []test
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isTest(name) {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		out = append(out, readFile(name, data, set)...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read test files: %w", err)
	}
	return out, nil
}

func readFile(name string, data []byte, set *rules.Set) []test {
	var f file
	if err := yaml.UnmarshalWithOptions(data, &f, yaml.Strict()); err != nil {
		t := test{file: name, line: 1, name: "读取", bad: err.Error()}
		if y, ok := errors.AsType[yaml.Error](err); ok {
			t.bad = "文件写法有误：" + y.GetMessage()
			if k := y.GetToken(); k != nil {
				t.line = k.Position.Line
			}
		}
		return []test{t}
	}
	if len(f.Tests) == 0 {
		return []test{{file: name, line: 1, name: "空文件", bad: "文件里没有测试"}}
	}
	lines := testLines(data)
	voc := set.Vocabulary()
	var out []test
	for i, x := range f.Tests {
		m := x.Case
		m.Time, m.Channel, m.Place = first(m.Time, f.Now), first(m.Channel, f.Channel), first(m.Place, f.Place)
		t := test{file: name, line: 1, name: first(x.Name, fmt.Sprintf("第 %d 个", i+1)), want: x.Want}
		if i < len(lines) {
			t.line = lines[i]
		}
		var err error
		if t.sub, err = m.Submission(voc.Channels, voc.Places); err != nil {
			t.bad = err.Error()
		}
		out = append(out, t)
	}
	return out
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// testLines are the lines at which the entries of 测试 begin.
func testLines(data []byte) []int {
	tree, err := parser.ParseBytes(data, 0)
	if err != nil || len(tree.Docs) == 0 {
		return nil
	}
	top, ok := tree.Docs[0].Body.(*ast.MappingNode)
	if !ok {
		return nil
	}
	var out []int
	for _, kv := range top.Values {
		list, ok := kv.Value.(*ast.SequenceNode)
		if !ok || kv.Key.GetToken().Value != "测试" {
			continue
		}
		for _, v := range list.Values {
			t := v.GetToken()
			if m, ok := v.(*ast.MappingNode); ok && len(m.Values) > 0 {
				t = m.Values[0].Key.GetToken()
			}
			out = append(out, t.Position.Line)
		}
	}
	return out
}
