package learn_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/learn"
)

// TestDraftTellsTheTruth drafts from random histories and counts again, the
// slow way, what every proposal says of itself.
func TestDraftTellsTheTruth(t *testing.T) {
	words := []string{"校巴", "路灯", "皮影棚", "垃圾", "井盖", "花坛", "巷口"}
	leads := []hub.DepartmentCode{"transport", "urban", "housing"}
	set, err := rules.Load(folder(base), nil)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		var cases []learn.Case
		for i := range rapid.IntRange(1, 40).Draw(t, "cases") {
			w := rapid.SampledFrom(words).Draw(t, "word") + rapid.SampledFrom(words).Draw(t, "other")
			cases = append(cases, said(fmt.Sprint(i), w, rapid.SampledFrom(leads).Draw(t, "lead")))
		}
		list, err := learn.Draft(folder(base), nil, cases, learn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			check(t, set, cases, p)
		}
	})
}

func check(t *rapid.T, set *rules.Set, cases []learn.Case, p learn.Proposal) {
	rightBefore := 0
	for _, c := range cases {
		if slices.Contains(c.Want, set.Decide(c.Submission).Lead) {
			rightBefore++
		}
	}
	if q := p.Proof; q.Cases != len(cases) || q.RightBefore != rightBefore || q.RightAfter != rightBefore+q.Fixed-q.Broken {
		t.Fatalf("proof %+v, right before %d of %d", q, rightBefore, len(cases))
	}
	if p.Accepted && p.Proof.Fixed == 0 {
		t.Fatalf("accepted without use: %+v", p)
	}
	for _, w := range p.Words {
		right, wrong := 0, 0
		for _, c := range cases {
			switch {
			case !strings.Contains(c.Title, w.Text):
			case slices.Contains(c.Want, p.Department):
				right++
			default:
				wrong++
			}
		}
		if right != w.Right || wrong != w.Wrong || right < 3 || w.Gain > right {
			t.Fatalf("word %+v, counted %d right, %d wrong", w, right, wrong)
		}
	}
}

func TestDraftSaysTheSameTwice(t *testing.T) {
	a, err := learn.Draft(folder(base), nil, history(), learn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if b, _ := learn.Draft(folder(base), nil, history(), learn.Options{}); !reflect.DeepEqual(a, b) {
			t.Fatalf("%+v\nthen %+v", a, b)
		}
	}
}

func TestDraftTakesTheWholeWordAndNoPlace(t *testing.T) {
	var cases []learn.Case
	for i := range 4 {
		cases = append(cases, said(fmt.Sprint(i), "咨询A7县泉塘街道皮影棚何时开放", "culture"))
	}
	list, err := learn.Draft(folder(base), nil, cases, learn.Options{Words: 20})
	if err != nil || len(list) != 1 {
		t.Fatalf("proposals %+v, %v", list, err)
	}
	for _, w := range list[0].Words {
		for _, bad := range []string{"县", "咨询", "何时"} {
			if strings.Contains(w.Text, bad) {
				t.Errorf("%q is no word of the matter", w.Text)
			}
		}
	}
}

func TestDraftKeepsToItsOptions(t *testing.T) {
	var cases []learn.Case
	for i, w := range strings.Fields("皮影棚 花坛 井盖 校巴") {
		for n := range 3 {
			cases = append(cases, said(fmt.Sprint(10*i+n), w+strings.Repeat("旧", n), "culture"))
		}
	}
	list, err := learn.Draft(folder(base), nil, cases, learn.Options{Words: 2, Priority: 7})
	if err != nil || len(list) != 1 || len(list[0].Words) != 2 || !strings.Contains(list[0].YAML, "优先: 7\n") {
		t.Fatalf("proposals %+v, %v", list, err)
	}
	// 校巴 is right three times and wrong three times.
	for n := range 3 {
		cases = append(cases, said(fmt.Sprint(100+n), "校巴"+strings.Repeat("脏", n), "urban"))
	}
	list, err = learn.Draft(folder(base), nil, cases, learn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if slices.ContainsFunc(p.Words, func(w learn.Word) bool { return w.Text == "校巴" }) {
			t.Errorf("a word that is wrong half of the time is proposed for %s", p.Department)
		}
	}
}

// TestExamplesSurviveAnyText writes examples from texts that YAML would
// stumble over.
func TestExamplesSurviveAnyText(t *testing.T) {
	var cases []learn.Case
	for i, text := range []string{`他说："好: {不} #行"`, "一行\n两行\t制表", "- 破折\\反斜 'x' %", strings.Repeat("很长", 200)} {
		c := said(fmt.Sprint(i), "皮影棚"+`"漏": #雨`, "culture")
		c.Text = text
		cases = append(cases, c)
	}
	list, err := learn.Draft(folder(base), nil, cases, learn.Options{})
	if err != nil || len(list) != 1 || !list[0].Accepted {
		t.Fatalf("proposals %+v, %v", list, err)
	}
	if strings.Count(list[0].YAML, "中:") != 3 {
		t.Errorf("two examples that hit and one that misses are wanted:\n%s", list[0].YAML)
	}
}

func TestNothingToLearnIsNoError(t *testing.T) {
	for name, cases := range map[string][]learn.Case{
		"no case":         nil,
		"all right":       {said("1", "路灯坏了", "urban")},
		"no answer":       {said("1", "皮影棚"), said("2", "皮影棚"), said("3", "皮影棚")},
		"Latin only":      {said("1", "bus", "transport"), said("2", "bus", "transport"), said("3", "bus", "transport")},
		"single letters":  {said("1", "棚", "culture"), said("2", "棚", "culture"), said("3", "棚", "culture")},
		"empty the title": {said("1", "", "culture"), said("2", "", "culture"), said("3", "", "culture")},
	} {
		if list, err := learn.Draft(folder(base), nil, cases, learn.Options{}); err != nil || len(list) != 0 {
			t.Errorf("%s: %+v, %v", name, list, err)
		}
	}
}
