package ruletest

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/formula"
)

// A Result is one test and how it ended.
type Result struct {
	File   string     `json:"file"`
	Line   int        `json:"line"`
	Name   string     `json:"name"`
	Rule   hub.RuleID `json:"rule,omitempty"`
	Passed bool       `json:"passed"`
	Want   string     `json:"want,omitempty"` // of a failure
	Got    string     `json:"got,omitempty"`
	Clause string     `json:"clause,omitempty"` // the condition that failed
}

// A Report is the outcome of all tests.
type Report struct {
	RuleSet hub.RuleSetHash `json:"rule_set"`
	Passed  int             `json:"passed"`
	Failed  int             `json:"failed"`
	Results []Result        `json:"results"`
}

// Run runs the examples of set and the test files of fsys, the folder that set
// was loaded from.
func Run(fsys fs.FS, set *rules.Set) (Report, error) {
	tests, err := collect(fsys, set)
	if err != nil {
		return Report{}, err
	}
	r := Report{RuleSet: set.Hash(), Results: []Result{}}
	tested := map[string]bool{}
	for _, t := range tests {
		tested[ruleFile(t.file)] = true
		r.add(t.run(set))
	}
	for _, f := range rulesIn(set) {
		if !tested[f] {
			r.add(Result{File: f, Line: 1, Name: "有没有测试", Want: "至少一个例或测试", Got: "没有测试：给规则写“例”，或在旁边放 " + strings.TrimSuffix(f, path.Ext(f)) + "_test.yaml"})
		}
	}
	return r, nil
}

func (r *Report) add(x Result) {
	r.Results = append(r.Results, x)
	if x.Passed {
		r.Passed++
	} else {
		r.Failed++
	}
}

// ruleFile is the rule file that a test file stands beside.
func ruleFile(name string) string {
	if !isTest(name) {
		return name
	}
	ext := path.Ext(name)
	return strings.TrimSuffix(strings.TrimSuffix(name, ext), "_test") + ext
}

