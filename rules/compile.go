package rules

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/mashang-hub/mashang/hub"
)

// compiler turns files into a Set and collects every problem on the way.
type compiler struct {
	sources  []source
	known    []hub.DepartmentCode
	lifter   *lifter
	set      *Set
	problems Problems
	ids      map[string]bool
}

func newCompiler(sources []source, known []hub.DepartmentCode) *compiler {
	l := &lifter{
		atoms: newAtoms(), lexicon: map[string][]string{}, places: map[string]string{},
		channel: map[string]string{}, lead: map[string]string{},
	}
	c := &compiler{sources: sources, known: known, lifter: l, ids: map[string]bool{}}
	c.set = &Set{season: season{1015, 415}}
	for i := range sources {
		s := &sources[i]
		for k, v := range s.Lexicon {
			if _, dup := l.lexicon[k]; dup {
				c.problem(s, s.line("$.词库.%s", k), "", faultf("M06", "词库“%s”重复", k))
			}
			l.lexicon[k] = v
		}
		merge(l.places, s.Places)
		merge(l.channel, s.Channels)
		merge(l.lead, s.Leads)
	}
	for _, d := range known {
		l.lead[string(d)] = string(d)
	}
	l.names = identifiers(l.lexicon)
	return c
}

func merge(into, from map[string]string) {
	maps.Copy(into, from)
}

func (c *compiler) problem(s *source, line int, rule string, err error) {
	p := Problem{File: s.name, Line: line, Rule: rule, Code: "M01", Text: err.Error()}
	if f, ok := errors.AsType[fault](err); ok {
		p.Code, p.Text = f.code, f.text
	}
	c.problems = append(c.problems, p)
}

func (c *compiler) compile() *Set {
	for i := range c.sources {
		s := &c.sources[i]
		if s.Owner == "" {
			c.problem(s, 1, "", faultf("M22", "没有写负责人"))
		}
		for j := range s.Rules {
			c.rule(s, j)
		}
		for j := range s.Tables {
			c.table(s, j)
		}
		if s.Avoid != nil {
			c.avoid(s)
		}
		if s.Season != nil {
			c.season(s)
		}
		if s.Default != nil {
			r := rule{id: "默认"}
			c.then(s, s.line("$.默认"), &r, s.Default)
			c.set.fallback = r
		}
	}
	return c.finish()
}

func (c *compiler) rule(s *source, i int) {
	t := &s.Rules[i]
	line := s.line("$.规则[%d].编号", i)
	r := rule{
		id: hub.RuleID(t.ID), name: t.Name, owner: s.Owner, file: s.name, line: line,
		when: t.When, unless: t.Unless, stage: t.inferred(), priority: t.Priority,
	}
	if t.ID == "" || c.ids[t.ID] {
		c.problem(s, line, t.ID, faultf("M06", "编号没有写或与别的规则重复"))
	}
	c.ids[t.ID] = true
	if t.Stage != "" {
		st, ok := stageNamed(t.Stage)
		if !ok {
			c.problem(s, line, t.ID, faultf("M12", "没有“%s”这个阶段", t.Stage))
		}
		r.stage = st
	}
	r.form = c.conditions(s, i, r.stage)
	c.then(s, line, &r, &t.Then)
	c.clocks(s, i, &r)
	c.examples(s, i)
	if r.form == nil {
		return
	}
	r.specificity = r.form.specificity(c.lifter.atoms)
	r.words = r.form.positive(c.lifter.atoms, nil)
	slices.Sort(r.words)
	r.words = slices.Compact(r.words)
	c.set.rules = append(c.set.rules, r)
}

// conditions lifts 当 and 除非; nil if they have problems.
func (c *compiler) conditions(s *source, i int, st stage) *form {
	t := &s.Rules[i]
	line := s.line("$.规则[%d].当", i)
	if t.When == "" {
		c.problem(s, s.line("$.规则[%d].编号", i), t.ID, faultf("M01", "没有写“当”"))
		return nil
	}
	f, err := c.lifter.condition(t.When)
	if err != nil {
		c.problem(s, line, t.ID, err)
		return nil
	}
	c.stageFields(s, line, t.ID, st)
	if t.Unless == "" {
		return f
	}
	g, err := c.lifter.condition(t.Unless)
	if err != nil {
		c.problem(s, s.line("$.规则[%d].除非", i), t.ID, err)
		return nil
	}
	c.stageFields(s, line, t.ID, st)
	return &form{op: opAnd, kids: []*form{f, flip(g, true)}}
}

// stageFields refuses fields that are decided only later.
func (c *compiler) stageFields(s *source, line int, id string, st stage) {
	for f := range c.lifter.used {
		late := f >= fieldCategory && st.phase() == 0 || f == fieldLead && st.phase() < 2
		if late {
			c.problem(s, line, id, faultf("M05", "这个阶段还不知道“%s”", fieldName(f)))
		}
	}
}

func (c *compiler) then(s *source, line int, r *rule, t *then) {
	enum := func(table map[string]string, v, field string) string {
		if v == "" {
			return ""
		}
		if code, ok := table[v]; ok {
			return code
		}
		for _, code := range table {
			if code == v {
				return code
			}
		}
		c.problem(s, line, string(r.id), faultf("M12", "“%s”不是%s的取值", v, field))
		return ""
	}
	r.class = hub.Class{
		Category: t.Category, Kind: hub.Kind(enum(kinds(), t.Kind, "诉求类型")),
		Urgency: hub.Urgency(enum(urgencies(), t.Urgency, "紧急程度")),
		Grade:   hub.Grade(enum(grades(), t.Grade, "难度")), Topic: t.Topic, Tags: t.Tags,
	}
	if code, ok := topics()[t.Topic]; ok {
		r.class.Topic = code
	}
	r.lead = c.department(s, line, string(r.id), t.Lead)
	for _, d := range t.Co {
		r.co = append(r.co, c.department(s, line, string(r.id), d))
	}
	r.rung = hub.Rung(t.Rung)
	if t.Rung < 0 || t.Rung > 7 {
		c.problem(s, line, string(r.id), faultf("M28", "起始层级要在 1 到 7 之间"))
	}
	if t.Reject != "" {
		r.reject = &hub.Rejection{Reason: t.Reject, Suggestion: t.Suggest}
	}
	if t.Answer != "" {
		r.answer = &hub.Answer{Knowledge: t.Knowledge, Text: t.Answer}
	}
}

func (c *compiler) department(s *source, line int, rule, name string) hub.DepartmentCode {
	if name == "" {
		return ""
	}
	code, ok := c.lifter.lead[name]
	if !ok {
		code = name
	}
	if d := hub.DepartmentCode(code); len(c.known) > 0 && !slices.Contains(c.known, d) {
		c.problem(s, line, rule, faultf("M24", "没有“%s”这个部门", name))
	}
	return hub.DepartmentCode(code)
}

// finish builds the index.
func (c *compiler) finish() *Set {
	x, a := c.set, c.lifter.atoms
	x.channels, x.leads = c.lifter.channel, c.lifter.lead
	slices.SortStableFunc(x.rules, func(p, q rule) int { return p.before(&q) })
	x.index(a)
	x.pool = sync.Pool{New: func() any { return newScratch(x) }}
	return x
}
