package rules

import (
	"slices"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules/formula"
	"github.com/mashang-hub/mashang/rules/index"
	"github.com/mashang-hub/mashang/rules/lang"
)

// A Rule is a read-only view of one rule, for tools and screens.
type Rule struct {
	ID          hub.RuleID           `json:"id"`
	Name        string               `json:"name,omitempty"`
	Owner       string               `json:"owner,omitempty"`
	File        string               `json:"file"`
	Line        int                  `json:"line"`
	Stage       string               `json:"stage"` // screen, classify, route, answer, deadline
	When        string               `json:"when"`  // 当, as its author wrote it
	Unless      string               `json:"unless,omitempty"`
	Priority    int                  `json:"priority"`
	Specificity int                  `json:"specificity"`
	Lead        hub.DepartmentCode   `json:"lead,omitempty"`
	Co          []hub.DepartmentCode `json:"co,omitempty"`
	Class       hub.Class            `json:"class"`
	Clocks      []hub.Allowance      `json:"clocks,omitempty"`
	StartRung   hub.Rung             `json:"start_rung,omitempty"`
	Alert       []hub.DepartmentCode `json:"alert,omitempty"`
	From        time.Time            `json:"from,omitzero"` // in force
	To          time.Time            `json:"to,omitzero"`
	Slow        bool                 `json:"slow,omitempty"` // asked for every submission
	Reject      *hub.Rejection       `json:"reject,omitempty"`
	Answer      *hub.Answer          `json:"answer,omitempty"`
	Words       []string             `json:"words,omitempty"` // keywords that can make it true
	Examples    []Example            `json:"examples,omitempty"`
}

// Rules returns the rules in order of stage, in each the winner first.
func (x *Set) Rules() []Rule {
	out := make([]Rule, len(x.rules))
	at := make(map[hub.RuleID]int, len(x.rules))
	for i := range x.rules {
		out[i] = x.view(&x.rules[i])
		at[x.rules[i].id] = i
	}
	for _, i := range x.index.AskedAlways() {
		out[i].Slow = true
	}
	for _, e := range x.examples {
		if i, ok := at[e.Rule]; ok {
			out[i].Examples = append(out[i].Examples, e)
		}
	}
	return out
}

// Rule returns the rule called id.
func (x *Set) Rule(id hub.RuleID) (Rule, bool) {
	i := slices.IndexFunc(x.rules, func(r rule) bool { return r.id == id })
	if i < 0 {
		return Rule{}, false
	}
	v := x.view(&x.rules[i])
	for _, e := range x.examples {
		if e.Rule == id {
			v.Examples = append(v.Examples, e)
		}
	}
	return v, true
}

func (x *Set) view(r *rule) Rule {
	v := Rule{
		ID: r.id, Name: r.name, Owner: r.owner, File: r.file, Line: r.line, Stage: r.stage.String(),
		When: r.when, Unless: r.unless, Priority: r.priority, Specificity: r.specificity,
		Lead: r.lead, Co: slices.Clone(r.co), Class: r.class, Clocks: slices.Clone(r.clocks),
		StartRung: r.rung, Reject: r.reject, Answer: r.answer, Alert: slices.Clone(r.alert),
		From: r.from, To: r.to,
	}
	for _, a := range r.words {
		if w := x.index.Atoms()[a].Value; !slices.Contains(v.Words, w) {
			v.Words = append(v.Words, w)
		}
	}
	return v
}

// A Condition is what a rule's condition means, for tools that prove and
// measure. Its formulas are over the atoms of Set.Index.
type Condition struct {
	Rule   hub.RuleID
	Phase  int // rules of one phase are asked together
	When   *formula.Form
	Unless *formula.Form // nil if there is none
	Form   *formula.Form // both together
}

// Conditions returns the conditions in the order of Rules.
func (x *Set) Conditions() []Condition {
	out := make([]Condition, len(x.rules))
	for i := range x.rules {
		r := &x.rules[i]
		out[i] = Condition{r.id, r.stage.phase(), r.yes, r.not, r.form}
	}
	return out
}

// Index returns the index of the conditions.
func (x *Set) Index() *index.Index { return x.index }

// Vocabulary is what authors call the codes of the set, for tools that read
// messages of authors.
func (x *Set) Vocabulary() lang.Vocabulary { return x.voc }

// Said is how authors write the value v of a field.
func (x *Set) Said(f formula.Field, v string) string { return x.lifter.Said(f, v) }

// Code is what is stored for the value that an author writes; ok is false if
// the field has no such value.
func (x *Set) Code(f formula.Field, v string) (code string, ok bool) { return x.lifter.Code(f, v) }

// Format writes a condition in its stored form.
func (x *Set) Format(condition string) string { return x.lifter.Format(condition) }

// HasDefault reports whether the set says what to do with what no rule matches.
func (x *Set) HasDefault() bool { return x.fallback.id != "" }
