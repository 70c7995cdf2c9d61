package template_test

import (
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/adapters/all"
	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/adapters/lint"
	"github.com/mashang-hub/mashang/adapters/template"
)

// TestEveryTemplateIsAChannel: what "channel new" writes has no mistake.
func TestEveryTemplateIsAChannel(t *testing.T) {
	all, n := all.Registry(), 0
	for _, tpl := range template.Gallery() {
		for _, charset := range []string{"", "gb18030"} {
			text := tpl.Fill(template.Values{Code: "a-b", Name: "名", Charset: charset})
			if got := lint.File("a-b.yaml", []byte(text), all); len(got) > 0 {
				t.Errorf("%s: %v\n%s", tpl.Name, got, text)
			}
			if strings.Contains(text, "{{") || tpl.Doc == "" {
				t.Errorf("%s is not filled: %q\n%s", tpl.Name, tpl.Doc, text)
			}
		}
		n++
	}
	if n < 8 {
		t.Errorf("%d templates, want 8", n)
	}
	if _, err := template.Find("nowhere"); err == nil {
		t.Error("a template that is not there was found")
	}
}

func TestGuess(t *testing.T) {
	docs, err := decode.Read(decode.Input{MediaType: "text/json", Body: []byte(`{"工单编号":"1","工单标题":"a","诉求内容":"b","来电时间":"c","phone":"d","登记-人":"e","附件":[1],"地址":"f","类型":"g"}`)}, decode.Options{}, decode.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range template.Guess(docs[0]) {
		got[p.Field] = p.Expr
	}
	for field, want := range map[string]string{
		"external_id": "工单编号", "title": "工单标题", "text": "plain(诉求内容)", "submitted_at": "date(来电时间)", "phone": `phone(doc["phone"])`, "place_text": "地址", "kind": "类型", "name": "",
	} {
		if got[field] != want {
			t.Errorf("%s: %q, want %q", field, got[field], want)
		}
	}
}
