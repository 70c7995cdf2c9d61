package ruletest

import (
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
)

// A Coverage says what the tests of a set have seen.
type Coverage struct {
	RuleSet hub.RuleSetHash `json:"rule_set"`
	Cases   int             `json:"cases"`
	Rules   Share           `json:"rules"`   // hit by a test and missed by one
	Clauses Share           `json:"clauses"` // seen to hold and seen not to
	Rows    Share           `json:"rows"`    // of decision tables, hit
	List    []RuleCover     `json:"list"`
}

// A Share is how many of how many.
type Share struct {
	Covered int     `json:"covered"`
	Total   int     `json:"total"`
	Percent float64 `json:"percent"`
}

// A RuleCover is what the tests have seen of one rule.
type RuleCover struct {
	Rule    hub.RuleID    `json:"rule"`
	File    string        `json:"file"`
	Line    int           `json:"line"`
	Hit     int           `json:"hit"`
	Missed  int           `json:"missed"`
	Clauses []ClauseCover `json:"clauses"`
}

// A ClauseCover counts how often a condition held.
type ClauseCover struct {
	Text  string `json:"text"`
	True  int    `json:"true"`
	False int    `json:"false"`
}

// Cover runs every test on every rule, without the index.
func Cover(fsys fs.FS, set *rules.Set) (Coverage, error) {
	tests, err := collect(fsys, set)
	if err != nil {
		return Coverage{}, err
	}
	c := Coverage{RuleSet: set.Hash()}
	for _, r := range set.Rules() {
		c.List = append(c.List, RuleCover{Rule: r.ID, File: r.File, Line: r.Line})
	}
	for _, t := range tests {
		if t.sub == nil {
			continue
		}
		c.Cases++
		_, traces := set.Survey(t.sub)
		for i := range traces {
			c.List[i].see(&traces[i])
		}
	}
	c.sum()
	return c, nil
}

func (r *RuleCover) see(t *rules.Trace) {
	if t.Holds() {
		r.Hit++
	} else {
		r.Missed++
	}
	n := 0
	for i := range t.Clauses {
		n = r.clause(&t.Clauses[i], n)
	}
}

// clause counts c, or what it is made of; n is the number of its first part.
func (r *RuleCover) clause(c *rules.Clause, n int) int {
	if len(c.Kids) > 0 {
		for i := range c.Kids {
			n = r.clause(&c.Kids[i], n)
		}
		return n
	}
	if n == len(r.Clauses) {
		text := c.Text
		if c.Unless {
			text = "除非 " + text
		}
		r.Clauses = append(r.Clauses, ClauseCover{Text: text})
	}
	if c.Holds {
		r.Clauses[n].True++
	} else {
		r.Clauses[n].False++
	}
	return n + 1
}

func (c *Coverage) sum() {
	for _, r := range c.List {
		row := strings.Contains(string(r.Rule), "/")
		if row {
			c.Rows.add(r.Hit > 0)
		}
		c.Rules.add(r.Hit > 0 && r.Missed > 0)
		for _, k := range r.Clauses {
			c.Clauses.add(k.True > 0 && k.False > 0)
		}
	}
	for _, s := range []*Share{&c.Rules, &c.Clauses, &c.Rows} {
		s.Percent = 100
		if s.Total > 0 {
			s.Percent = float64(s.Covered*1000/s.Total) / 10
		}
	}
}

func (s *Share) add(covered bool) {
	s.Total++
	if covered {
		s.Covered++
	}
}

// Write prints c for people: what is not covered, then the shares.
func (c Coverage) Write(w io.Writer) {
	for _, r := range c.List {
		if r.Hit == 0 {
			_, _ = fmt.Fprintf(w, "%s:%d  规则 %s 没有被任何测试命中\n", r.File, r.Line, r.Rule)
		}
		for _, k := range r.Clauses {
			switch {
			case k.True == 0:
				_, _ = fmt.Fprintf(w, "%s:%d  规则 %s：没有测试让它成立：%s\n", r.File, r.Line, r.Rule, k.Text)
			case k.False == 0:
				_, _ = fmt.Fprintf(w, "%s:%d  规则 %s：没有测试让它不成立：%s\n", r.File, r.Line, r.Rule, k.Text)
			}
		}
	}
	_, _ = fmt.Fprintf(w, "测试 %d 个，不用索引。规则 %d/%d（%.1f%%），条件 %d/%d（%.1f%%），表格行 %d/%d（%.1f%%）。\n", c.Cases,
		c.Rules.Covered, c.Rules.Total, c.Rules.Percent, c.Clauses.Covered, c.Clauses.Total, c.Clauses.Percent,
		c.Rows.Covered, c.Rows.Total, c.Rows.Percent)
}
