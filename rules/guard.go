package rules

import (
	_ "embed"
	"maps"
	"reflect"
	"slices"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules/formula"
	"github.com/mashang-hub/mashang/rules/lang"
)

// builtin is the guard (回避) that no rule set can take away.
//
//go:embed guard.yaml
var builtin []byte

// guardRule is the number under which the guard appears among the matches.
const guardRule hub.RuleID = "回避"

// aboveTownship is the first rung whose holder is not of the township.
const aboveTownship hub.Rung = 4

// A guard says who is accused.
type guard struct {
	accused map[hub.DepartmentCode]*formula.Form
	give    hub.DepartmentCode
}

// guard compiles the built-in guard and what the files add to it.
func (c *compiler) guard() {
	var base avoidText
	tree, err := parser.ParseBytes(builtin, 0)
	if err != nil {
		panic(err) // a test loads it
	}
	d := decoder{report: func(_ ast.Node, code, text, _ string) { panic(code + text) }}
	d.decode(tree.Docs[0].Body, reflect.ValueOf(&base).Elem())
	units := map[hub.DepartmentCode][]string{}
	for code, words := range base.Units {
		units[hub.DepartmentCode(code)] = words
	}
	for i := range c.sources {
		if s := &c.sources[i]; s.Avoid != nil {
			c.widen(s, &base, units)
		}
	}
	g := &c.set.guard
	g.give, g.accused = hub.DepartmentCode(base.Give), map[hub.DepartmentCode]*formula.Form{}
	if len(c.known) > 0 && !slices.Contains(c.known, g.give) {
		g.give = "" // to the sorting desk
	}
	for _, code := range slices.Sorted(maps.Keys(units)) {
		g.accused[code] = c.accusing(unique(units[code]), unique(base.Acts), base.Near)
	}
}

// accusing is one of units near one of acts. Hardly any text names a unit, so
// that the pairs of a unit are looked at only where it occurs.
func (c *compiler) accusing(units, acts []string, distance int) *formula.Form {
	either := formula.AnyOf()
	for _, unit := range units {
		if pairs := c.lifter.Near([]string{unit}, acts, distance, nil); len(pairs.Kids) > 0 {
			named := pairs.Kids[0].Kids[0]
			either.Kids = append(either.Kids, formula.AllOf(named, pairs))
		}
	}
	return either
}

func unique(words []string) []string {
	words = slices.Clone(words)
	slices.Sort(words)
	return slices.Compact(words)
}

// widen adds what a file says to the guard.
func (c *compiler) widen(s *source, base *avoidText, units map[hub.DepartmentCode][]string) {
	o := origin{s, string(guardRule), []any{"回避"}}
	add := func(o origin, into []string, words []string) []string {
		for _, w := range words {
			if f := lang.CheckWord(w); f != nil {
				c.problem(o, f.Code, "%s", f.Text)
				continue
			}
			into = append(into, w)
		}
		return into
	}
	base.Acts = add(o.to("行为"), base.Acts, s.Avoid.Acts)
	if s.Avoid.Give != "" {
		base.Give = string(c.department(o.to("转交"), s.Avoid.Give))
	}
	base.Near = max(base.Near, s.Avoid.Near)
	if base.Near > 200 {
		c.problem(o.to("字距"), "M03", "字距要在 0 到 200 之间")
		base.Near = 200
	}
	for _, name := range slices.Sorted(maps.Keys(s.Avoid.Units)) {
		code := c.department(o.to("单位", name), name)
		units[code] = add(o.to("单位", name), units[code], s.Avoid.Units[name])
	}
}

// shield (回避) keeps an accusation away from the accused unit, and from the
// cadres of a township that is accused. It runs before the clocks are set and
// again at the very end.
func (d *decision) shield() {
	accused := func(u hub.DepartmentCode) bool {
		f, ok := d.x.guard.accused[u]
		return ok && d.m.Holds(f)
	}
	give := d.x.guard.give
	if give != "" && accused(give) {
		give = ""
	}
	if accused("township") {
		d.StartRung = max(d.StartRung, aboveTownship)
	}
	drop := func(u hub.DepartmentCode) bool { return accused(u) && u != give }
	d.Co = slices.DeleteFunc(d.Co, drop)
	d.Candidates = slices.DeleteFunc(d.Candidates, drop)
	d.Alert = slices.DeleteFunc(d.Alert, drop)
	if d.Lead == "" || !drop(d.Lead) {
		return
	}
	d.Matches = append(d.Matches, hub.Match{Rule: guardRule, Stage: stageRoute.String(), Department: give})
	d.Lead, d.Rule, d.Confidence, d.Clocks = give, guardRule, 0.8, nil
	d.Co = slices.DeleteFunc(d.Co, func(u hub.DepartmentCode) bool { return u == give })
	if give == "" {
		d.Confidence = 0
	}
}
