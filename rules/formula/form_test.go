package formula

import (
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

func TestAccessIsNecessary(t *testing.T) {
	a := NewAtoms()
	heat, cold, qr := a.Form(All, "暖气"), a.Form(Title, "不热"), a.Form(Channel, "qr")
	for name, c := range map[string]struct {
		f    *Form
		neg  bool
		want []int32 // nil: none
	}{
		"a keyword":                   {heat, false, []int32{heat.Atom}},
		"the rarer of two":            {AllOf(qr, cold), false, []int32{cold.Atom}},
		"both of an alternative":      {AnyOf(heat, qr), false, []int32{heat.Atom, qr.Atom}},
		"not a negation":              {heat.Negate(true), false, nil},
		"a negation negated":          {heat.Negate(true), true, []int32{heat.Atom}},
		"not not either":              {AnyOf(heat.Negate(true), cold.Negate(true)), true, []int32{cold.Atom}},
		"not an alternative of a not": {AnyOf(heat, cold.Negate(true)), false, nil},
		"a count":                     {&Form{Op: Count, N: 2, Kids: []*Form{heat, cold}}, false, []int32{heat.Atom, cold.Atom}},
		"not a count of none":         {&Form{Op: Count, N: 0, Kids: []*Form{heat}}, false, nil},
		"a near pair":                 {&Form{Op: Close, N: 3, Kids: []*Form{heat, qr}}, false, []int32{heat.Atom}},
		"a program with a hint":       {&Form{Op: Leaf, Kids: []*Form{heat}}, false, []int32{heat.Atom}},
		"not a program":               {&Form{Op: Leaf}, false, nil},
		"nothing for false":           {&Form{Op: False}, false, []int32{}},
	} {
		got, _, ok := c.f.Access(a, c.neg)
		if ok != (c.want != nil) || ok && len(got) != len(c.want) {
			t.Errorf("%s: %v %v, want %v", name, got, ok, c.want)
			continue
		}
		for i := range got {
			if ok && got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
	}
}

func TestSpecificity(t *testing.T) {
	a := NewAtoms()
	word, title := a.Form(All, "暖气"), a.Form(Title, "暖气")
	for want, f := range map[int]*Form{
		0: word.Negate(true), 1: AnyOf(word, title), 2: title, 3: {Op: Close, Kids: []*Form{word, word}}, 4: AllOf(word, title, &Form{Op: Leaf}),
	} {
		if got := f.Specificity(a); got != want {
			t.Errorf("%s: %d, want %d", f.Expr(a.List), got, want)
		}
	}
}

func TestFactsOfASubmission(t *testing.T) {
	s := &hub.Submission{
		Content: hub.Content{Title: "欠薪", Text: "我们35人，欠3万元", Extra: map[string]string{"重复次数": " 3 ", "人数": "40"}},
		Channel: "qr", SubmittedAt: time.Date(2026, 12, 6, 17, 0, 0, 0, time.UTC), // a Monday at 1 o'clock in China
	}
	var f Facts
	f.Fill(s)
	f.Read(s)
	for name, want := range map[string]float64{
		"人数": 40, "金额": 30000, "月份": 12, "小时": 1, "星期": 1, "字数": 10, "重复次数": 3,
	} {
		if got := f.Number(name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if f.All != "欠薪\n我们35人，欠3万元" || f.Value(Channel) != "qr" {
		t.Errorf("%+v", f)
	}
}

// TestLongTextsAreCut keeps the cost of a decision in bounds.
func TestLongTextsAreCut(t *testing.T) {
	var f Facts
	f.Fill(&hub.Submission{Content: hub.Content{Text: strings.Repeat("暖", MaxText)}})
	if len(f.Body) > MaxText || len(f.Body) < MaxText-3 || strings.ContainsRune(f.Body, '\ufffd') {
		t.Errorf("%d bytes", len(f.Body))
	}
}

func TestNear(t *testing.T) {
	for _, c := range []struct {
		text, a, b string
		n          int
		want       bool
	}{
		{"拖欠农民工工资", "拖欠", "工资", 3, true},
		{"拖欠农民工工资", "拖欠", "工资", 2, false},
		{"工资被拖欠", "拖欠", "工资", 1, true},
		{"拖欠工资", "拖欠", "欠工", 0, true},
		{"拖欠", "拖欠", "工资", 99, false},
	} {
		if got := Near(c.text, c.a, c.b, c.n); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
