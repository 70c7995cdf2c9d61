package rules

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules/formula"
)

// An Explanation (解释) says why a submission was decided so. It is computed by
// the same code that decides, with nothing skipped.
type Explanation struct {
	Decision hub.Decision `json:"decision"`
	// Matched are the rules that hold, in order of stage and rank.
	Matched []Trace `json:"matched"`
	// Near are rules of which one condition alone does not hold, best first.
	Near []Trace `json:"near"`
}

// The verdicts of a Trace.
const (
	Taken    = "taken"    // 采用
	Outdone  = "outdone"  // 未采用: another rule ranks higher
	Conflict = "conflict" // 冲突: another department ranks the same
	Missed   = "missed"   // 未命中
)

// A Trace is one rule and what became of its conditions.
type Trace struct {
	Rule       hub.RuleID         `json:"rule"`
	Name       string             `json:"name,omitempty"`
	Stage      string             `json:"stage"`
	Priority   int                `json:"priority"`
	Department hub.DepartmentCode `json:"department,omitempty"`
	Verdict    string             `json:"verdict"`
	Clauses    []Clause           `json:"clauses"`
}

// A Clause is one condition of a rule and what was seen.
type Clause struct {
	Text   string    `json:"text"` // as its author wrote it
	Unless bool      `json:"unless,omitempty"`
	Holds  bool      `json:"holds"` // what the rule wants of it is so
	Seen   string    `json:"seen"`  // Chinese sentence
	Hits   []hub.Hit `json:"hits,omitempty"`
	Kids   []Clause  `json:"kids,omitempty"` // of 且 and 或
}

// nearest bounds Explanation.Near.
const nearest = 5

// Explain decides s and says why.
func (x *Set) Explain(s *hub.Submission) Explanation {
	m := x.pool.Get().(*memory)
	defer x.pool.Put(m)
	x.begin(m, s)
	m.Know()
	d := &decision{x: x, m: m}
	d.RuleSet = x.hash
	e := Explanation{Matched: []Trace{}, Near: []Trace{}}
	d.classify()
	x.trace(d, 0, &e)
	d.route()
	x.trace(d, 1, &e)
	d.finish()
	x.trace(d, 2, &e)
	e.Decision = d.Decision
	for i := range e.Matched {
		e.Matched[i].Verdict = verdict(&e.Matched[i], &e.Decision)
	}
	slices.SortStableFunc(e.Near, func(a, b Trace) int {
		return cmp.Or(cmp.Compare(b.evidence(), a.evidence()), cmp.Compare(b.Priority, a.Priority))
	})
	e.Near = e.Near[:min(nearest, len(e.Near))]
	m.end()
	return e
}

// Survey traces every rule on s, in the order of Rules, without the index.
func (x *Set) Survey(s *hub.Submission) (hub.Decision, []Trace) {
	m := x.pool.Get().(*memory)
	defer x.pool.Put(m)
	x.begin(m, s)
	m.Know()
	d := &decision{x: x, m: m}
	d.RuleSet = x.hash
	out := make([]Trace, len(x.rules))
	phase := func(p int) {
		for i := range x.rules {
			if x.rules[i].stage.phase() == p {
				out[i] = x.traceRule(m, &x.rules[i])
			}
		}
	}
	d.classify()
	phase(0)
	d.route()
	phase(1)
	d.finish()
	phase(2)
	for _, k := range d.Matches {
		for i := range out {
			if out[i].Rule == k.Rule {
				out[i].Verdict = verdict(&out[i], &d.Decision)
			}
		}
	}
	m.end()
	return d.Decision, out
}

// Holds reports whether every clause of t holds.
func (t *Trace) Holds() bool {
	return !slices.ContainsFunc(t.Clauses, func(c Clause) bool { return !c.Holds })
}

// Failed is the first clause of t that does not hold, nil if all do.
func (t *Trace) Failed() *Clause {
	if i := slices.IndexFunc(t.Clauses, func(c Clause) bool { return !c.Holds }); i >= 0 {
		return &t.Clauses[i]
	}
	return nil
}

func verdict(t *Trace, d *hub.Decision) string {
	switch {
	case t.Department == "" || t.Rule == d.Rule:
		return Taken
	case d.Lead == "" && slices.Contains(d.Candidates, t.Department):
		return Conflict
	}
	return Outdone
}

