package rules_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
)

func load(t testing.TB, yaml string, known ...hub.DepartmentCode) *rules.Set {
	t.Helper()
	set, err := rules.Load(fstest.MapFS{"a.yaml": {Data: []byte("版本: 1\n负责人: 张三\n" + yaml)}}, known)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func said(title, text string) *hub.Submission {
	return &hub.Submission{Content: hub.Content{Title: title, Text: text}, Channel: "qr"}
}

func baiyin(t testing.TB) *rules.Set {
	t.Helper()
	set, err := rules.Load(os.DirFS("../configs/baiyin/rules"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestBaiyinExamples(t *testing.T) {
	set := baiyin(t)
	for _, e := range set.Examples() {
		d := set.Decide(e.Submission)
		hit := slices.ContainsFunc(d.Matches, func(m hub.Match) bool { return m.Rule == e.Rule })
		if hit != e.Hit || e.Lead != "" && d.Lead != e.Lead {
			t.Errorf("%s:%d: rule %s hit %v, want %v; lead %q, want %q", e.File, e.Line, e.Rule, hit, e.Hit, d.Lead, e.Lead)
		}
	}
}

// TestBaiyinHistory holds the demo city's rules to their goal on history.
func TestBaiyinHistory(t *testing.T) {
	set := baiyin(t)
	right, all, decided := 0, 0, 0
	for _, m := range history(t, "labelled.jsonl") {
		d := set.Decide(said(m["留言主题"], m["留言详情"]))
		all++
		if d.Class.Category == m["一级分类"] {
			right++
		}
		if d.Lead != "" {
			decided++
		}
	}
	t.Logf("labelled: category right %d of %d (weights were fitted on these), decided %d", right, all, decided)
	if right*100 < all*90 {
		t.Errorf("category accuracy %d/%d is below 90 %%", right, all)
	}
	sent, replies := 0, history(t, "replied.jsonl")
	for _, m := range replies {
		if set.Decide(said(m["留言主题"], m["留言详情"])).Lead != "" {
			sent++
		}
	}
	t.Logf("replied: decided %d of %d", sent, len(replies))
}

func history(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join("../../shared/data", name))
	for up := "../../.."; err != nil && len(up) < 16; up += "/.." { // a checkout may lie deeper
		f, err = os.Open(filepath.Join(up, "shared/data", name))
	}
	if err != nil {
		t.Skipf("history is not beside the checkout: %v", err)
	}
	defer f.Close()
	var out []map[string]string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var raw map[string]any
		if err := json.Unmarshal(lines.Bytes(), &raw); err != nil {
			t.Fatal(err)
		}
		m := map[string]string{}
		for k, v := range raw {
			m[k], _ = v.(string)
		}
		out = append(out, m)
	}
	return out
}

func TestProblemsAreReportedTogether(t *testing.T) {
	const bad = `版本: 1
负责人: 张三
规则:
  - 编号: 甲
    当: 含任一(没有的词库)
    则: {主办: heating}
  - 编号: 甲
    当: 采暖
    则: {主办: nobody}
  - 编号: 乙
    当: 含任一("x") 且 all(1..9, true)
    则: {紧急程度: 很急}
`
	_, err := rules.Load(fstest.MapFS{"a.yaml": {Data: []byte(bad)}}, []hub.DepartmentCode{"heating"})
	var p rules.Problems
	if !errors.As(err, &p) || hub.CodeOf(err) != hub.CodeInvalid {
		t.Fatalf("error is %v", err)
	}
	for _, want := range []string{"a.yaml:5:12: M02", "a.yaml:7:9: M06", "a.yaml:8:8: M02", "a.yaml:9:13: M24", "a.yaml:11:19: M05", "a.yaml:12:15: M12"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}

func TestConditions(t *testing.T) {
	cases := []struct {
		when string
		s    *hub.Submission
		want bool
	}{
		{`含任一（“暖气”，“供热”）且 渠道 属于 【“qr”】`, said("暖气", ""), true},
		{`含全部("暖气", "不热")`, said("暖气", "不热"), true},
		{`含全部("暖气", "不热")`, said("暖气", ""), false},
		{`不含("暖气") 或 标题含("热")`, said("", "暖气"), false},
		{`近("拖欠", "工资", 2)`, said("", "拖欠农民工资"), true},
		{`近("拖欠", "工资", 2)`, said("", "拖欠我们村里人的工资"), false},
		{`近("拖欠", "工资", 9)`, said("拖欠", "工资"), false},
		{`含至少(2, "甲", "乙", "丙")`, said("甲", "丙"), true},
		{`人数 大于等于 30`, said("", "我们35名农民工"), true},
		{`人数 大于等于 30`, said("", "我们农民工"), false},
		{`非 (人数 大于等于 30)`, said("", "我们农民工"), false},
		{`人数 为空`, said("", "我们农民工"), true},
		{`金额 > 10000`, said("", "欠我3.5万元"), true},
		{`标题 matches "^测试$"`, said("测试", ""), true},
		{`辖区("620402")`, &hub.Submission{Place: "620402001"}, true},
		{`辖区("620400")`, &hub.Submission{Place: "620402001"}, true},
		{`采暖期()`, &hub.Submission{SubmittedAt: time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)}, true},
		{`采暖期()`, &hub.Submission{SubmittedAt: time.Date(2026, 7, 1, 1, 0, 0, 0, time.UTC)}, false},
	}
	for _, c := range cases {
		set := load(t, "规则:\n  - {编号: 甲, 阶段: 派单, 当: '"+c.when+"', 则: {主办: heating}}\n")
		if got := set.Decide(c.s).Lead != ""; got != c.want {
			t.Errorf("%s on %q %q: %v, want %v", c.when, c.s.Title, c.s.Text, got, c.want)
		}
	}
}

const contest = `规则:
  - {编号: 甲, 当: 含任一("暖气"), 则: {主办: heating}}
  - {编号: 乙, 当: 含任一("物业"), 则: {主办: housing}}
  - {编号: 丙, 当: 含任一("物业") 且 含任一("泄漏"), 则: {主办: gas}, 优先: 5}
  - {编号: 丁, 当: 含任一("物业") 且 含任一("保安"), 则: {主办: housing}}
`

func TestWinnerAndTie(t *testing.T) {
	set := load(t, contest)
	tie := set.Decide(said("暖气", "物业"))
	if tie.Lead != "" || len(tie.Candidates) != 2 || len(tie.Matches) != 2 {
		t.Errorf("two departments of one rank: %+v", tie)
	}
	if d := set.Decide(said("", "物业 保安")); d.Lead != "housing" || d.Rule != "丁" {
		t.Errorf("the less specific rule of a department wins: %+v", d)
	}
	if d := set.Decide(said("暖气", "物业 保安")); d.Lead != "" || len(d.Candidates) != 2 {
		t.Errorf("being more specific must not settle a conflict: %+v", d)
	}
	d := set.Decide(said("暖气", "物业 泄漏"))
	if d.Lead != "gas" || d.Rule != "丙" || len(d.Matches) != 3 || d.RuleSet != set.Hash() {
		t.Errorf("the rule of higher priority loses: %+v", d)
	}
	if h := d.Matches[0].Hits; len(h) != 2 || h[1] != (hub.Hit{Field: "text", Word: "物业", Rune: 0}) && h[0] != (hub.Hit{Field: "text", Word: "物业", Rune: 0}) {
		t.Errorf("hits: %+v", h)
	}
}

func TestAccusationIsKeptFromTheAccused(t *testing.T) {
	d := baiyin(t).Decide(said("举报城管队员收受摊贩红包", "城管执法人员收受占道摊贩红包，占道摊贩不管"))
	if d.Lead != "discipline" || slices.Contains(d.Co, "urban") {
		t.Errorf("lead %q co %v", d.Lead, d.Co)
	}
}

func TestClocksAndRung(t *testing.T) {
	set := baiyin(t)
	wage := set.Decide(said("工地拖欠工资", "我们35名农民工的工资一直没有结清"))
	if wage.Lead != "labor" || wage.StartRung != 3 || wage.Class.Urgency != hub.UrgencyCritical || wage.Class.Topic != "wage_arrears" {
		t.Errorf("wage arrears: %+v", wage)
	}
	petition := said("征地补偿", "请解决征地补偿")
	petition.Channel = "petition"
	want := hub.Allowance{Kind: hub.ClockClose, Budget: hub.Budget{N: 60, Unit: hub.Day}, Warn: hub.Budget{N: 10, Unit: hub.Day}, Source: "信访工作条例（2022）"}
	if c := set.Decide(petition).Clocks; !slices.Contains(c, want) {
		t.Errorf("petition clocks: %+v", c)
	}
}

func TestHolderKeepsTheLastGoodSet(t *testing.T) {
	set := load(t, contest)
	h := rules.NewHolder(set, nil)
	if _, err := h.Reload(fstest.MapFS{"a.yaml": {Data: []byte("规则: 7")}}); err == nil || h.Set() != set {
		t.Errorf("a broken folder replaced the set: %v", err)
	}
	changed, err := h.Reload(os.DirFS("../configs/baiyin/rules"))
	if err != nil || !changed || h.Set() == set {
		t.Errorf("changed %v, error %v", changed, err)
	}
}

func TestRunAnswersInOrder(t *testing.T) {
	in := `{"id":"1","channel":"qr","title":"暖气不热","text":"","time":"2026-12-01 09:00"}` + "\n" +
		`{"id":"2","channel":"qr","title":"你好","text":"","time":""}`
	var out bytes.Buffer
	if err := rules.Run(load(t, contest), strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	want := `{"id":"1","category":"","kind":"help","urgency":"normal","topic":"","department":"heating","co":[],"rule":"甲","matched":["甲"],"confidence":0.95}
{"id":"2","category":"","kind":"help","urgency":"normal","topic":"","department":"","co":[],"rule":"","matched":[],"confidence":0}
`
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
}

func TestDecideIsSafeAndTheSame(t *testing.T) {
	set := baiyin(t)
	s := said("小区暖气冰凉", "物业公司不管，供热公司也不管")
	want, _ := json.Marshal(set.Decide(s))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if got, _ := json.Marshal(set.Decide(s)); !bytes.Equal(got, want) {
					t.Errorf("got %s\nwant %s", got, want)
					return
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkDecide(b *testing.B) {
	set := baiyin(b)
	s := said("小区暖气冰凉", strings.Repeat("小区物业公司不管，供热公司也不管，业主打电话投诉没有人接，孩子上学也冷。", 9))
	for b.Loop() {
		set.Decide(s)
	}
}
