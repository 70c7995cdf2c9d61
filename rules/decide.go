package rules

import (
	"cmp"
	"math"
	"slices"

	"github.com/mashang-hub/mashang/hub"
)

// Decide says what s is about, who handles it and by when. It is pure, cannot
// fail and may be called from any number of goroutines.
func (x *Set) Decide(s *hub.Submission) hub.Decision {
	m := x.pool.Get().(*scratch)
	defer x.pool.Put(m)
	m.begin(s)
	d := &decision{x: x, m: m}
	d.RuleSet = x.hash
	d.classify()
	d.route()
	d.finish()
	m.sub, m.env = nil, env{}
	return d.Decision
}

// decision is a Decision in the making.
type decision struct {
	hub.Decision
	x *Set
	m *scratch
	// the rules that set the fields so far, to know who outranks whom
	category, kind, urgency, topic, grade *rule
}

// classify runs screen and classify.
func (d *decision) classify() {
	d.Class.Kind, d.Class.Urgency = hub.Kind(d.m.env.Kind), hub.Urgency(d.m.env.Urgency)
	for i := range d.x.tables {
		if t := &d.x.tables[i]; !t.route {
			if best, _, _ := d.m.top(i); best >= 0 {
				d.Class.Category = t.labels[best]
			}
		}
	}
	for _, i := range d.m.matches(0) {
		r := &d.x.rules[i]
		d.record(r)
		d.apply(r)
		if r.reject != nil && d.Reject == nil {
			d.Reject = r.reject
		}
	}
	d.defaults()
	d.publish()
}

// defaults fills what no rule said.
func (d *decision) defaults() {
	f := &d.x.fallback.class
	d.Class.Category = cmp.Or(d.Class.Category, f.Category)
	d.Class.Kind = cmp.Or(d.Class.Kind, f.Kind, hub.KindHelp)
	d.Class.Urgency = cmp.Or(d.Class.Urgency, f.Urgency, hub.UrgencyNormal)
	d.Class.Grade = cmp.Or(d.Class.Grade, f.Grade)
}

// publish lets the next stages see the class.
func (d *decision) publish() {
	e := &d.m.env
	e.Category, e.Kind, e.Urgency = d.Class.Category, string(d.Class.Kind), string(d.Class.Urgency)
	e.Topic, e.Lead = d.Class.Topic, string(d.Lead)
	for f := fieldCategory; f <= fieldLead; f++ {
		d.m.setValue(f)
	}
}

func (d *decision) record(r *rule) {
	d.Matches = append(d.Matches, hub.Match{
		Rule: r.id, Stage: r.stage.String(), Priority: r.priority, Department: r.lead, Hits: d.m.where(r),
	})
}

// apply takes from r the fields that no better rule has set.
func (d *decision) apply(r *rule) {
	take := func(by **rule) bool {
		if *by != nil && (*by).rank(r) >= 0 {
			return false
		}
		*by = r
		return true
	}
	c := &r.class
	if c.Category != "" && take(&d.category) {
		d.Class.Category = c.Category
	}
	if c.Kind != "" && take(&d.kind) {
		d.Class.Kind = c.Kind
	}
	if c.Urgency != "" && take(&d.urgency) {
		d.Class.Urgency = c.Urgency
	}
	if c.Topic != "" && take(&d.topic) {
		d.Class.Topic = c.Topic
	}
	if c.Grade != "" && take(&d.grade) {
		d.Class.Grade = c.Grade
	}
	for _, t := range c.Tags {
		if !slices.Contains(d.Class.Tags, t) {
			d.Class.Tags = append(d.Class.Tags, t)
		}
	}
	d.StartRung = max(d.StartRung, r.rung)
}

// rank compares without regard to stage: positive if r wins over q.
func (r *rule) rank(q *rule) int {
	return cmp.Or(cmp.Compare(r.priority, q.priority), cmp.Compare(r.specificity, q.specificity),
		-cmp.Compare(r.id, q.id))
}

// route runs route and answer.
func (d *decision) route() {
	var leads []*rule
	for _, i := range d.m.matches(1) {
		r := &d.x.rules[i]
		d.record(r)
		if r.answer != nil && d.Answer == nil {
			d.Answer = r.answer
		}
		if r.stage == stageRoute && r.lead != "" {
			leads = append(leads, r)
		}
	}
	if len(leads) == 0 {
		d.score()
	} else {
		d.choose(leads)
	}
	d.guard()
}

