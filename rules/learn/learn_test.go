package learn_test

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/learn"
)

func folder(text string) fs.FS {
	return fstest.MapFS{"规则.yaml": {Data: []byte("版本: 1\n负责人: 张三\n" + text)}}
}

const base = `部门: {交通运输: transport, 城管: urban, 住建: housing}
规则:
  - {编号: 城管-001, 名称: 路灯, 当: '标题含("路灯")', 则: {主办: 城管}, 优先: 50}
`

func said(id, title string, want ...hub.DepartmentCode) learn.Case {
	s := &hub.Submission{Content: hub.Content{Title: title, Text: "电话" + id + "，请处理"}, ExternalID: id, Channel: "qr"}
	return learn.Case{Submission: s, Want: want}
}

func history() []learn.Case {
	return []learn.Case{
		said("1", "张家村的校巴不来", "transport"), said("2", "早上校巴太挤", "transport"),
		said("3", "校巴路线", "transport"), said("4", "校巴站牌旧了", "transport"),
		said("5", "路灯坏了", "urban"), said("6", "巷口路灯不亮", "urban"),
		said("7", "巷子里垃圾多", "urban"), said("8", "李家庄独有的事", "housing"),
		said("9", "路灯杆撞校车", "urban"),
	}
}

func TestDraftProposesWordsThatSeveralCasesShare(t *testing.T) {
	list, err := learn.Draft(folder(base), nil, history(), learn.Options{Mask: func(s string) string {
		return strings.ReplaceAll(s, "电话", "**")
	}})
	if err != nil || len(list) != 1 {
		t.Fatalf("proposals %+v, %v", list, err)
	}
	p := list[0]
	if p.Department != "transport" || !p.Accepted || p.Proof.Fixed != 4 || p.Proof.Broken != 0 {
		t.Errorf("proposal %+v", p)
	}
	if w := p.Words[0]; w.Text != "校巴" || w.Gain != 4 || w.Right != 4 || w.Wrong != 0 || w.LogOdds <= 0 || w.Chi2 < 3.8 {
		t.Errorf("word %+v", w)
	}
	for _, want := range []string{"主办: 交通运输", `标题含("校巴")`, "多派对 4", "**"} {
		if !strings.Contains(p.YAML, want) {
			t.Errorf("no %q in\n%s", want, p.YAML)
		}
	}
	if strings.Contains(p.YAML, "电话") {
		t.Error("an example is not masked")
	}
}