// trace adds the rules of a phase to e.
func (x *Set) trace(d *decision, phase int, e *Explanation) {
	var grids []int
	for i := range x.rules {
		r := &x.rules[i]
		if r.stage.phase() != phase || !r.in(d.m.sub.SubmittedAt) {
			continue
		}
		t := x.traceRule(d.m, r)
		failed := 0
		for _, c := range t.Clauses {
			if !c.Holds {
				failed++
			}
		}
		switch {
		case failed == 0 && slices.Contains(grids, r.grid): // an earlier row of the table counts
		case failed == 0:
			e.Matched = append(e.Matched, t)
			if r.grid > 0 {
				grids = append(grids, r.grid)
			}
		case failed == 1 && t.evidence() > 0:
			e.Near = append(e.Near, t)
		}
	}
}

// evidence counts the conditions that something in the text speaks for.
func (t *Trace) evidence() int {
	n := 0
	for _, c := range t.Clauses {
		if c.Holds && (len(c.Hits) > 0 || len(c.Kids) > 0) && !c.Unless {
			n++
		}
	}
	return n
}

func (x *Set) traceRule(m *memory, r *rule) Trace {
	t := Trace{
		Rule: r.id, Name: r.name, Stage: r.stage.String(), Priority: r.priority,
		Department: r.lead, Verdict: Missed,
	}
	for _, f := range r.yes.Parts(formula.And) {
		t.Clauses = append(t.Clauses, x.clause(m, f))
	}
	if r.not == nil {
		return t
	}
	for _, f := range r.not.Parts(formula.Or) {
		c := x.clause(m, f)
		c.Unless, c.Holds = true, !c.Holds
		t.Clauses = append(t.Clauses, c)
	}
	return t
}

func (x *Set) clause(m *memory, f *formula.Form) Clause {
	c := Clause{Text: f.Text, Holds: m.Holds(f)}
	switch {
	case f.Op == formula.Not && f.Text == "":
		k := x.clause(m, f.Kids[0])
		c.Text, c.Seen, c.Hits, c.Kids = "非 "+k.Text, k.Seen, k.Hits, k.Kids
	case f.Text != "":
		words := f.Keywords(x.index.Atoms(), true, nil)
		slices.Sort(words)
		c.Hits = m.Where(slices.Compact(words))
		c.Seen = x.seen(m, f, c)
	case f.Op == formula.And || f.Op == formula.Or:
		join := map[formula.Op]string{formula.And: " 且 ", formula.Or: " 或 "}[f.Op]
		for i, g := range f.Parts(f.Op) {
			k := x.clause(m, g)
			if i > 0 {
				c.Text += join
			}
			c.Text += k.Text
			c.Hits = append(c.Hits, k.Hits...)
			c.Kids = append(c.Kids, k)
		}
		c.Text = "(" + c.Text + ")"
	default:
		c.Text = strconv.FormatBool(f.Op == formula.True)
	}
	return c
}

// seen says what the text has of f.
func (x *Set) seen(m *memory, f *formula.Form, c Clause) string {
	if len(f.About) > 0 {
		said := make([]string, len(f.About))
		for i, n := range f.About {
			said[i] = n + "：" + cmp.Or(x.valueOf(m, n), "没有")
		}
		return strings.Join(said, "，")
	}
	if len(c.Hits) == 0 {
		return "没有出现"
	}
	var said []string
	for i, h := range c.Hits {
		if i == 3 {
			said = append(said, fmt.Sprintf("等 %d 个词", len(c.Hits)))
			break
		}
		where := "正文"
		if h.Field == "title" {
			where = "标题"
		}
		said = append(said, fmt.Sprintf("“%s”在%s第 %d 字", h.Word, where, h.Rune+1))
	}
	if !c.Holds {
		said = append(said, "但不符合")
	}
	return strings.Join(said, "，")
}

// valueOf writes the present value of a field.
func (x *Set) valueOf(m *memory, name string) string {
	switch name {
	case "采暖期":
		return x.season.at(m.sub.SubmittedAt)
	case "工作时间":
		if m.Facts.Working {
			return "是"
		}
		return "否"
	case "标签":
		return strings.Join(m.Facts.Tags, "、")
	case "时间":
		if m.sub.SubmittedAt.IsZero() {
			return ""
		}
		return m.sub.SubmittedAt.In(hub.China()).Format("2006-01-02 15:04")
	case "标题":
		return m.Facts.Title
	case "正文", "全文":
		return fmt.Sprintf("%d 字", int(m.Facts.Length))
	}
	if f, ok := formula.FieldNamed(name); ok {
		return x.lifter.Said(f, m.Facts.Value(f))
	}
	if v := m.Facts.Number(name); !math.IsNaN(v) {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}
