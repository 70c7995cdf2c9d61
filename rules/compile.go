package rules

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/rules/formula"
	"github.com/mashang-hub/mashang/rules/index"
	"github.com/mashang-hub/mashang/rules/lang"
)

// compiler turns files into a Set and collects every problem on the way.
type compiler struct {
	sources  []source
	known    []hub.DepartmentCode
	voc      lang.Vocabulary
	lifter   *lang.Lifter
	set      *Set
	problems Problems
	ids      map[string]bool
	used     map[string][]hub.RuleID // word list to rules
	scores   []score
}

func newCompiler(sources []source, known []hub.DepartmentCode, options []Option) *compiler {
	c := &compiler{sources: sources, known: known, ids: map[string]bool{}, used: map[string][]hub.RuleID{}}
	c.voc = lang.Vocabulary{
		Lists: map[string][]string{}, Places: map[string]string{}, Channels: map[string]string{}, Leads: map[string]string{},
	}
	c.set = &Set{season: season{1015, 415}, open: calendar.New().Open}
	for _, o := range options {
		o(c.set)
	}
	for i := range sources {
		s := &sources[i]
		maps.Copy(c.voc.Places, s.Places)
		maps.Copy(c.voc.Channels, s.Channels)
		maps.Copy(c.voc.Leads, s.Leads)
	}
	for _, d := range known {
		c.voc.Leads[string(d)] = string(d)
	}
	c.lexicon()
	c.lifter = lang.New(c.voc)
	return c
}

// An origin is where in a file something was written.
type origin struct {
	source *source
	rule   string
	path   []any
}

func (o origin) to(path ...any) origin {
	o.path = append(slices.Clone(o.path), path...)
	return o
}

// node is the part of the file, or the nearest part around it.
func (o origin) node() ast.Node {
	for i := len(o.path); i >= 0; i-- {
		if n := o.source.find(o.path[:i]...); n != nil {
			return n
		}
	}
	return o.source.body
}

func (o origin) line() int {
	if n := o.node(); n != nil {
		return n.GetToken().Position.Line
	}
	return 1
}

// problem reports a mistake at o.
func (c *compiler) problem(o origin, code, format string, args ...any) {
	p := o.source.nodeProblem(o.node(), code, fmt.Sprintf(format, args...), "")
	p.Rule = o.rule
	c.problems = append(c.problems, p)
}

// faults reports mistakes inside the condition text at o.
func (c *compiler) faults(o origin, text string, faults []lang.Fault) {
	for _, f := range faults {
		n := o.node()
		line, column := o.source.place(n, text, min(f.From, max(len([]rune(text))-1, 0)))
		p := o.source.problem(line, column, max(f.To-f.From, 1), f.Code, f.Text)
		p.Rule, p.Instead = o.rule, f.Instead
		c.problems = append(c.problems, p)
	}
}

// lexicon collects the word lists of all files.
func (c *compiler) lexicon() {
	texts := map[string]listText{}
	for i := range c.sources {
		s := &c.sources[i]
		for _, k := range slices.Sorted(maps.Keys(s.Lexicon)) {
			o := origin{source: s, path: []any{"词库", k}}
			if _, dup := texts[k]; dup {
				c.problem(o, "M06", "词库“%s”与别的文件重复", k)
			}
			texts[k] = s.Lexicon[k]
			c.set.lists = append(c.set.lists, List{
				Name: k, Version: max(s.Lexicon[k].Version, s.Version), Owner: s.Owner, File: s.name, Line: o.line(),
			})
			for _, w := range s.Lexicon[k].Words {
				if f := lang.CheckWord(w); f != nil {
					c.problem(o, f.Code, "词库“%s”：%s", k, f.Text)
				}
			}
		}
	}
	slices.SortFunc(c.set.lists, func(a, b List) int { return strings.Compare(a.Name, b.Name) })
	for i := range c.set.lists {
		l := &c.set.lists[i]
		words, err := expand(texts, l.Name, nil)
		if err != nil {
			s := slices.IndexFunc(c.sources, func(s source) bool { return s.name == l.File })
			c.problem(origin{source: &c.sources[s], path: []any{"词库", l.Name}}, "M02", "%s", err.Error())
		}
		l.Words = words
		c.voc.Lists[l.Name] = words
	}
}

// expand writes out the lists that a list includes.
func expand(texts map[string]listText, name string, inside []string) ([]string, error) {
	t, ok := texts[name]
	switch {
	case !ok:
		return nil, errors.New("没有“" + name + "”这个词库")
	case slices.Contains(inside, name):
		return nil, errors.New("词库“" + name + "”包含了自己")
	}
	words := slices.Clone(t.Words)
	for _, other := range t.Include {
		more, err := expand(texts, other, append(inside, name))
		if err != nil {
			return nil, err
		}
		words = append(words, more...)
	}
	return words, nil
}

