package eval_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/eval"
)

// byTitle decides by the title: "" goes to the sorting desk.
type byTitle map[string]hub.Decision

func (b byTitle) Decide(s *hub.Submission) hub.Decision { return b[s.Title] }

func read(t *testing.T, text string) []eval.Label {
	t.Helper()
	labels, err := eval.ReadLabels(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return labels
}

func TestLabelsComeInThreeForms(t *testing.T) {
	labels := read(t, "\ufeff{\"留言编号\":\"24\",\"留言主题\":\"占道施工\",\"留言详情\":\"围墙\",\"一级分类\":\"城乡建设\",\"留言时间\":\"2020/1/6 12:09:38\"}\n"+
		"# 人工标注\n\n"+
		`{"id":7,"departments":["transport","police"],"department":"police"}`+"\n"+
		"20505\ttransport, traffic_police\n")
	if len(labels) != 3 {
		t.Fatalf("labels: %+v", labels)
	}
	a, b, c := labels[0], labels[1], labels[2]
	if a.ID != "24" || a.Category != "城乡建设" || a.Case == nil || a.Case.Title != "占道施工" || a.Case.SubmittedAt.Day() != 6 {
		t.Errorf("board label %+v", a)
	}
	if b.ID != "7" || len(b.Departments) != 2 || b.Case != nil {
		t.Errorf("JSON label %+v", b)
	}
	if c.ID != "20505" || len(c.Departments) != 2 || c.Departments[1] != "traffic_police" {
		t.Errorf("TSV label %+v", c)
	}
}

func TestABadLineIsNamed(t *testing.T) {
	for _, text := range []string{"{}\n", "1\tx\n{\"id\":", "1\tx\nno tab here"} {
		_, err := eval.ReadLabels(strings.NewReader(text))
		if hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestATimeThatNobodyCanReadIsLeftOut(t *testing.T) {
	cases, err := eval.ReadCases(strings.NewReader(`{"id":"1","title":"路灯","time":"前天"}` + "\n" + `{"id":"2","title":"路灯","time":"4/8/19 08:37"}`))
	if err != nil || !cases[0].SubmittedAt.IsZero() || cases[1].SubmittedAt.Year() != 2019 {
		t.Errorf("cases %+v, %v", cases, err)
	}
}

func TestEvaluateCountsAndNamesTheWorst(t *testing.T) {
	set := byTitle{
		"公交": {Lead: "transport", Rule: "交通-001", Confidence: 0.95, Class: hub.Class{Category: "交通运输"}},
		"路灯": {Lead: "transport", Rule: "交通-002", Confidence: 0.5, Class: hub.Class{Category: "城乡建设"}},
		"噪音": {Lead: "urban", Rule: "交通-002", Confidence: 0.9, Class: hub.Class{Category: "环境保护"}},
		"不明": {Class: hub.Class{Category: "其他"}},
	}
	labels := read(t, `{"id":"1","title":"公交","department":"traffic_police,transport","category":"交通运输"}
{"id":"2","title":"路灯","department":"urban","category":"城乡建设"}
{"id":"3","title":"噪音","department":"environment","category":"环境保护"}
{"id":"4","department":"civil","category":"民政"}
{"id":"5","department":"civil"}`)
	cases, _ := eval.ReadCases(strings.NewReader(`{"id":"4","title":"不明"}`))
	r := eval.Evaluate(set, labels, cases, func(s string) string { return "*" + s })

	if r.Cases != 4 || r.Missing != 1 {
		t.Errorf("cases %d, missing %d", r.Cases, r.Missing)
	}
	d := r.Departments
	if d.Labelled != 4 || d.Decided != 3 || d.Right != 1 || d.DecidedShare != 0.75 || d.Accuracy != 1.0/3 {
		t.Errorf("departments %+v", d)
	}
	if r.Category.Right != 3 || r.Category.Accuracy != 0.75 {
		t.Errorf("category %+v", r.Category)
	}
	if w := r.Worst[0]; w.ID != "3" || w.Want != "environment" || w.Got != "urban" || w.Title != "*噪音" {
		t.Errorf("worst %+v", r.Worst)
	}
	if k := r.Rules[0]; k.Rule != "交通-002" || k.Wrong != 2 || k.Right != 0 {
		t.Errorf("rules %+v", r.Rules)
	}
	for _, c := range d.Classes {
		if c.Name == "transport" && (c.Said != 2 || c.Right != 1 || c.Precision != 0.5 || c.Recall != 1) {
			t.Errorf("an equally acceptable department counts as right: %+v", c)
		}
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "判定 3/4 = 75.0%") ||
		!strings.Contains(text.String(), "civil → （分拨岗）") {
		t.Errorf("text %v\n%s", err, text.String())
	}
}

// TestFoldsDoNotLearnFromWhatTheyMeasure gives every case a word of its own:
// whoever learns from the held fold too would be right everywhere.
func TestFoldsDoNotLearnFromWhatTheyMeasure(t *testing.T) {
	const file = `版本: 1
负责人: 张三
打分:
  - 编号: 分类词
    目标: 类别
    标题倍数: 5
    词:
      城乡建设: {10: [路灯], 1: [甲, 乙, 丙, 丁]}
      教育文体: {10: [学校]}
`
	var lines []string
	for i, w := range strings.Fields("甲 乙 丙 丁") {
		lines = append(lines, `{"id":"`+w+`","title":"`+w+`","category":"教育文体"}`,
			`{"id":"x`+w+`","title":"路灯`+strings.Repeat("坏", i)+`","category":"城乡建设"}`)
	}
	f, err := eval.Folds(fstest.MapFS{"a.yaml": {Data: []byte(file)}}, nil, read(t, strings.Join(lines, "\n")), 4)
	if err != nil {
		t.Fatal(err)
	}
	if f.Labelled != 8 || f.Words != 6 || f.AsWritten != 0.5 {
		t.Errorf("folds %+v", f)
	}
	if f.Right != 4 || f.StrictRight > 4 {
		t.Errorf("%d right by words that only the held fold has: %+v", f.Right, f)
	}
	if _, err := eval.Folds(fstest.MapFS{"a.yaml": {Data: []byte(file)}}, nil, nil, 4); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("folds of nothing: %v", err)
	}
}

// TestBaiyinMeetsItsBars measures the city's rules on real messages: the
// categories as published, and our hand check of who really acted.
func TestBaiyinMeetsItsBars(t *testing.T) {
	dir := os.DirFS("../../configs/baiyin/rules")
	set, err := rules.Load(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	labelled := open(t, "labelled.jsonl")
	labels, err := eval.ReadLabels(labelled)
	if err != nil {
		t.Fatal(err)
	}
	if c := eval.Evaluate(set, labels, nil, nil).Category; c.Accuracy < 0.90 {
		t.Errorf("category accuracy %.3f", c.Accuracy)
	}
	cases, err := eval.ReadCases(open(t, "replied.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	checked, err := os.Open("testdata/departments.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = checked.Close() }()
	if labels, err = eval.ReadLabels(checked); err != nil {
		t.Fatal(err)
	}
	d := eval.Evaluate(set, labels, cases, nil).Departments
	t.Logf("decided %d of %d, right %d = %.3f", d.Decided, d.Labelled, d.Right, d.Accuracy)
	if d.Accuracy < 0.90 || d.DecidedShare < 0.85 {
		t.Errorf("hand check: right %.3f of the decided, decided %.3f", d.Accuracy, d.DecidedShare)
	}
}

func open(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join("../../../shared/data", name))
	if err != nil {
		t.Skipf("history is not beside the checkout: %v", err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}
