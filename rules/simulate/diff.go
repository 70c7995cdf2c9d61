package simulate

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// A Diff (规则差异) is what changes over history when one rule set takes the
// place of another.
type Diff struct {
	Before  hub.RuleSetHash `json:"before"`
	After   hub.RuleSetHash `json:"after"`
	Cases   int             `json:"cases"`
	Changed int             `json:"changed"` // in any way
	TookMS  int64           `json:"took_ms"`

	// Matrix says how many cases go elsewhere, from where and to where.
	Matrix []Move `json:"matrix"`
	// Rerouted is the sum of Matrix.
	Rerouted         int         `json:"rerouted"`
	NewlyDecided     int         `json:"newly_decided"`
	NewlyUndecided   int         `json:"newly_undecided"`
	Load             []Load      `json:"load"`
	Deadlines        []ClockMove `json:"deadlines"`
	DeadlinesShorter int         `json:"deadlines_shorter"`
	DeadlinesLonger  int         `json:"deadlines_longer"`
	Categories       []Move      `json:"categories"`
	Kinds            []Move      `json:"kinds"`
	Urgencies        []Move      `json:"urgencies"`
	Topics           []Move      `json:"topics"`
	Grades           []Move      `json:"grades"`
	// Rules lists the rules that win more or fewer cases than before.
	Rules     []Load      `json:"rules"`
	Undecided Undecided   `json:"undecided"`
	Conflicts BeforeAfter `json:"conflicts"`
	Samples   []Sample    `json:"samples"`
	Ngrams    []Gram      `json:"ngrams"`
}

// BeforeAfter (前后) is a number of cases before and after.
type BeforeAfter struct {
	Before int `json:"before"`
	After  int `json:"after"`
}

// Undecided (未定) is how many cases go to the sorting desk.
type Undecided struct {
	BeforeAfter
	Share float64 `json:"share"` // after, of all
}

// A tally is what one worker has counted.
type tally struct {
	matrix, categories, kinds, urgencies, topics, grades moves
	before, after, winsBefore, winsAfter                 counts
	clocks                                               map[ClockMove]int
	shorter, longer                                      int
	conflicts                                            BeforeAfter
	changed                                              []change
	undecided, decided                                   []int // indexes of cases
	a, b                                                 kindBudgets
}

func newTally() *tally {
	return &tally{
		matrix: moves{}, categories: moves{}, kinds: moves{}, urgencies: moves{}, topics: moves{}, grades: moves{},
		before: counts{}, after: counts{}, winsBefore: counts{}, winsAfter: counts{}, clocks: map[ClockMove]int{},
	}
}