func (c *compiler) compile() *Set {
	for i := range c.sources {
		s := &c.sources[i]
		if s.Owner == "" {
			c.problem(origin{source: s}, "M22", "没有写负责人")
		}
		for j := range s.Rules {
			c.rule(s, j)
		}
		for j := range s.Grids {
			c.grid(s, j)
		}
		for j := range s.Tables {
			c.table(s, j)
		}
		if s.Season != nil {
			c.season(s)
		}
		if s.Default != nil {
			r := rule{id: "默认"}
			c.then(origin{source: s, path: []any{"默认"}}, &r, s.Default)
			c.set.fallback = r
		}
	}
	c.guard()
	return c.finish()
}

func (c *compiler) claim(o origin, id string) {
	if id == "" {
		c.problem(o, "M06", "没有写编号")
	} else if c.ids[id] {
		c.problem(o.to("编号"), "M06", "编号“%s”与别的规则重复", id)
	}
	c.ids[id] = true
}

func (c *compiler) rule(s *source, i int) {
	t := &s.Rules[i]
	o := origin{s, t.ID, []any{"规则", i}}
	r := rule{
		id: hub.RuleID(t.ID), name: t.Name, owner: s.Owner, file: s.name, line: o.to("编号").line(),
		when: t.When, unless: t.Unless, stage: t.Then.inferred(t.Clocks), priority: t.Priority,
	}
	c.claim(o, t.ID)
	c.stage(o, &r, t.Stage)
	c.conditions(o, &r)
	c.then(o, &r, &t.Then)
	c.clocks(o.to("时限"), &r, &t.Clocks)
	r.from, r.to = c.day(o.to("生效"), t.From), c.day(o.to("失效"), t.To)
	if !r.to.IsZero() && !r.from.Before(r.to) {
		c.problem(o.to("失效"), "M26", "失效不晚于生效，规则永远不用")
	}
	c.examples(o, t.Examples, r.id)
	c.add(r)
}

// add keeps a rule whose condition could be read.
func (c *compiler) add(r rule) {
	if r.form == nil {
		return
	}
	if r.specificity == 0 {
		r.specificity = r.form.Specificity(c.lifter.Atoms)
	}
	r.words = r.form.Keywords(c.lifter.Atoms.List, false, nil)
	slices.Sort(r.words)
	r.words = slices.Compact(r.words)
	c.set.rules = append(c.set.rules, r)
}

func (c *compiler) stage(o origin, r *rule, name string) {
	if name == "" {
		return
	}
	st, ok := stageNamed(name)
	if !ok {
		c.problem(o.to("阶段"), "M12", "没有“%s”这个阶段，只有 %v", name, Stages())
	}
	r.stage = st
}

// conditions lifts 当 and 除非.
func (c *compiler) conditions(o origin, r *rule) {
	if r.when == "" {
		c.problem(o, "M01", "没有写“当”")
		return
	}
	r.yes = c.condition(o.to("当"), r, r.when)
	r.form = r.yes
	if r.unless == "" {
		return
	}
	r.not = c.condition(o.to("除非"), r, r.unless)
	r.form = nil
	if r.yes != nil && r.not != nil {
		r.form = formula.AllOf(r.yes, r.not.Negate(true))
	}
}

func (c *compiler) condition(o origin, r *rule, src string) *formula.Form {
	f, faults := c.lifter.Lift(src)
	c.faults(o, src, faults)
	for l := range c.lifter.Lists {
		if !slices.Contains(c.used[l], r.id) {
			c.used[l] = append(c.used[l], r.id)
		}
	}
	for field := range c.lifter.Fields {
		if r.stage.late(field) {
			c.problem(o, "M05", "“%s”阶段还不知道“%s”", Stages()[r.stage], field.Name())
			return nil
		}
	}
	return f
}

// finish builds the index.
func (c *compiler) finish() *Set {
	x := c.set
	slices.SortStableFunc(x.rules, func(p, q rule) int { return p.before(&q) })
	for i := range x.lists {
		x.lists[i].Used = append([]hub.RuleID{}, c.used[x.lists[i].Name]...)
	}
	entries := make([]index.Entry, len(x.rules))
	for i := range x.rules {
		entries[i] = index.Entry{Form: x.rules[i].form, Phase: x.rules[i].stage.phase()}
	}
	x.lifter, x.voc = c.lifter, c.voc
	x.index = index.New(entries, c.lifter.Atoms)
	x.wordScore = make([][]score, len(c.lifter.Atoms.Words))
	for _, t := range c.scores {
		x.wordScore[t.word] = append(x.wordScore[t.word], t)
	}
	x.pool = sync.Pool{New: func() any { return newMemory(x) }}
	return x
}

// day reads a date of validity.
func (c *compiler) day(o origin, v string) time.Time {
	if v == "" {
		return time.Time{}
	}
	t, err := time.ParseInLocation(time.DateOnly, v, hub.China())
	if err != nil {
		c.problem(o, "M26", "看不懂日期“%s”，写成 2026-11-01", v)
	}
	return t
}