// TestADraftIsARuleFile loads what Draft writes beside the rules that it was
// made for.
func TestADraftIsARuleFile(t *testing.T) {
	list, err := learn.Draft(folder(base), nil, history(), learn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	both := fstest.MapFS{
		"规则.yaml": {Data: []byte("版本: 1\n负责人: 张三\n" + base)},
		"草案.yaml": {Data: []byte(list[0].YAML)},
	}
	set, err := rules.Load(both, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range set.Examples() {
		d := set.Decide(e.Submission)
		if hit := slices.ContainsFunc(d.Matches, func(m hub.Match) bool { return m.Rule == e.Rule }); hit != e.Hit {
			t.Errorf("example in line %d: hit %v, want %v", e.Line, hit, e.Hit)
		}
	}
}

func TestDraftSaysWhyItDoesNotRecommend(t *testing.T) {
	// A rule of higher priority takes the same cases: the proposal changes nothing.
	wrong := base + `  - {编号: 住建-001, 名称: 校巴, 当: '标题含("校巴")', 则: {主办: 住建}, 优先: 90}
`
	list, err := learn.Draft(folder(wrong), nil, history(), learn.Options{})
	if err != nil || len(list) != 1 || list[0].Accepted || !strings.Contains(list[0].Reason, "什么也没有改变") {
		t.Errorf("proposals %+v, %v", list, err)
	}
}

func TestDraftNeverTakesAWordOfTwoCases(t *testing.T) {
	cases := []learn.Case{said("1", "校巴不来", "transport"), said("2", "校巴太挤", "transport")}
	list, err := learn.Draft(folder(base), nil, cases, learn.Options{Min: 1})
	if err != nil || len(list) != 0 {
		t.Errorf("proposals %+v, %v", list, err)
	}
}

func TestDraftRefusesAFolderThatDoesNotLoad(t *testing.T) {
	_, err := learn.Draft(folder("规则:\n  - {编号: 甲, 当: 乱写(, 则: {主办: urban}}\n"), nil, history(), learn.Options{})
	if _, ok := errors.AsType[*hub.Error](err); !ok {
		t.Errorf("error %v", err)
	}
}

const scored = `打分:
  - 编号: 分类词
    目标: 类别
    标题倍数: 3
    词:
      城乡建设: {10: [路灯, 道路], -4: [学校]}
      教育文体: {10: [学校], 3: [道路]}
`

func TestFitMovesWeightsTowardsTheCasesAndOverlayKeepsTheRest(t *testing.T) {
	fsys := folder(base + scored)
	table, err := learn.ReadTable(fsys, "类别")
	if err != nil || table.Words() != 3 {
		t.Fatalf("table %+v, %v", table, err)
	}
	// History says that 道路 belongs to the schools.
	var cases []*hub.Submission
	var labels []string
	for range 20 {
		cases, labels = append(cases, said("1", "道路").Submission), append(labels, "教育文体")
	}
	before, after := decide(t, fsys, "道路"), ""
	for _, o := range []learn.Fit{learn.Gently(), {Epochs: 60, Rate: 1, Keep: 0.001, Scale: 0.1}} {
		over, err := table.Fit(cases, labels, o).Overlay(fsys)
		if err != nil {
			t.Fatal(err)
		}
		after = decide(t, over, "道路")
		if d := decide(t, over, "路灯"); d != "城乡建设" {
			t.Errorf("路灯 became %s", d)
		}
	}
	if before != "城乡建设" || after != "教育文体" {
		t.Errorf("道路 was %s and became %s", before, after)
	}
	if d := decide(t, fsys, "道路"); d != before {
		t.Error("Fit changed the table that it was given")
	}
}

func TestSeenLeavesOutWordsThatNoCaseHas(t *testing.T) {
	fsys := folder(base + scored)
	table, _ := learn.ReadTable(fsys, "类别")
	o := learn.Gently()
	o.Seen = true
	over, err := table.Fit([]*hub.Submission{said("1", "道路").Submission}, []string{"城乡建设"}, o).Overlay(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if d := decide(t, over, "路灯"); d != "" && d != "其他" {
		t.Errorf("a word that no case has still says %s", d)
	}
	if _, err := learn.ReadTable(folder(base), "类别"); err == nil {
		t.Error("found a table where there is none")
	}
}

func decide(t *testing.T, fsys fs.FS, title string) string {
	t.Helper()
	set, err := rules.Load(fsys, nil)
	if err != nil {
		t.Fatal(err)
	}
	return set.Decide(said("1", title).Submission).Class.Category
}

// log is a history of events.
type log []hub.Event

func (l log) Routing(_ context.Context, _ time.Time, each func(hub.Event) error) error {
	for _, e := range l {
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}

func sent(id hub.CaseID, rule hub.RuleID, lead hub.DepartmentCode) hub.Event {
	return hub.Event{Case: id, Type: hub.Assigned, Data: hub.Data{Lead: lead, Decision: &hub.Decision{Rule: rule, Lead: lead}}}
}

func again(id hub.CaseID, lead hub.DepartmentCode) hub.Event {
	return hub.Event{Case: id, Type: hub.Assigned, Data: hub.Data{Lead: lead}}
}

func back(id hub.CaseID, from hub.DepartmentCode) hub.Event {
	return hub.Event{Case: id, Type: hub.SentBack, Data: hub.Data{Department: from}}
}

func TestOutcomesFollowACaseToWhereItEnds(t *testing.T) {
	got, err := learn.Outcomes(t.Context(), log{
		sent("1", "甲", "urban"),
		sent("2", "甲", "urban"), back("2", "urban"), again("2", "housing"),
		sent("3", "甲", "urban"), back("3", "housing"), // a co-department sends back
		sent("4", "甲", "urban"), back("4", "urban"), again("4", "urban"), // the desk insists
		sent("5", "甲", "urban"), back("5", "urban"), // still at the desk
		again("6", "urban"), // placed by a clerk
	}, time.Time{})
	want := []learn.Outcome{
		{Case: "1", Rule: "甲", Lead: "urban", Final: "urban"},
		{Case: "2", Rule: "甲", Lead: "urban", Final: "housing", SentBack: true},
		{Case: "3", Rule: "甲", Lead: "urban", Final: "urban"},
		{Case: "4", Rule: "甲", Lead: "urban", Final: "urban", Insisted: true},
		{Case: "5", Rule: "甲", Lead: "urban", Final: "urban", SentBack: true},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("outcomes %+v, %v", got, err)
	}
	s := learn.Score(got, nil)
	if len(s) != 1 || s[0].Right != 3 || s[0].SentBack != 2 || s[0].Rerouted != 1 || s[0].Goes[0] != (learn.Goes{To: "housing", Cases: 1}) {
		t.Errorf("score %+v", s)
	}
	if !s[0].Small || s[0].Verdict != learn.TooFew {
		t.Errorf("five cases got a verdict: %+v", s[0])
	}
}

func TestScoreJudgesOnlyWithEnoughCases(t *testing.T) {
	var list []learn.Outcome
	add := func(rule hub.RuleID, right, wrong int) {
		for i := range right + wrong {
			o := learn.Outcome{Rule: rule, Lead: "urban"}
			if i >= right {
				o.Final = "housing"
			}
			list = append(list, o)
		}
	}
	add("好", 38, 2)
	add("中", 20, 20)
	add("坏", 1, 39)
	add("少", 1, 3)
	s := learn.Score(list, nil)
	var order []string
	for _, k := range s {
		order = append(order, string(k.Rule)+":"+string(k.Verdict))
		if k.Low > k.Precision || k.High < k.Precision {
			t.Errorf("the interval does not hold the share: %+v", k)
		}
	}
	if want := "坏:retire 中:tune 好:keep 少:few"; strings.Join(order, " ") != want {
		t.Errorf("order %v, want %s", order, want)
	}
}

func TestOutcomesAreReadFromFiles(t *testing.T) {
	got, err := learn.ReadOutcomes(strings.NewReader(`{"case":"1","rule":"甲","lead":"urban","final":"housing"}

{"case":"2","seq":1,"type":"assigned","at":"2026-11-24T00:00:00Z","data":{"lead":"urban","decision":{"rule":"乙","lead":"urban"}}}
{"case":"2","seq":2,"type":"sent_back","at":"2026-11-24T01:00:00Z","data":{"department":"urban"}}
`))
	if err != nil || len(got) != 2 || got[0].Final != "housing" || got[1].Rule != "乙" || !got[1].SentBack {
		t.Errorf("outcomes %+v, %v", got, err)
	}
	for _, bad := range []string{`{"case":"1"}`, `not json`, `{"type":"assigned","data":7}`} {
		if _, err := learn.ReadOutcomes(strings.NewReader(bad)); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
