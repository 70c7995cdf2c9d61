package eval

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
)

// A Decider decides one case; *rules.Set is one. It must be pure.
type Decider interface {
	Decide(s *hub.Submission) hub.Decision
}

// A Report (评测报告) says how well a rule set decides labelled cases.
type Report struct {
	Cases       int        `json:"cases"`   // labels that have a case
	Missing     int        `json:"missing"` // labels without one
	Category    *Measure   `json:"category,omitempty"`
	Departments *Measure   `json:"departments,omitempty"`
	Rules       []RuleTick `json:"rules,omitempty"` // by mistakes, most first
	Worst       []Mistake  `json:"worst"`           // most confident first
	Folds       *Folded    `json:"folds,omitempty"`
}

// A Measure (指标) is how well one question is answered.
type Measure struct {
	Labelled     int         `json:"labelled"`
	Decided      int         `json:"decided"`
	Right        int         `json:"right"`
	DecidedShare float64     `json:"decided_share"`
	Accuracy     float64     `json:"accuracy"` // right of the decided
	Classes      []Class     `json:"classes"`
	Confusion    []Confusion `json:"confusion"` // most frequent first
}

// A Class (类) is one value's precision and recall.
type Class struct {
	Name      string  `json:"name"`
	Labelled  int     `json:"labelled"` // cases that are of it
	Said      int     `json:"said"`     // cases that were put there
	Right     int     `json:"right"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
}

// A Confusion (混淆) counts cases that are of one class and were put into
// another; "" is the sorting desk.
type Confusion struct {
	Want  string `json:"want"`
	Got   string `json:"got"`
	Cases int    `json:"cases"`
}

// A RuleTick counts how often a rule named the lead department rightly.
type RuleTick struct {
	Rule  hub.RuleID `json:"rule"`
	Right int        `json:"right"`
	Wrong int        `json:"wrong"`
}

// A Mistake (判错) is one case that was decided wrongly.
type Mistake struct {
	ID         string     `json:"id"`
	Title      string     `json:"title"`
	Asked      string     `json:"asked"` // category or department
	Want       string     `json:"want"`
	Got        string     `json:"got"`
	Rule       hub.RuleID `json:"rule,omitempty"`
	Confidence float64    `json:"confidence"`
}

// longest list of worst mistakes in a report.
const worst = 20

// Evaluate lets set decide the cases of labels. Cases are found by id among
// cases when a label carries none itself; mask hides personal data in what
// the report quotes, nil quotes as is.
func Evaluate(set Decider, labels []Label, cases []*hub.Submission, mask func(string) string) *Report {
	if mask == nil {
		mask = func(s string) string { return s }
	}
	byID := map[string]*hub.Submission{}
	for _, c := range cases {
		if _, ok := byID[c.ExternalID]; !ok {
			byID[c.ExternalID] = c
		}
	}
	t := tally{category: newCounts(), department: newCounts(), rules: map[hub.RuleID]*RuleTick{}, mask: mask}
	r := &Report{}
	for _, l := range labels {
		if l.Case == nil {
			l.Case = byID[l.ID]
		}
		if l.Case == nil {
			r.Missing++
			continue
		}
		r.Cases++
		t.add(&l, set.Decide(l.Case))
	}
	r.Category, r.Departments = t.category.measure(), t.department.measure()
	r.Rules = slices.SortedFunc(func(yield func(RuleTick) bool) {
		for _, k := range t.rules {
			if !yield(*k) {
				return
			}
		}
	}, func(a, b RuleTick) int {
		return cmp.Or(cmp.Compare(b.Wrong, a.Wrong), cmp.Compare(b.Right, a.Right), cmp.Compare(a.Rule, b.Rule))
	})
	slices.SortStableFunc(t.wrong, func(a, b Mistake) int { return cmp.Compare(b.Confidence, a.Confidence) })
	r.Worst = append([]Mistake{}, t.wrong[:min(worst, len(t.wrong))]...)
	return r
}

// tally counts while the cases go by.
type tally struct {
	category, department *counts
	rules                map[hub.RuleID]*RuleTick
	wrong                []Mistake
	mask                 func(string) string
}

func (t *tally) add(l *Label, d hub.Decision) {
	m := Mistake{ID: l.ID, Title: t.mask(l.Case.Title), Rule: d.Rule, Confidence: d.Confidence}
	if l.Category != "" && !t.category.add(l.Category, d.Class.Category, l.Category == d.Class.Category) {
		c := m
		c.Asked, c.Want, c.Got, c.Rule = "类别", l.Category, d.Class.Category, ""
		t.wrong = append(t.wrong, c)
	}
	if len(l.Departments) == 0 {
		return
	}
	want, right := string(l.Departments[0]), slices.Contains(l.Departments, d.Lead)
	if right {
		want = string(d.Lead)
	}
	t.department.add(want, string(d.Lead), right)
	if d.Lead == "" {
		return
	}
	k := t.rules[d.Rule]
	if k == nil {
		k = &RuleTick{Rule: d.Rule}
		t.rules[d.Rule] = k
	}
	if right {
		k.Right++
		return
	}
	k.Wrong++
	m.Asked, m.Want, m.Got = "主办", join(l.Departments), string(d.Lead)
	t.wrong = append(t.wrong, m)
}

func join(list []hub.DepartmentCode) string {
	var out []string
	for _, d := range list {
		out = append(out, string(d))
	}
	return strings.Join(out, "|")
}

// counts are the cells of a confusion matrix.
type counts struct {
	cells    map[[2]string]int
	labelled int
	decided  int
	right    int
}

func newCounts() *counts { return &counts{cells: map[[2]string]int{}} }

// add counts one case and says again whether it is right.
func (c *counts) add(want, got string, right bool) bool {
	c.labelled++
	c.cells[[2]string{want, got}]++
	if got != "" {
		c.decided++
	}
	if right {
		c.right++
	}
	return right
}

func (c *counts) measure() *Measure {
	if c.labelled == 0 {
		return nil
	}
	m := &Measure{
		Labelled: c.labelled, Decided: c.decided, Right: c.right,
		DecidedShare: share(c.decided, c.labelled), Accuracy: share(c.right, c.decided),
		Confusion: []Confusion{},
	}
	classes := map[string]*Class{}
	class := func(name string) *Class {
		if classes[name] == nil {
			classes[name] = &Class{Name: name}
		}
		return classes[name]
	}
	for cell, n := range c.cells {
		class(cell[0]).Labelled += n
		if cell[1] != "" {
			class(cell[1]).Said += n
		}
		if cell[0] == cell[1] {
			class(cell[0]).Right += n
			continue
		}
		m.Confusion = append(m.Confusion, Confusion{cell[0], cell[1], n})
	}
	for _, name := range slices.Sorted(maps.Keys(classes)) {
		k := classes[name]
		k.Precision, k.Recall = share(k.Right, k.Said), share(k.Right, k.Labelled)
		m.Classes = append(m.Classes, *k)
	}
	slices.SortFunc(m.Confusion, func(a, b Confusion) int {
		return cmp.Or(cmp.Compare(b.Cases, a.Cases), cmp.Compare(a.Want, b.Want), cmp.Compare(a.Got, b.Got))
	})
	return m
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}