// Compare lets before and after judge the same history. It ends early, with
// the error of ctx, when ctx does.
func Compare(ctx context.Context, before, after Rules, history []Case, o Options) (*Diff, error) {
	start := time.Now()
	o = o.withDefaults()
	parts := make([]*tally, workers())
	for w := range parts {
		parts[w] = newTally()
	}
	parallel(len(history), func(w, i int) {
		if ctx.Err() != nil {
			return
		}
		s := &history[i].Submission
		x, y := before.Decide(s), after.Decide(s)
		parts[w].add(i, &x, &y, o.Policy(s.Channel))
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := parts[0]
	for _, p := range parts[1:] {
		t.merge(p)
	}
	d := t.report()
	d.Before, d.After, d.Cases = before.Hash(), after.Hash(), len(history)
	d.Undecided.Share = share(d.Undecided.After, d.Cases)
	d.Samples = samples(before, after, history, t.changed, o)
	d.Ngrams = grams(history, t.undecided, t.decided)
	d.TookMS = time.Since(start).Milliseconds()
	return d, nil
}

func (t *tally) add(i int, x, y *hub.Decision, policy []hub.Allowance) {
	from, to := x.Destination(), y.Destination()
	t.before[from]++
	t.after[to]++
	changed := t.matrix.add(from, to)
	changed = t.categories.add(x.Class.Category, y.Class.Category) || changed
	changed = t.kinds.add(string(x.Class.Kind), string(y.Class.Kind)) || changed
	changed = t.urgencies.add(string(x.Class.Urgency), string(y.Class.Urgency)) || changed
	changed = t.topics.add(x.Class.Topic, y.Class.Topic) || changed
	changed = t.grades.add(string(x.Class.Grade), string(y.Class.Grade)) || changed
	t.a, t.b = budgets(t.a, x, policy), budgets(t.b, y, policy)
	changed = t.addClocks() || changed
	if x.Rule != "" {
		t.winsBefore[string(x.Rule)]++
	}
	if y.Rule != "" {
		t.winsAfter[string(y.Rule)]++
	}
	if conflict(x) {
		t.conflicts.Before++
	}
	if conflict(y) {
		t.conflicts.After++
	}
	if changed || !slices.Equal(x.Co, y.Co) {
		t.changed = append(t.changed, change{i, from, to})
	}
	switch {
	case to != hub.ToSorting:
		t.decided = append(t.decided, i)
	case !conflict(y):
		t.undecided = append(t.undecided, i)
	}
}

// addClocks compares the clocks in a and b.
func (t *tally) addClocks() bool {
	changed := false
	for _, k := range t.a {
		to, ok := t.b.find(k.kind)
		if ok && to == k.budget {
			continue
		}
		changed = true
		m := ClockMove{Kind: k.kind, From: k.budget.String()}
		if ok {
			m.To = to.String()
			if to.Length() < k.budget.Length() {
				t.shorter++
			} else {
				t.longer++
			}
		}
		t.clocks[m]++
	}
	for _, k := range t.b {
		if _, ok := t.a.find(k.kind); !ok {
			changed = true
			t.clocks[ClockMove{Kind: k.kind, To: k.budget.String()}]++
		}
	}
	return changed
}

func (t *tally) merge(p *tally) {
	addAll(t.matrix, p.matrix)
	addAll(t.categories, p.categories)
	addAll(t.kinds, p.kinds)
	addAll(t.urgencies, p.urgencies)
	addAll(t.topics, p.topics)
	addAll(t.grades, p.grades)
	addAll(t.before, p.before)
	addAll(t.after, p.after)
	addAll(t.winsBefore, p.winsBefore)
	addAll(t.winsAfter, p.winsAfter)
	addAll(t.clocks, p.clocks)
	t.shorter += p.shorter
	t.longer += p.longer
	t.conflicts.Before += p.conflicts.Before
	t.conflicts.After += p.conflicts.After
	t.changed = append(t.changed, p.changed...)
	t.undecided = append(t.undecided, p.undecided...)
	t.decided = append(t.decided, p.decided...)
}

func (t *tally) report() *Diff {
	slices.SortFunc(t.changed, func(a, b change) int { return cmp.Compare(a.index, b.index) })
	slices.Sort(t.undecided)
	slices.Sort(t.decided)
	d := &Diff{
		Changed: len(t.changed), Matrix: t.matrix.list(), Load: loads(t.before, t.after),
		Deadlines: clockMoves(t.clocks), DeadlinesShorter: t.shorter, DeadlinesLonger: t.longer,
		Categories: t.categories.list(), Kinds: t.kinds.list(), Urgencies: t.urgencies.list(),
		Topics: t.topics.list(), Grades: t.grades.list(), Conflicts: t.conflicts,
		Rules: slices.DeleteFunc(loads(t.winsBefore, t.winsAfter), func(l Load) bool { return l.Change == 0 }),
	}
	for _, m := range d.Matrix {
		d.Rerouted += m.Cases
		switch {
		case m.From == hub.ToSorting:
			d.NewlyDecided += m.Cases
		case m.To == hub.ToSorting:
			d.NewlyUndecided += m.Cases
		}
	}
	d.Undecided.BeforeAfter = BeforeAfter{t.before[hub.ToSorting], t.after[hub.ToSorting]}
	return d
}

func clockMoves(m map[ClockMove]int) []ClockMove {
	out := make([]ClockMove, 0, len(m))
	for k, n := range m {
		k.Cases = n
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b ClockMove) int {
		return cmp.Or(cmp.Compare(b.Cases, a.Cases), strings.Compare(string(a.Kind), string(b.Kind)),
			strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
	})
	return out
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// A change is a case that the rule sets judge differently.
type change struct {
	index    int
	from, to string
}

// samples lists changed cases: of each move of the matrix in turn, oldest
// first.
func samples(before, after Rules, history []Case, changed []change, o Options) []Sample {
	groups := map[[2]string][]int{}
	var order [][2]string
	for _, c := range changed {
		k := [2]string{c.from, c.to}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], c.index)
	}
	// Cases that go elsewhere come before those that only change inside.
	slices.SortStableFunc(order, func(a, b [2]string) int {
		return cmp.Compare(inside(a), inside(b))
	})
	out := make([]Sample, 0, o.Samples)
	for n := 0; n < o.Samples; n++ {
		for _, k := range order {
			if n < len(groups[k]) && len(out) < o.Samples {
				out = append(out, compared(before, after, &history[groups[k][n]], o))
			}
		}
	}
	return out
}

func inside(move [2]string) int {
	if move[0] == move[1] {
		return 1
	}
	return 0
}

func compared(before, after Rules, c *Case, o Options) Sample {
	x, y := before.Decide(&c.Submission), after.Decide(&c.Submission)
	s, j := o.sample(c), Judge(&x)
	s.Before, s.After, s.Changes = &j, Judge(&y), words(&x, &y, o.Policy(c.Channel))
	return s
}

// words says in Chinese what differs between two decisions.
func words(x, y *hub.Decision, policy []hub.Allowance) []string {
	var out []string
	say := func(what, from, to string) {
		if from != to {
			out = append(out, what+" "+first(from, "空")+"→"+first(to, "空"))
		}
	}
	say("去向", Name(x.Destination()), Name(y.Destination()))
	say("协办", names(x.Co), names(y.Co))
	say("类别", x.Class.Category, y.Class.Category)
	say("诉求类型", glossary.In("kind", string(x.Class.Kind)), glossary.In("kind", string(y.Class.Kind)))
	say("紧急程度", glossary.In("urgency", string(x.Class.Urgency)), glossary.In("urgency", string(y.Class.Urgency)))
	say("主题", x.Class.Topic, y.Class.Topic)
	say("难度", glossary.In("grade", string(x.Class.Grade)), glossary.In("grade", string(y.Class.Grade)))
	var t tally
	t.clocks = map[ClockMove]int{}
	t.a, t.b = budgets(nil, x, policy), budgets(nil, y, policy)
	t.addClocks()
	for _, m := range clockMoves(t.clocks) {
		say(glossary.In("clock", string(m.Kind)), Budget(m.From), Budget(m.To))
	}
	return out
}