// rulesIn lists the files that have rules.
func rulesIn(set *rules.Set) []string {
	var out []string
	for _, r := range set.Rules() {
		out = append(out, r.File)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// collect lists the examples of all rules, then the tests of all files.
func collect(fsys fs.FS, set *rules.Set) ([]test, error) {
	var out []test
	for _, e := range set.Examples() {
		name := "不中"
		if e.Hit {
			name = "中"
		}
		t := test{file: e.File, line: e.Line, name: string(e.Rule) + " " + name, rule: e.Rule, hit: e.Hit, sub: e.Submission}
		t.want.Lead = string(e.Lead)
		out = append(out, t)
	}
	more, err := files(fsys, set)
	return append(out, more...), err
}

func (t *test) run(set *rules.Set) Result {
	r := Result{File: t.file, Line: t.line, Name: t.name, Rule: t.rule, Passed: true}
	fail := func(want, got, clause string) {
		if r.Passed {
			r.Passed, r.Want, r.Got, r.Clause = false, want, got, clause
		}
	}
	if t.bad != "" {
		fail("能读懂的测试", t.bad, "")
		return r
	}
	d := set.Decide(t.sub)
	if t.rule != "" {
		if hit := matched(&d, t.rule); hit != t.hit {
			fail(hits(t.rule, t.hit), hits(t.rule, hit), why(set, t.sub, t.rule))
		}
	}
	for _, id := range t.want.Hit {
		if !matched(&d, hub.RuleID(id)) {
			fail(hits(hub.RuleID(id), true), hits(hub.RuleID(id), false), why(set, t.sub, hub.RuleID(id)))
		}
	}
	for _, id := range t.want.Miss {
		if matched(&d, hub.RuleID(id)) {
			fail(hits(hub.RuleID(id), false), hits(hub.RuleID(id), true), "")
		}
	}
	for _, c := range t.want.compare(set, &d) {
		if c.want != c.got {
			fail(c.name+" "+c.want, c.name+" "+cmp.Or(c.got, "没有"), "")
		}
	}
	return r
}

func hits(id hub.RuleID, hit bool) string {
	if hit {
		return fmt.Sprintf("规则 %s 命中", id)
	}
	return fmt.Sprintf("规则 %s 不命中", id)
}

// matched reports whether a rule, or a row of the table, is among the matches.
func matched(d *hub.Decision, id hub.RuleID) bool {
	return slices.ContainsFunc(d.Matches, func(m hub.Match) bool {
		return m.Rule == id || strings.HasPrefix(string(m.Rule), string(id)+"/")
	})
}

// why names the clause that keeps a rule from matching.
func why(set *rules.Set, s *hub.Submission, id hub.RuleID) string {
	_, traces := set.Survey(s)
	for i := range traces {
		if traces[i].Rule != id {
			continue
		}
		c := traces[i].Failed()
		switch {
		case c == nil:
			return "条件全部成立"
		case c.Unless:
			return "除非 " + c.Text + "：" + c.Seen
		}
		return c.Text + "：" + c.Seen
	}
	return "没有这条规则"
}

type compared struct{ name, want, got string }

// compare lists what e looks at.
func (e *expectation) compare(set *rules.Set, d *hub.Decision) []compared {
	var out []compared
	code := func(f formula.Field, name, want, got string) {
		if want != "" {
			c, _ := set.Code(f, want)
			out = append(out, compared{name, set.Said(f, c), set.Said(f, got)})
		}
	}
	text := func(name, want, got string) {
		if want == "" {
			return
		}
		if strings.Contains(got, want) {
			got = want
		}
		out = append(out, compared{name, want, got})
	}
	code(formula.Lead, "主办", e.Lead, string(d.Lead))
	if e.Sorting {
		code(formula.Lead, "主办", "转分拨岗", cmp.Or(string(d.Lead), "转分拨岗"))
	}
	for _, u := range e.Co {
		c, _ := set.Code(formula.Lead, u)
		got := ""
		if slices.Contains(d.Co, hub.DepartmentCode(c)) {
			got = u
		}
		out = append(out, compared{"协办", u, got})
	}
	text("规则", e.Rule, string(d.Rule))
	text("类别", e.Category, d.Class.Category)
	code(formula.Kind, "诉求类型", e.Kind, string(d.Class.Kind))
	code(formula.Urgency, "紧急程度", e.Urgency, string(d.Class.Urgency))
	code(formula.Topic, "主题", e.Topic, d.Class.Topic)
	code(formula.Grade, "难度", e.Grade, string(d.Class.Grade))
	for _, tag := range e.Tags {
		text("标签", tag, strings.Join(d.Class.Tags, "、"))
	}
	reject, answer := "", ""
	if d.Reject != nil {
		reject = d.Reject.Reason
	}
	if d.Answer != nil {
		answer = d.Answer.Text
	}
	text("驳回", e.Reject, reject)
	text("答复", e.Answer, answer)
	if e.Rung > 0 {
		out = append(out, compared{"起始层级", fmt.Sprint(e.Rung), fmt.Sprint(int(d.StartRung))})
	}
	return append(out, e.clocks(d)...)
}

func (e *expectation) clocks(d *hub.Decision) []compared {
	names := map[string]hub.DeadlineKind{
		"分拨": hub.ClockSort, "首次联系": hub.ClockContact, "签收": hub.ClockSign, "受理": hub.ClockAccept,
		"到场": hub.ClockOnSite, "办结": hub.ClockClose,
	}
	var out []compared
	for name, want := range e.Clocks {
		b, err := hub.ParseBudget(want)
		c := compared{"时限 " + name, b.String(), ""}
		if err != nil {
			c.want = want
		}
		for _, a := range d.Clocks {
			if a.Kind == names[name] {
				c.got = a.Budget.String()
			}
		}
		out = append(out, c)
	}
	return out
}

// Write prints r for people: failures one by one, then the sum.
func (r Report) Write(w io.Writer) {
	for _, x := range r.Results {
		if x.Passed {
			continue
		}
		_, _ = fmt.Fprintf(w, "✘ %s:%d  %s\n    要：%s\n    得：%s\n", x.File, x.Line, x.Name, x.Want, x.Got)
		if x.Clause != "" {
			_, _ = fmt.Fprintf(w, "    条件：%s\n", x.Clause)
		}
	}
	_, _ = fmt.Fprintf(w, "测试 %d 个，通过 %d 个，没通过 %d 个。\n", len(r.Results), r.Passed, r.Failed)
}
