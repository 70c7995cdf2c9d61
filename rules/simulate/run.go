package simulate

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Report (模拟结果) is what one rule set does with history.
type Report struct {
	RuleSet   hub.RuleSetHash `json:"rule_set"`
	From      time.Time       `json:"from,omitzero"` // the oldest case
	To        time.Time       `json:"to,omitzero"`   // the newest
	Cases     int             `json:"cases"`
	TookMS    int64           `json:"took_ms"`
	Decided   int             `json:"decided"`
	Undecided int             `json:"undecided"`
	Share     float64         `json:"decided_share"`
	Conflicts int             `json:"conflicts"`
	Load      []Count         `json:"load"` // departments and the sorting desk
	// PerDay is the busiest day of each department.
	PerDay     []Peak  `json:"busiest_days"`
	Categories []Count `json:"categories"`
	Kinds      []Count `json:"kinds"`
	Urgencies  []Count `json:"urgencies"`
	Topics     []Count `json:"topics"`
	Grades     []Count `json:"grades"`
	Deadlines  []Clock `json:"deadlines"`
	Rules      []Count `json:"rules"` // winners
	// Known is how many cases say which department had them in the end, Same
	// how many of those the rules would send there, and Matrix where the
	// others would go instead.
	Known   int      `json:"known"`
	Same    int      `json:"same"`
	Matrix  []Move   `json:"matrix"`
	Samples []Sample `json:"samples"` // conflicts, then undecided ones
	Ngrams  []Gram   `json:"ngrams"`
}

// A Peak (最忙一天) is the day on which a department gets most cases.
type Peak struct {
	Department string `json:"department"`
	Day        string `json:"day"`
	Cases      int    `json:"cases"`
}

// A census is what one worker has counted for Run.
type census struct {
	load, categories, kinds, urgencies, topics, grades, rules counts
	matrix                                                    moves
	clocks                                                    map[ClockMove]int
	days                                                      map[[2]string]int
	known, same                                               int
	conflicts, undecided, decided                             []int
	from, to                                                  time.Time
	a                                                         kindBudgets
}

func newCensus() *census {
	return &census{
		load: counts{}, categories: counts{}, kinds: counts{}, urgencies: counts{}, topics: counts{},
		grades: counts{}, rules: counts{}, matrix: moves{}, clocks: map[ClockMove]int{}, days: map[[2]string]int{},
	}
}

// Run lets set judge history. It ends early, with the error of ctx, when ctx
// does.
func Run(ctx context.Context, set Rules, history []Case, o Options) (*Report, error) {
	start := time.Now()
	o = o.withDefaults()
	parts := make([]*census, workers())
	for w := range parts {
		parts[w] = newCensus()
	}
	parallel(len(history), func(w, i int) {
		if ctx.Err() != nil {
			return
		}
		c := &history[i]
		d := set.Decide(&c.Submission)
		parts[w].add(i, c, &d, o.Policy(c.Channel))
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := parts[0]
	for _, p := range parts[1:] {
		t.merge(p)
	}
	r := t.report()
	r.RuleSet, r.Cases = set.Hash(), len(history)
	r.Decided, r.Share = r.Cases-r.Undecided, share(r.Cases-r.Undecided, r.Cases)
	for _, i := range append(slices.Clone(t.conflicts), t.undecided...) {
		if len(r.Samples) == o.Samples {
			break
		}
		d := set.Decide(&history[i].Submission)
		s := o.sample(&history[i])
		s.After = Judge(&d)
		r.Samples = append(r.Samples, s)
	}
	r.Ngrams = grams(history, t.undecided, t.decided)
	r.TookMS = time.Since(start).Milliseconds()
	return r, nil
}

func (t *census) add(i int, c *Case, d *hub.Decision, policy []hub.Allowance) {
	to := d.Destination()
	t.load[to]++
	t.categories[d.Class.Category]++
	t.kinds[string(d.Class.Kind)]++
	t.urgencies[string(d.Class.Urgency)]++
	t.topics[d.Class.Topic]++
	t.grades[string(d.Class.Grade)]++
	if d.Rule != "" {
		t.rules[string(d.Rule)]++
	}
	t.a = budgets(t.a, d, policy)
	for _, b := range t.a {
		t.clocks[ClockMove{Kind: b.kind, To: b.budget.String()}]++
	}
	if c.Lead != "" {
		t.known++
		if !t.matrix.add(string(c.Lead), to) {
			t.same++
		}
	}
	t.addTime(c.SubmittedAt, to)
	switch {
	case to != hub.ToSorting:
		t.decided = append(t.decided, i)
	case conflict(d):
		t.conflicts = append(t.conflicts, i)
	default:
		t.undecided = append(t.undecided, i)
	}
}

func (t *census) addTime(at time.Time, to string) {
	if at.IsZero() {
		return
	}
	t.days[[2]string{to, at.In(hub.China()).Format(time.DateOnly)}]++
	if t.from.IsZero() || at.Before(t.from) {
		t.from = at
	}
	if at.After(t.to) {
		t.to = at
	}
}

func (t *census) merge(p *census) {
	addAll(t.load, p.load)
	addAll(t.categories, p.categories)
	addAll(t.kinds, p.kinds)
	addAll(t.urgencies, p.urgencies)
	addAll(t.topics, p.topics)
	addAll(t.grades, p.grades)
	addAll(t.rules, p.rules)
	addAll(t.matrix, p.matrix)
	addAll(t.clocks, p.clocks)
	addAll(t.days, p.days)
	t.known += p.known
	t.same += p.same
	t.conflicts = append(t.conflicts, p.conflicts...)
	t.undecided = append(t.undecided, p.undecided...)
	t.decided = append(t.decided, p.decided...)
	if t.from.IsZero() || !p.from.IsZero() && p.from.Before(t.from) {
		t.from = p.from
	}
	if p.to.After(t.to) {
		t.to = p.to
	}
}

func (t *census) report() *Report {
	slices.Sort(t.conflicts)
	slices.Sort(t.undecided)
	slices.Sort(t.decided)
	r := &Report{
		From: t.from, To: t.to, Undecided: len(t.undecided) + len(t.conflicts), Conflicts: len(t.conflicts),
		Load: t.load.list(), PerDay: peaks(t.days), Categories: t.categories.list(), Kinds: t.kinds.list(),
		Urgencies: t.urgencies.list(), Topics: t.topics.list(), Grades: t.grades.list(), Rules: t.rules.list(),
		Known: t.known, Same: t.same, Matrix: t.matrix.list(), Samples: []Sample{}, Deadlines: []Clock{},
	}
	for _, m := range clockMoves(t.clocks) {
		r.Deadlines = append(r.Deadlines, Clock{m.Kind, m.To, m.Cases})
	}
	return r
}

// peaks finds the busiest day of each destination, the busiest first.
func peaks(days map[[2]string]int) []Peak {
	best := map[string]Peak{}
	for k, n := range days {
		p, ok := best[k[0]]
		if !ok || n > p.Cases || n == p.Cases && k[1] < p.Day {
			best[k[0]] = Peak{k[0], k[1], n}
		}
	}
	out := make([]Peak, 0, len(best))
	for _, p := range best {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Peak) int {
		if a.Cases != b.Cases {
			return b.Cases - a.Cases
		}
		return strings.Compare(a.Department, b.Department)
	})
	return out
}