// choose takes the first of leads, which are in order of rank, unless another
// department is as good.
func (d *decision) choose(leads []*rule) {
	w := leads[0]
	d.Confidence = 0.95
	for _, r := range leads {
		if r.lead != w.lead && !slices.Contains(d.Candidates, r.lead) {
			d.Candidates = append(d.Candidates, r.lead)
			if r.priority == w.priority {
				d.Confidence = 0
			}
		}
	}
	if d.Confidence == 0 {
		d.Candidates = append([]hub.DepartmentCode{w.lead}, d.Candidates...)
		return
	}
	if len(d.Candidates) > 0 {
		d.Confidence = 0.8
	}
	d.Candidates = nil
	d.Lead, d.Rule, d.Co = w.lead, w.id, slices.Clone(w.co)
	d.apply(w)
	d.Clocks = d.allow(w)
}

// top finds the best and second label of table i.
func (m *scratch) top(i int) (best int, first, second float64) {
	best = -1
	for l, p := range m.points[i] {
		switch {
		case p > first:
			best, first, second = l, p, first
		case p > second:
			second = p
		}
	}
	return best, first, second
}

// score lets the word tables choose when no rule did.
func (d *decision) score() {
	for i := range d.x.tables {
		t := &d.x.tables[i]
		best, first, second := d.m.top(i)
		if !t.route || best < 0 {
			continue
		}
		id := t.id + "/" + hub.RuleID(t.labels[best])
		if first >= t.least && first >= second*t.lead {
			d.Lead, d.Rule = hub.DepartmentCode(t.labels[best]), id
			d.Confidence = math.Round(100*min(0.9, first/(first+second)*min(1, first/(2*t.least))+0.3)) / 100
			d.Matches = append(d.Matches, hub.Match{
				Rule: id, Stage: stageRoute.String(), Department: d.Lead, Hits: d.m.scored(int32(i), int32(best)),
			})
			return
		}
		d.Candidates = append(d.Candidates, d.m.candidates(i)...)
	}
}

// candidates lists the best three labels of table i.
func (m *scratch) candidates(i int) []hub.DepartmentCode {
	p := m.points[i]
	var out []hub.DepartmentCode
	order := make([]int, 0, len(p))
	for l := range p {
		if p[l] > 0 {
			order = append(order, l)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[b], p[a]) })
	for _, l := range order[:min(3, len(order))] {
		out = append(out, hub.DepartmentCode(m.set.tables[i].labels[l]))
	}
	return out
}

// scored lists the words that spoke for a label.
func (m *scratch) scored(table, label int32) []hub.Hit {
	var out []hub.Hit
	for _, h := range m.hits {
		for _, p := range m.set.wordScore[h.word] {
			if p.table != table || p.label != label || len(out) == 8 {
				continue
			}
			out = append(out, h.public(m.set.words[h.word]))
		}
	}
	return out
}

// guard (回避) keeps an accusation away from the accused unit.
func (d *decision) guard() {
	accused := func(u hub.DepartmentCode) bool {
		f, ok := d.x.avoid[u]
		return ok && u != d.x.avoidTo && d.m.holds(f)
	}
	d.Co = slices.DeleteFunc(d.Co, accused)
	d.Candidates = slices.DeleteFunc(d.Candidates, accused)
	if d.Lead == "" || !accused(d.Lead) {
		return
	}
	d.Matches = append(d.Matches, hub.Match{Rule: "回避", Stage: stageRoute.String(), Department: d.x.avoidTo})
	d.Lead, d.Rule, d.Confidence, d.Clocks = d.x.avoidTo, "回避", 0.8, nil
}

// finish runs the deadline stage.
func (d *decision) finish() {
	d.defaults()
	d.publish()
	for _, i := range d.m.matches(2) {
		r := &d.x.rules[i]
		d.record(r)
		d.Clocks = append(d.Clocks, d.allow(r)...)
		d.StartRung = max(d.StartRung, r.rung)
	}
}

// allow returns the clocks of r that are not set yet.
func (d *decision) allow(r *rule) []hub.Allowance {
	var out []hub.Allowance
	for _, a := range r.clocks {
		if !slices.ContainsFunc(d.Clocks, func(b hub.Allowance) bool { return b.Kind == a.Kind }) {
			out = append(out, a)
		}
	}
	return out
}
