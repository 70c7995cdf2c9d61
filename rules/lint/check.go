package lint

import (
	"fmt"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
)

// checker collects findings of one set.
type checker struct {
	set   *rules.Set
	rules []rules.Rule
	at    map[hub.RuleID]int
	found []Finding
}

// Check finds what can be said of a set that loads.
func Check(set *rules.Set) []Finding {
	c := &checker{set: set, rules: set.Rules(), at: map[hub.RuleID]int{}}
	for i := range c.rules {
		c.at[c.rules[i].ID] = i
	}
	c.proofs()
	for i := range c.rules {
		c.rule(&c.rules[i])
	}
	c.lists()
	c.examples()
	c.whole()
	return c.found
}

// report files a finding about r; needle is the text that it is about.
func (c *checker) report(r *rules.Rule, s Severity, code, needle, format string, args ...any) {
	c.found = append(c.found, Finding{
		Problem: rules.Problem{
			File: r.File, Line: r.Line, Code: code, Rule: string(r.ID), Text: fmt.Sprintf(format, args...),
		},
		Severity: s, needle: needle,
	})
}
