package rules

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules/formula"
	"github.com/mashang-hub/mashang/rules/index"
	"github.com/mashang-hub/mashang/rules/lang"
)

// memory is what one decision needs, used again for the next.
type memory struct {
	*index.State
	points [][]float64 // per table and label
	sub    *hub.Submission
}

func newMemory(x *Set) *memory {
	m := &memory{State: x.index.NewState()}
	for _, t := range x.tables {
		m.points = append(m.points, make([]float64, len(t.labels)))
	}
	return m
}

// Decide says what s is about, who handles it and by when. It is pure, cannot
// fail and may be called from any number of goroutines.
func (x *Set) Decide(s *hub.Submission) hub.Decision {
	m := x.pool.Get().(*memory)
	defer x.pool.Put(m)
	x.begin(m, s)
	d := &decision{x: x, m: m}
	d.RuleSet = x.hash
	d.classify()
	d.route()
	d.finish()
	m.end()
	return d.Decision
}

// begin reads s and counts the points of the scoring tables.
func (x *Set) begin(m *memory, s *hub.Submission) {
	m.sub = s
	m.Begin(s, func(f *formula.Facts) { x.outside(f, s) })
	if len(x.tables) == 0 {
		return
	}
	for i := range m.points {
		clear(m.points[i])
	}
	m.Words(func(w int32, in formula.Field) {
		for _, p := range x.wordScore[w] {
			if in == formula.Title {
				p.weight *= x.tables[p.table].title
			}
			m.points[p.table][p.label] += p.weight
		}
	})
}

func (m *memory) end() {
	m.sub = nil
	m.End()
}

// outside adds what the text of s does not say.
func (x *Set) outside(f *formula.Facts, s *hub.Submission) {
	if s.SubmittedAt.IsZero() {
		return
	}
	f.Heating = x.season.holds(s.SubmittedAt.In(hub.China()))
	f.Working = x.open(s.SubmittedAt)
	if x.recent == nil {
		return
	}
	f.Recent = func(topic, reach string, minutes int) float64 {
		n := lang.Reaches()[reach]
		if len(s.Place) < n {
			return math.NaN()
		}
		since := s.SubmittedAt.Add(-time.Duration(minutes) * time.Minute)
		return float64(x.recent(topic, string(s.Place[:n]), since, s.SubmittedAt))
	}
}

// matches are the rules of a phase that hold and count, in order: those in
// force, and of a decision table the first row.
func (d *decision) matches(phase int) []int32 {
	out := d.m.Matches(phase)
	kept, grids := out[:0], d.grids[:0]
	for _, i := range out {
		r := &d.x.rules[i]
		if !r.in(d.m.sub.SubmittedAt) || r.grid > 0 && slices.Contains(grids, r.grid) {
			continue
		}
		if r.grid > 0 {
			grids = append(grids, r.grid)
		}
		kept = append(kept, i)
	}
	return kept
}

// decision is a Decision in the making.
type decision struct {
	hub.Decision
	x *Set
	m *memory
	// the rules that set the fields so far, to know who outranks whom
	category, kind, urgency, topic, grade *rule
	grids                                 []int
}

// classify runs screen and classify.
func (d *decision) classify() {
	d.Class.Kind, d.Class.Urgency = hub.Kind(d.m.Facts.Kind), hub.Urgency(d.m.Facts.Urgency)
	for i := range d.x.tables {
		if t := &d.x.tables[i]; !t.route {
			if best, _, _ := d.m.top(i); best >= 0 {
				d.Class.Category = t.labels[best]
			}
		}
	}
	for _, i := range d.matches(0) {
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
	e := &d.m.Facts
	e.Category, e.Kind, e.Urgency = d.Class.Category, string(d.Class.Kind), string(d.Class.Urgency)
	e.Topic, e.Lead, e.Grade = d.Class.Topic, string(d.Lead), string(d.Class.Grade)
	for f := formula.Category; f <= formula.Grade; f++ {
		d.m.Set(f)
	}
	for _, t := range d.Class.Tags {
		if !slices.Contains(e.Tags, t) {
			d.m.Tag(t)
		}
	}
}

func (d *decision) record(r *rule) {
	d.Matches = append(d.Matches, hub.Match{
		Rule: r.id, Stage: r.stage.String(), Priority: r.priority, Department: r.lead, Hits: d.m.Where(r.words),
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
	for _, u := range r.alert {
		if !slices.Contains(d.Alert, u) {
			d.Alert = append(d.Alert, u)
		}
	}
	d.StartRung = max(d.StartRung, r.rung)
}

// route runs route and answer.
func (d *decision) route() {
	var leads []*rule
	for _, i := range d.matches(1) {
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
	d.shield()
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
func (m *memory) top(i int) (best int, first, second float64) {
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
				Rule: id, Stage: stageRoute.String(), Department: d.Lead, Hits: d.x.scored(d.m, int32(i), int32(best)),
			})
			return
		}
		d.Candidates = append(d.Candidates, d.x.candidates(d.m, i)...)
	}
}

// candidates lists the best three labels of table i.
func (x *Set) candidates(m *memory, i int) []hub.DepartmentCode {
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
		out = append(out, hub.DepartmentCode(x.tables[i].labels[l]))
	}
	return out
}

// scored lists the words that spoke for a label.
func (x *Set) scored(m *memory, table, label int32) []hub.Hit {
	var out []hub.Hit
	m.Occurrences(func(w int32, h hub.Hit) {
		for _, p := range x.wordScore[w] {
			if p.table == table && p.label == label && len(out) < 8 {
				out = append(out, h)
			}
		}
	})
	return out
}

// finish runs the deadline stage.
func (d *decision) finish() {
	d.defaults()
	d.publish()
	for _, i := range d.matches(2) {
		r := &d.x.rules[i]
		d.record(r)
		d.Clocks = append(d.Clocks, d.allow(r)...)
		for _, u := range r.alert {
			if !slices.Contains(d.Alert, u) {
				d.Alert = append(d.Alert, u)
			}
		}
		d.StartRung = max(d.StartRung, r.rung)
	}
	d.shield()
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
