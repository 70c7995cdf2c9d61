package learn

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
)

// A Case (已判来件) is a message and the departments that people found right.
type Case struct {
	*hub.Submission
	Want []hub.DepartmentCode // any of them; the first is best
}

// Options say how careful Draft is.
type Options struct {
	Min       int                 // different cases that a word must help, at least 3
	Precision float64             // share of right cases among those that a word hits
	Words     int                 // in one rule, at most
	Priority  int                 // of the rule
	Mask      func(string) string // hides personal data in examples

	names map[hub.DepartmentCode]string
}

// name is what the authors of the rules call d.
func (o *Options) name(d hub.DepartmentCode) string { return cmp.Or(o.names[d], string(d)) }

func (o Options) defaults() Options {
	o.Min = max(o.Min, 3)
	o.Precision = cmp.Or(o.Precision, 0.85)
	o.Words = cmp.Or(o.Words, 8)
	o.Priority = cmp.Or(o.Priority, 20)
	if o.Mask == nil {
		o.Mask = func(s string) string { return s }
	}
	return o
}

// A Proposal (草案) is a rule that history suggests, and what the engine found
// when it tried it on all cases.
type Proposal struct {
	Rule       hub.RuleID         `json:"rule"`
	Department hub.DepartmentCode `json:"department"`
	Words      []Word             `json:"words"`
	YAML       string             `json:"yaml"`
	Proof      Proof              `json:"proof"`
	Accepted   bool               `json:"accepted"`
	Reason     string             `json:"reason"` // Chinese, why so
}

// A Proof (验证) compares the rules without and with the proposal.
type Proof struct {
	Cases       int `json:"cases"`
	Fixed       int `json:"fixed"`        // wrong or undecided before, right now
	Broken      int `json:"broken"`       // right before, not now
	StillWrong  int `json:"still_wrong"`  // given by the proposal to the wrong department
	RightBefore int `json:"right_before"` // of all cases
	RightAfter  int `json:"right_after"`
}

// Draft proposes at most one rule per department from cases that the rules of
// fsys get wrong or leave to the sorting desk. Every proposal has been loaded
// and run by the engine; one that breaks more than it mends comes back as not
// accepted, with the reason.
func Draft(fsys fs.FS, known []hub.DepartmentCode, cases []Case, o Options) ([]Proposal, error) {
	o = o.defaults()
	names, err := departments(fsys)
	if err != nil {
		return nil, err
	}
	o.names = names
	set, err := rules.Load(fsys, known)
	if err != nil {
		return nil, fmt.Errorf("load rules: %w", err)
	}
	d := &drafter{fsys: fsys, known: known, cases: cases, o: o, before: make([]bool, len(cases))}
	titles, open := make([]string, len(cases)), map[hub.DepartmentCode]int{}
	for i, c := range cases {
		titles[i] = c.Title
		d.before[i] = slices.Contains(c.Want, set.Decide(c.Submission).Lead)
		if !d.before[i] && len(c.Want) > 0 {
			open[c.Want[0]]++
		}
	}
	d.words = index(titles)
	var out []Proposal
	for _, lead := range slices.Sorted(maps.Keys(open)) {
		if words := d.choose(lead); len(words) > 0 {
			p, err := d.propose(lead, words)
			if err != nil {
				return nil, fmt.Errorf("try the proposal for %s: %w", lead, err)
			}
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b Proposal) int {
		return cmp.Compare(b.Proof.Fixed-b.Proof.Broken, a.Proof.Fixed-a.Proof.Broken)
	})
	return out, nil
}

// drafter holds what all proposals share.
type drafter struct {
	fsys   fs.FS
	known  []hub.DepartmentCode
	cases  []Case
	o      Options
	before []bool           // the rules are right without any proposal
	words  map[string][]int // to the cases with the word in the title
}

