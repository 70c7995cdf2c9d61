package rules

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules/formula"
	"github.com/mashang-hub/mashang/rules/index"
	"github.com/mashang-hub/mashang/rules/lang"
)

// A Set (规则集) is a checked and indexed folder of rules. It is immutable and
// safe for concurrent use.
type Set struct {
	hash     hub.RuleSetHash
	rules    []rule // in order of stage, then rank
	lists    []List
	tables   []table
	season   season
	fallback rule
	guard    guard
	examples []Example
	lifter   *lang.Lifter // for the names of codes
	voc      lang.Vocabulary

	open      func(time.Time) bool
	knowledge map[string]string
	recent    Recent
	timing    *Timing

	index     *index.Index
	wordScore [][]score // per word
	pool      sync.Pool
}

// A rule is one compiled rule, or one row of a decision table.
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
	grid        int // of a decision table of which the first row counts, from 1
	from, to    time.Time
	yes, not    *formula.Form // 当 and 除非
	form        *formula.Form // both together
	words       []int32       // keyword atoms that make it true, for Hits
	lead        hub.DepartmentCode
	co          []hub.DepartmentCode
	class       hub.Class
	clocks      []hub.Allowance
	alert       []hub.DepartmentCode
	rung        hub.Rung
	reject      *hub.Rejection
	answer      *hub.Answer
}

// before orders rules by stage, then the winner first.
func (r *rule) before(q *rule) int {
	return cmp.Or(cmp.Compare(r.stage, q.stage), -r.rank(q))
}

// rank compares without regard to stage: positive if r wins over q.
func (r *rule) rank(q *rule) int {
	return cmp.Or(cmp.Compare(r.priority, q.priority), cmp.Compare(r.specificity, q.specificity),
		-strings.Compare(string(r.id), string(q.id)))
}

// in reports whether r is in force at t.
func (r *rule) in(t time.Time) bool {
	return t.IsZero() || !t.Before(r.from) && (r.to.IsZero() || t.Before(r.to))
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
	File       string             `json:"file"`
	Line       int                `json:"line"`
	Rule       hub.RuleID         `json:"rule"`
	Hit        bool               `json:"hit"`
	Lead       hub.DepartmentCode `json:"lead,omitempty"` // expected, "" if not stated
	Submission *hub.Submission    `json:"submission"`
}

// A List (词库) is a word list that conditions name.
type List struct {
	Name    string       `json:"name"`
	Version int          `json:"version,omitempty"`
	Owner   string       `json:"owner,omitempty"`
	File    string       `json:"file"`
	Line    int          `json:"line"`
	Words   []string     `json:"words"`
	Used    []hub.RuleID `json:"used"` // by these rules
}

// Hash returns the content address of the set.
func (x *Set) Hash() hub.RuleSetHash { return x.hash }

// Len returns the number of rules, rows of decision tables included.
func (x *Set) Len() int { return len(x.rules) }

// Examples returns the examples of all rules.
func (x *Set) Examples() []Example { return slices.Clone(x.examples) }

// Lists returns the word lists by name.
func (x *Set) Lists() []List { return slices.Clone(x.lists) }
