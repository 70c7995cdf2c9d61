package rules

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/mashang-hub/mashang/hub"
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
	m := x.pool.Get().(*scratch)
	defer x.pool.Put(m)
	m.begin(s)
	m.know()
	d := &decision{x: x, m: m}
	d.RuleSet = x.hash
	e := Explanation{Matched: []Trace{}, Near: []Trace{}}
	d.classify()
	x.trace(m, 0, &e)
	d.route()
	x.trace(m, 1, &e)
	d.finish()
	x.trace(m, 2, &e)
	e.Decision = d.Decision
	for i := range e.Matched {
		e.Matched[i].Verdict = verdict(&e.Matched[i], &e.Decision)
	}
	slices.SortStableFunc(e.Near, func(a, b Trace) int {
		return cmp.Or(cmp.Compare(b.evidence(), a.evidence()), cmp.Compare(b.Priority, a.Priority))
	})
	e.Near = e.Near[:min(nearest, len(e.Near))]
	m.sub, m.env = nil, env{}
	return e
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
func (x *Set) trace(m *scratch, phase int, e *Explanation) {
	for i := range x.rules {
		r := &x.rules[i]
		if r.stage.phase() != phase {
			continue
		}
		t := m.traceRule(r)
		failed := 0
		for _, c := range t.Clauses {
			if !c.Holds {
				failed++
			}
		}
		switch {
		case failed == 0:
			e.Matched = append(e.Matched, t)
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

func (s *scratch) traceRule(r *rule) Trace {
	t := Trace{
		Rule: r.id, Name: r.name, Stage: r.stage.String(), Priority: r.priority,
		Department: r.lead, Verdict: Missed,
	}
	form, unless := r.form, (*form)(nil)
	if r.unless != "" {
		form, unless = r.form.kids[0], r.form.kids[1].kids[0]
	}
	for _, f := range form.conjuncts(opAnd) {
		t.Clauses = append(t.Clauses, s.clause(f))
	}
	if unless == nil {
		return t
	}
	for _, f := range unless.conjuncts(opOr) {
		c := s.clause(f)
		c.Unless, c.Holds = true, !c.Holds
		t.Clauses = append(t.Clauses, c)
	}
	return t
}

// conjuncts flattens nested 且 (or 或) down to what the author wrote as one.
func (f *form) conjuncts(o op) []*form {
	if f.op != o || f.text != "" {
		return []*form{f}
	}
	var out []*form
	for _, k := range f.kids {
		out = append(out, k.conjuncts(o)...)
	}
	return out
}

func (s *scratch) clause(f *form) Clause {
	c := Clause{Text: f.text, Holds: s.holds(f)}
	switch {
	case f.text != "":
		c.Hits = s.hitsOf(f)
		c.Seen = s.seenBy(f, c)
	case f.op == opNot:
		k := s.clause(f.kids[0])
		c.Text, c.Seen, c.Hits, c.Kids = "非 "+k.Text, k.Seen, k.Hits, k.Kids
	case f.op == opAnd || f.op == opOr:
		join := map[op]string{opAnd: " 且 ", opOr: " 或 "}[f.op]
		for i, g := range f.conjuncts(f.op) {
			k := s.clause(g)
			if i > 0 {
				c.Text += join
			}
			c.Text += k.Text
			c.Hits = append(c.Hits, k.Hits...)
			c.Kids = append(c.Kids, k)
		}
		c.Text = "(" + c.Text + ")"
	default:
		c.Text = strconv.FormatBool(f.op == opTrue)
	}
	return c
}

// hitsOf lists the first place of each keyword of f.
func (s *scratch) hitsOf(f *form) []hub.Hit {
	words := s.set.keywords(f, nil)
	slices.Sort(words)
	return s.where(&rule{words: slices.Compact(words)})
}

// keywords collects the keyword atoms of f, whichever way they count.
func (x *Set) keywords(f *form, into []int32) []int32 {
	if f.op == opAtom && x.atoms[f.atom].word >= 0 {
		return append(into, f.atom)
	}
	for _, k := range f.kids {
		into = x.keywords(k, into)
	}
	return into
}

// seenBy says what the text has of f.
func (s *scratch) seenBy(f *form, c Clause) string {
	if len(f.about) > 0 {
		return s.valuesOf(f.about)
	}
	if len(c.Hits) == 0 {
		return "没有出现"
	}
	said := ""
	for i, h := range c.Hits {
		if i == 3 {
			said += fmt.Sprintf("等 %d 个词", len(c.Hits))
			break
		}
		if i > 0 {
			said += "，"
		}
		where := "正文"
		if h.Field == "title" {
			where = "标题"
		}
		said += fmt.Sprintf("“%s”在%s第 %d 字", h.Word, where, h.Rune+1)
	}
	if !c.Holds {
		said += "，但不符合"
	}
	return said
}

// valuesOf writes the present values of fields.
func (s *scratch) valuesOf(names []string) string {
	said := ""
	for i, n := range names {
		if i > 0 {
			said += "，"
		}
		said += n + "：" + cmp.Or(s.valueOf(n), "没有")
	}
	return said
}

func (s *scratch) valueOf(name string) string {
	if f, ok := fieldOf(name); ok {
		switch f {
		case fieldTitle:
			return s.env.Title
		case fieldText, fieldAll:
			return "全文"
		}
		return zhValue(f, s.env.value(f), s.set)
	}
	v := math.NaN()
	switch name {
	case "人数":
		v = s.env.People
	case "金额":
		v = s.env.Amount
	case "月份":
		v = s.env.Month
	case "小时":
		v = s.env.Hour
	case "字数":
		v = s.env.Length
	case "采暖期":
		return s.set.season.at(s.sub.SubmittedAt)
	}
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// zhValue is how authors write the value v of f.
func zhValue(f field, v string, x *Set) string {
	table := map[field]map[string]string{
		fieldChannel: x.channels, fieldKind: kinds(), fieldUrgency: urgencies(),
		fieldTopic: topics(), fieldLead: x.leads,
	}[f]
	best := ""
	for zh, code := range table {
		if code == v && (best == "" || zh < best) {
			best = zh
		}
	}
	return cmp.Or(best, v)
}
