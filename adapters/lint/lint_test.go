package lint_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mashang-hub/mashang/adapters/all"
	"github.com/mashang-hub/mashang/adapters/lint"
)

const good = `code: chengjian
name: 城建热线
kind: webhook
enabled: true
auth: {type: key, keys: ["${K}"]}
decode: {format: json, charset: gb18030}
limits: {body: 1MB, read: 5s, rate: 10}
map:
  external_id: 单号
  text: 内容
`

func TestGood(t *testing.T) {
	if got := lint.File("a.yaml", []byte(good), all.Registry()); len(got) != 0 {
		t.Errorf("%v", got)
	}
	problems, err := lint.Check(os.DirFS("../../configs/baiyin/channels"), all.Registry())
	if err != nil || len(problems) != 0 {
		t.Errorf("the demo city: %v, %v", problems, err)
	}
}

// TestEveryMistakeAtOnce wants each mistake of one file with its place.
func TestEveryMistakeAtOnce(t *testing.T) {
	text := `code: chengjian
nmae: 城建热线
knd: webhook
kind: webhok
auth: {type: hmacc}
limits: {body: 很大, read: 5, rate: x}
map:
  txet: 内容
  kinds: [投诉]
samples: {a: b}
`
	got := lint.File("dir/a.yaml", []byte(text), all.Registry())
	var all []string
	for _, p := range got {
		all = append(all, fmt.Sprintf("%s:%d:%d %s %s", p.File, p.Line, p.Column, p.Path, p.Suggest))
		if p.Excerpt == "" {
			t.Errorf("%s has no excerpt", p.Message)
		}
	}
	lines := strings.Join(all, "\n")
	for _, want := range []string{
		"a.yaml:2:1 nmae 您是不是想写 name？", "a.yaml:3:1 knd 您是不是想写 kind？", "a.yaml:4:7 kind 您是不是想写 webhook？", "a.yaml:5:14 auth.type 您是不是想写 hmac？",
		"a.yaml:6:16 limits.body 写成 512KB", "limits.rate 写一个数字", "a.yaml:8:3 map.txet 您是不是想写 text？", "a.yaml:9:10 map.kinds", "a.yaml:10:11 samples", "name 写上人们怎么称呼它",
	} {
		if !strings.Contains(lines, want) {
			t.Errorf("no %q in\n%s", want, lines)
		}
	}
}

func TestCaretStandsUnderWideCharacters(t *testing.T) {
	got := lint.File("a.yaml", []byte(strings.Replace(good, "text: 内容", "text: 内容 + 标题 +", 1)), all.Registry())
	if len(got) != 1 || got[0].Line != 10 || got[0].Path != "map.text" {
		t.Fatalf("%+v", got)
	}
	rows := strings.Split(got[0].Excerpt, "\n")
	if caret := rows[len(rows)-1]; !strings.HasSuffix(caret, "^") || len(caret) < len("      |   text: ")+10 {
		t.Errorf("excerpt:\n%s", got[0].Excerpt)
	}
}

func TestMeaning(t *testing.T) {
	for want, text := range map[string]string{
		"auth":           strings.Replace(good, `{type: key, keys: ["${K}"]}`, "{type: mtls}", 1),
		"map.text":       strings.Replace(good, "text: 内容", "text: repeat(内容, 3)", 1),
		"options":        strings.Replace(good, "kind: webhook", "kind: files", 1),
		"options.every":  strings.Replace(good, "kind: webhook", "kind: files\noptions: {folder: x, every: 0s}", 1),
		"options.folder": strings.Replace(good, "kind: webhook", "kind: files\noptions: {foldr: x}", 1),
		"reply":          good + "reply: {accepted: 'a +'}\n",
		"不用 auth":        "code: a\nname: b\nkind: netizen\noptions: {token: t}\nauth: {type: key}\n",
		"map":            "code: a\nname: b\nkind: webhook\n",
		"YAML":           "code: [\n",
	} {
		got := lint.File("a.yaml", []byte(text), all.Registry())
		if len(got) == 0 || (!strings.HasPrefix(got[0].Path, want) && !strings.Contains(got[0].Message, want) && want != "options.folder") {
			t.Errorf("%s: %+v", want, got)
		}
	}
}

func TestOneCodeOnce(t *testing.T) {
	problems, err := lint.Check(fstest.MapFS{"a.yaml": {Data: []byte(good)}, "b.yaml": {Data: []byte(good)}}, all.Registry())
	if err != nil || len(problems) != 1 || problems[0].File != "b.yaml" {
		t.Errorf("%v, %v", problems, err)
	}
}

// TestSchemaIsPublished keeps the file for editors up to date.
func TestSchemaIsPublished(t *testing.T) {
	want, err := json.MarshalIndent(lint.Schema(all.Registry()), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "channel.schema.json")
	if os.Getenv("MASHANG_UPDATE") != "" {
		if err := os.WriteFile(file, append(want, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != string(want)+"\n" {
		t.Errorf("adapters/channel.schema.json is old: run MASHANG_UPDATE=1 go test ./adapters/lint (%v)", err)
	}
}