// choose picks the words of one department, the most useful first.
func (d *drafter) choose(lead hub.DepartmentCode) []Word {
	inside := 0
	for _, c := range d.cases {
		if slices.Contains(c.Want, lead) {
			inside++
		}
	}
	var pool []Word
	for text, at := range d.words {
		w := Word{Text: text}
		for _, i := range at {
			if slices.Contains(d.cases[i].Want, lead) {
				w.Right++
				continue
			}
			w.Wrong++
		}
		if w.Right >= d.o.Min && float64(w.Right) >= d.o.Precision*float64(w.Right+w.Wrong) {
			w.measure(inside, len(d.cases)-inside)
			pool = append(pool, w)
		}
	}
	return d.greedy(lead, whole(pool))
}

// greedy takes the word that wins most cases that are still open, until none
// wins enough.
func (d *drafter) greedy(lead hub.DepartmentCode, pool []Word) []Word {
	won := map[int]bool{}
	gain := func(w Word) int {
		n := 0
		for _, i := range d.words[w.Text] {
			if !d.before[i] && !won[i] && slices.Contains(d.cases[i].Want, lead) {
				n++
			}
		}
		return n
	}
	var out []Word
	for len(out) < d.o.Words {
		best := Word{}
		for _, w := range pool {
			if w.Gain = gain(w); better(w, best) {
				best = w
			}
		}
		if best.Gain < d.o.Min && (len(out) == 0 || best.Gain < 2) {
			return out
		}
		out = append(out, best)
		for _, i := range d.words[best.Text] {
			won[i] = true
		}
	}
	return out
}

func better(a, b Word) bool {
	return cmp.Or(cmp.Compare(a.Gain, b.Gain), cmp.Compare(a.LogOdds, b.LogOdds),
		cmp.Compare(len(a.Text), len(b.Text)), strings.Compare(b.Text, a.Text)) > 0
}

// propose writes the rule and lets the engine prove it.
func (d *drafter) propose(lead hub.DepartmentCode, words []Word) (Proposal, error) {
	p := Proposal{Rule: hub.RuleID("草案-" + string(lead)), Department: lead, Words: words}
	hit, miss := d.examples(lead, words)
	p.YAML = write(p, hit, miss, d.o)
	set, err := rules.Load(overlay{d.fsys, memory{"草案.yaml", []byte(p.YAML)}}, d.known)
	if err != nil {
		return p, fmt.Errorf("the engine refuses it: %w", err)
	}
	p.Proof.Cases = len(d.cases)
	for i, c := range d.cases {
		r := set.Decide(c.Submission)
		p.Proof.add(d.before[i], slices.Contains(c.Want, r.Lead), r.Rule == p.Rule)
	}
	p.judge(set, d.o.Precision)
	return p, nil
}

func (p *Proof) add(before, after, ours bool) {
	if before {
		p.RightBefore++
	}
	if after {
		p.RightAfter++
	}
	switch {
	case !before && after:
		p.Fixed++
	case before && !after:
		p.Broken++
	case !after && ours:
		p.StillWrong++
	}
}

// judge says whether the proposal is worth a clerk's time.
func (p *Proposal) judge(set *rules.Set, precision float64) {
	q := &p.Proof
	for _, e := range set.Examples() {
		d := set.Decide(e.Submission)
		if e.Rule == p.Rule && e.Hit != slices.ContainsFunc(d.Matches, func(m hub.Match) bool { return m.Rule == p.Rule }) {
			p.Reason = fmt.Sprintf("第 %d 行的例没有通过", e.Line)
			return
		}
	}
	if q.Fixed == 0 {
		p.Reason = "已有的规则优先，加上它什么也没有改变"
		return
	}
	if bad := q.Broken + q.StillWrong; float64(q.Fixed) < precision*float64(q.Fixed+bad) {
		p.Reason = fmt.Sprintf("派对 %d 件，但弄错或派错 %d 件", q.Fixed, bad)
		return
	}
	p.Accepted = true
	p.Reason = fmt.Sprintf("多派对 %d 件，原来对的弄错 %d 件，派错 %d 件", q.Fixed, q.Broken, q.StillWrong)
}
