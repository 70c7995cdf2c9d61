package simulate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
)

// A Move (去向变化) counts cases that go from one place or value to another.
type Move struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Cases int    `json:"cases"`
}

// A Load (工作量) is how many cases a department, or the sorting desk, gets.
type Load struct {
	Department string `json:"department"`
	Before     int    `json:"before"`
	After      int    `json:"after"`
	Change     int    `json:"change"`
}

// A Count (计数) counts cases of one value.
type Count struct {
	Value string `json:"value"`
	Cases int    `json:"cases"`
}

// A Clock (时限) counts cases that get one deadline.
type Clock struct {
	Kind   hub.DeadlineKind `json:"kind"`
	Budget string           `json:"budget"`
	Cases  int              `json:"cases"`
}

// A ClockMove (时限变化) counts cases whose deadline changes; "" is no deadline.
type ClockMove struct {
	Kind  hub.DeadlineKind `json:"kind"`
	From  string           `json:"from"`
	To    string           `json:"to"`
	Cases int              `json:"cases"`
}

// counts counts values.
type counts map[string]int

// list returns the counts, largest first.
func (c counts) list() []Count {
	out := make([]Count, 0, len(c))
	for v, n := range c {
		out = append(out, Count{v, n})
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Cases, a.Cases), strings.Compare(a.Value, b.Value))
	})
	return out
}

func addAll[K comparable](into, from map[K]int) {
	for k, n := range from {
		into[k] += n
	}
}

// moves counts changes from one value to another.
type moves map[[2]string]int

func (m moves) list() []Move {
	out := make([]Move, 0, len(m))
	for k, n := range m {
		out = append(out, Move{k[0], k[1], n})
	}
	slices.SortFunc(out, func(a, b Move) int {
		return cmp.Or(cmp.Compare(b.Cases, a.Cases), strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
	})
	return out
}

// add counts a change, if there is one.
func (m moves) add(from, to string) bool {
	if from == to {
		return false
	}
	m[[2]string{from, to}]++
	return true
}

// loads lists what each gets, the largest change first.
func loads(before, after counts) []Load {
	all := maps.Clone(before)
	addAll(all, after)
	out := make([]Load, 0, len(all))
	for d := range all {
		out = append(out, Load{d, before[d], after[d], after[d] - before[d]})
	}
	slices.SortFunc(out, func(a, b Load) int {
		return cmp.Or(cmp.Compare(max(b.Change, -b.Change), max(a.Change, -a.Change)), cmp.Compare(b.After, a.After),
			strings.Compare(a.Department, b.Department))
	})
	return out
}

// A kindBudgets is the budget of each clock of a case.
type kindBudgets []kindBudget

type kindBudget struct {
	kind   hub.DeadlineKind
	budget hub.Budget
}

// budgets are the clocks that d gives, filled with policy.
func budgets(into kindBudgets, d *hub.Decision, policy []hub.Allowance) kindBudgets {
	into = into[:0]
	if to := d.Destination(); to == hub.ToRejected || to == hub.ToAnswered {
		return into
	}
	for _, list := range [][]hub.Allowance{d.Clocks, policy} {
		for _, a := range list {
			if _, ok := into.find(a.Kind); !ok {
				into = append(into, kindBudget{a.Kind, a.Budget})
			}
		}
	}
	return into
}

func (k kindBudgets) find(kind hub.DeadlineKind) (hub.Budget, bool) {
	for _, b := range k {
		if b.kind == kind {
			return b.budget, true
		}
	}
	return hub.Budget{}, false
}
