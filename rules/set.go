package rules

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/mashang-hub/mashang/hub"
)

// A Set (规则集) is a checked and indexed folder of rules. It is immutable and
// safe for concurrent use.
type Set struct {
	hash     hub.RuleSetHash
	rules    []rule // in order of stage, then rank
	tables   []table
	scores   []score
	season   season
	channels map[string]string
	leads    map[string]string
	fallback rule
	avoid    map[hub.DepartmentCode]*form
	avoidTo  hub.DepartmentCode
	examples []Example

	atoms     []atom
	words     []string
	matcher   *matcher
	wordAtoms [][3]int32 // per word: atom in title, in text, in either; -1: none
	wordScore [][]score
	values    [fields]map[string]int32
	posts     [][]int32 // atom to the rules that it gives access to
	always    []int32   // rules without an access atom
	pool      sync.Pool
}

// A rule is one compiled rule.
type rule struct {
	id          hub.RuleID
	name        string
	owner       string
	file        string
	line        int
	when        string
	unless      string
	stage       stage
	priority    int
	specificity int
	form        *form
	words       []int32 // keyword atoms that make it true, for Hits
	lead        hub.DepartmentCode
	co          []hub.DepartmentCode
	class       hub.Class
	clocks      []hub.Allowance
	rung        hub.Rung
	reject      *hub.Rejection
	answer      *hub.Answer
}

// before orders rules by stage, then the winner first.
func (r *rule) before(q *rule) int {
	return cmp.Or(cmp.Compare(r.stage, q.stage), cmp.Compare(q.priority, r.priority),
		cmp.Compare(q.specificity, r.specificity), strings.Compare(string(r.id), string(q.id)))
}

// A table scores labels by the words that occur.
type table struct {
	id          hub.RuleID
	route       bool
	labels      []string
	least, lead float64
	title       float64
}

type score struct {
	word, table, label int32
	weight             float64
}

// An Example (例) is a message that its author says a rule must hit or miss.
type Example struct {
	File       string
	Line       int
	Rule       hub.RuleID
	Hit        bool
	Lead       hub.DepartmentCode // expected, "" if not stated
	Submission *hub.Submission
}

// Hash returns the content address of the set.
func (x *Set) Hash() hub.RuleSetHash { return x.hash }

// Len returns the number of rules.
func (x *Set) Len() int { return len(x.rules) }

// Examples returns the examples of all rules.
func (x *Set) Examples() []Example { return slices.Clone(x.examples) }

// index builds the automaton and the access lists.
func (x *Set) index(a *atoms) {
	x.atoms, x.words = a.list, a.words
	x.matcher = newMatcher(a.words)
	x.wordAtoms = make([][3]int32, len(a.words))
	x.wordScore = make([][]score, len(a.words))
	for i := range x.wordAtoms {
		x.wordAtoms[i] = [3]int32{-1, -1, -1}
	}
	for f := range x.values {
		x.values[f] = map[string]int32{}
	}
	for i, k := range a.list {
		if k.word >= 0 {
			x.wordAtoms[k.word][k.field] = int32(i)
		} else {
			x.values[k.field][k.value] = int32(i)
		}
	}
	for _, s := range x.scores {
		x.wordScore[s.word] = append(x.wordScore[s.word], s)
	}
	x.posts = make([][]int32, len(a.list))
	for i := range x.rules {
		list, _, ok := x.rules[i].form.access(a)
		if !ok {
			x.always = append(x.always, int32(i))
			continue
		}
		slices.Sort(list)
		for _, at := range slices.Compact(list) {
			x.posts[at] = append(x.posts[at], int32(i))
		}
	}
}
