package rules_test

import (
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/rules"
)

const explained = `词库: {供热词: [暖气, 供暖]}
渠道: {扫码: qr, 热线: hotline}
规则:
  - {编号: 甲, 名称: 不热, 当: 含任一（供热词）且（渠道 属于 【“扫码”】 或 人数 大于 5）, 除非: '标题含("招标")', 则: {主办: heating}, 优先: 9}
  - {编号: 乙, 当: '含任一("暖气") 且 渠道 等于 "热线"', 则: {主办: housing}, 优先: 5}
  - {编号: 丙, 当: '含全部("暖气", "物业")', 则: {主办: housing}, 优先: 5}
  - {编号: 丁, 当: '含任一("不热")', 则: {主办: housing}, 优先: 5}
`

func TestExplainSaysWhyAndWhyNot(t *testing.T) {
	set := load(t, explained)
	s := said("家里冷", "暖气不热三天了")
	e := set.Explain(s)
	if got := set.Decide(s); got.Lead != "heating" || e.Decision.Lead != got.Lead || e.Decision.Rule != got.Rule {
		t.Fatalf("decided %q, explained %q", got.Lead, e.Decision.Lead)
	}
	if len(e.Matched) != 2 || e.Matched[0].Verdict != rules.Taken || e.Matched[1].Verdict != rules.Outdone {
		t.Fatalf("matched %+v", e.Matched)
	}
	want := []struct {
		text, seen string
		unless     bool
	}{
		{"含任一（供热词）", "“暖气”在正文第 1 字", false},
		{"(渠道 属于 【“扫码”】 或 人数 大于 5)", "", false},
		{`标题含("招标")`, "没有出现", true},
	}
	for i, c := range e.Matched[0].Clauses {
		if c.Text != want[i].text || c.Seen != want[i].seen || c.Unless != want[i].unless || !c.Holds {
			t.Errorf("clause %d: %+v, want %+v", i, c, want[i])
		}
	}
	kids := e.Matched[0].Clauses[1].Kids
	if len(kids) != 2 || kids[0].Seen != "渠道：扫码" || kids[1].Seen != "人数：没有" || kids[1].Holds {
		t.Errorf("kids %+v", kids)
	}
}

func TestExplainShowsNearMisses(t *testing.T) {
	e := load(t, explained).Explain(said("家里冷", "暖气坏了"))
	if len(e.Near) != 1 || e.Near[0].Rule != "乙" {
		t.Fatalf("near %+v", e.Near)
	}
	if c := e.Near[0].Clauses[1]; c.Holds || c.Seen != "渠道：扫码" || !strings.Contains(c.Text, "热线") {
		t.Errorf("the clause that fails: %+v", c)
	}
}

func TestExplainShowsAConflict(t *testing.T) {
	e := load(t, contest).Explain(said("暖气", "物业"))
	if e.Decision.Lead != "" || len(e.Matched) != 2 || e.Matched[0].Verdict != rules.Conflict || e.Matched[1].Verdict != rules.Conflict {
		t.Errorf("%+v", e)
	}
}

func TestRulesAreViewed(t *testing.T) {
	set := load(t, explained+"    # \n")
	all := set.Rules()
	r := all[0]
	if len(all) != 4 || r.ID != "甲" || r.Name != "不热" || r.Owner != "张三" || r.File != "a.yaml" || r.Line != 6 ||
		r.Stage != "route" || r.Priority != 9 || r.Lead != "heating" || !strings.HasPrefix(r.When, "含任一（供热词）") {
		t.Errorf("%+v", r)
	}
	if one, ok := set.Rule("甲"); !ok || one.Name != "不热" {
		t.Errorf("%+v %v", one, ok)
	}
	if _, ok := set.Rule("没有"); ok {
		t.Error("a rule that is not there")
	}
}

// TestExplainAgreesWithDecide compares both on the demo city.
func TestExplainAgreesWithDecide(t *testing.T) {
	set := baiyin(t)
	for _, e := range set.Examples() {
		d, x := set.Decide(e.Submission), set.Explain(e.Submission)
		if d.Lead != x.Decision.Lead || d.Rule != x.Decision.Rule || len(d.Matches) != len(x.Decision.Matches) {
			t.Errorf("%s:%d: decided %q by %q, explained %q by %q", e.File, e.Line, d.Lead, d.Rule, x.Decision.Lead, x.Decision.Rule)
		}
		for _, m := range d.Matches {
			found := strings.Contains(string(m.Rule), "/") || m.Rule == "回避"
			for _, tr := range x.Matched {
				found = found || tr.Rule == m.Rule
			}
			if !found {
				t.Errorf("%s:%d: rule %s matched and is not explained", e.File, e.Line, m.Rule)
			}
		}
	}
}
