// Package simulate answers "what would happen" before anything does: Run lets
// one rule set judge history, Diff lets two judge it and says what changes:
// which department gets what instead, which deadlines move, how much work each
// department gains, with sample cases and why.
//
// It decides nothing itself and knows nothing of how rules are written: a rule
// set is whatever judges a submission. Cases are judged in parallel and the
// report is the same for any number of processors. Start with [Read], then
// [Diff].
package simulate

import (
	"github.com/mashang-hub/mashang/hub"
)

// Rules (规则集) judge submissions. Decide is pure and safe for concurrent use.
type Rules interface {
	Decide(s *hub.Submission) hub.Decision
	Hash() hub.RuleSetHash
}

// A Case (历史事项) is a submission of the past and the department that ended up
// with it, "" where nobody knows.
type Case struct {
	hub.Submission
	Lead hub.DepartmentCode
}

// Options say what a report may know and show. The zero value is usable.
type Options struct {
	// Policy gives the clocks that a case of a channel gets when the rules
	// set none; nil knows none.
	Policy func(hub.ChannelCode) []hub.Allowance
	// Mask hides personal data in samples; nil shows texts as they are.
	Mask func(string) string
	// Samples is how many sample cases are listed: 20 if zero.
	Samples int
}

func (o Options) withDefaults() Options {
	if o.Policy == nil {
		o.Policy = func(hub.ChannelCode) []hub.Allowance { return nil }
	}
	if o.Mask == nil {
		o.Mask = func(s string) string { return s }
	}
	if o.Samples == 0 {
		o.Samples = 20
	}
	return o
}

// conflict reports whether d went to the sorting desk because rules for
// different departments were equally good.
func conflict(d *hub.Decision) bool {
	if d.Destination() != hub.ToSorting {
		return false
	}
	var first hub.DepartmentCode
	for _, m := range d.Matches {
		if m.Stage != "route" || m.Department == "" {
			continue
		}
		if first != "" && m.Department != first {
			return true
		}
		first = m.Department
	}
	return false
}
