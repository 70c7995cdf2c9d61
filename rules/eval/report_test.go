package eval_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules/eval"
)

// TestTheMatrixAddsUp checks on random answers that every case is counted once
// and that shares come from the counts beside them.
func TestTheMatrixAddsUp(t *testing.T) {
	leads := []hub.DepartmentCode{"", "urban", "housing", "transport"}
	rapid.Check(t, func(t *rapid.T) {
		set, labels, right, decided := byTitle{}, []eval.Label(nil), 0, 0
		for i := range rapid.IntRange(1, 60).Draw(t, "cases") {
			title := fmt.Sprint("事", i)
			got := rapid.SampledFrom(leads).Draw(t, "got")
			want := rapid.SliceOfNDistinct(rapid.SampledFrom(leads[1:]), 1, 3, rapid.ID).Draw(t, "want")
			set[title] = hub.Decision{Lead: got, Rule: hub.RuleID("规则-" + string(got)), Confidence: rapid.Float64Range(0, 1).Draw(t, "c")}
			labels = append(labels, eval.Label{ID: title, Departments: want, Case: &hub.Submission{Content: hub.Content{Title: title}}})
			if got != "" {
				decided++
			}
			for _, w := range want {
				if w == got {
					right++
				}
			}
		}
		r := eval.Evaluate(set, labels, nil, nil)
		d := r.Departments
		if d.Labelled != len(labels) || d.Decided != decided || d.Right != right {
			t.Fatalf("%+v; counted %d, %d decided, %d right", d, len(labels), decided, right)
		}
		labelled, said, hit, confused := 0, 0, 0, 0
		for _, c := range d.Classes {
			labelled, said, hit = labelled+c.Labelled, said+c.Said, hit+c.Right
			if c.Precision < 0 || c.Precision > 1 || c.Recall < 0 || c.Recall > 1 || c.Right > min(c.Labelled, c.Said) {
				t.Fatalf("class %+v", c)
			}
		}
		for _, c := range d.Confusion {
			confused += c.Cases
		}
		if labelled != len(labels) || said != decided || hit != right || confused != len(labels)-right {
			t.Fatalf("classes %d/%d/%d, confusion %d of %+v", labelled, said, hit, confused, d)
		}
		wrong := 0
		for _, k := range r.Rules {
			wrong += k.Wrong
		}
		if wrong != decided-right || len(r.Worst) > 20 {
			t.Fatalf("rules count %d wrong, worst lists %d", wrong, len(r.Worst))
		}
		for i := 1; i < len(r.Worst); i++ {
			if r.Worst[i].Confidence > r.Worst[i-1].Confidence {
				t.Fatalf("worst is not in order: %+v", r.Worst)
			}
		}
	})
}

func TestAReportOfNothingIsEmptyButWhole(t *testing.T) {
	r := eval.Evaluate(byTitle{}, nil, nil, nil)
	if r.Category != nil || r.Departments != nil || r.Worst == nil {
		t.Errorf("report %+v", r)
	}
	data, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(data), `"worst":[]`) {
		t.Errorf("%s, %v", data, err)
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil || text.String() != "评测 0 件\n" {
		t.Errorf("text %q, %v", text.String(), err)
	}
}

func TestTextNamesRulesMistakesAndFolds(t *testing.T) {
	set := byTitle{"路灯": {Lead: "police", Rule: "公安-001", Confidence: 0.9, Class: hub.Class{Category: "其他"}}}
	r := eval.Evaluate(set, read(t, `{"id":"1","title":"路灯","department":"urban","category":"城乡建设"}`), nil, nil)
	r.Missing = 2
	r.Folds = &eval.Folded{Folds: 10, Labelled: 200, Right: 190, Accuracy: 0.95, AsWritten: 0.94, StrictRight: 182, Strict: 0.91}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"另有 2 条标注找不到来件", "公安-001", "对 0 错 1", "主办 应为 urban，判成 police（公安-001）", "类别 应为 城乡建设，判成 其他",
		"190/200 = 95.0%", "182/200 = 91.0%",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}

func TestDepartmentsAreReadHoweverTheyAreParted(t *testing.T) {
	for _, text := range []string{
		"7\turban,housing", "7\turban housing", "7\turban；housing", "7\turban、housing，urban",
		`{"id":"7","departments":["urban","housing"]}`, `{"id":7,"department":"urban、housing"}`, `{"留言编号":"7","主办":"urban,housing"}`,
	} {
		l := read(t, text)[0]
		if l.ID != "7" || len(l.Departments) < 2 || l.Departments[0] != "urban" || l.Departments[1] != "housing" {
			t.Errorf("%s: %+v", text, l)
		}
	}
}

func TestTheLineNumberCountsEmptyLines(t *testing.T) {
	_, err := eval.ReadCases(strings.NewReader("\n{\"id\":\"1\",\"title\":\"好\"}\n\n# 说明\nbad\n"))
	if e, ok := errors.AsType[*hub.Error](err); !ok || len(e.Args) != 1 || e.Args[0] != 5 {
		t.Errorf("error %+v", err)
	}
}

// TestACaseWithoutTitleIsJudgedAsAtIntake gives it the headline that intake
// gives.
func TestACaseWithoutTitleIsJudgedAsAtIntake(t *testing.T) {
	cases, err := eval.ReadCases(strings.NewReader(`{"id":"1","text":"路灯坏了\n三天没修"}`))
	if err != nil || cases[0].Title != "路灯坏了" || cases[0].Channel != "netizen" {
		t.Errorf("case %+v, %v", cases, err)
	}
}

func TestTheFirstOfTwoCasesWithOneNumberCounts(t *testing.T) {
	cases, _ := eval.ReadCases(strings.NewReader("{\"id\":\"1\",\"title\":\"甲\"}\n{\"id\":\"1\",\"title\":\"乙\"}"))
	r := eval.Evaluate(byTitle{"甲": {Lead: "urban"}, "乙": {Lead: "police"}}, read(t, "1\turban"), cases, nil)
	if r.Departments.Right != 1 {
		t.Errorf("report %+v", r.Departments)
	}
}
