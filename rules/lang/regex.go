package lang

import (
	"regexp/syntax"
	"strconv"
	"unicode"

	"github.com/expr-lang/expr/ast"

	"github.com/mashang-hub/mashang/rules/formula"
)

// The finite sets of texts that a part of a regular expression may match are
// written out up to these sizes.
const (
	maxExact = 64
	maxClass = 16
)

// regex lifts f matches pattern. What the pattern cannot match without becomes
// atoms, so that the index need not ask it each time.
func (l *Lifter) regex(n ast.Node, f formula.Field, pattern string) *formula.Form {
	if len(pattern) > 3*MaxRunes/10 {
		return l.wrong(n, faultf("M05", "正则太长"))
	}
	t, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return l.wrong(n, faultf("M01", "正则写法有误：%s", pattern))
	}
	if size(t) > maxRegex {
		return l.wrong(n, faultf("M05", "正则太大：重复次数相乘太多"))
	}
	leaf := l.leaf(n, f.Name()+" matches "+strconv.Quote(pattern))
	if !f.IsText() || leaf.Op != formula.Leaf {
		return leaf
	}
	if g := l.gap(f, t); g != nil {
		leaf.Kids = []*formula.Form{g}
		return leaf
	}
	p := l.literals(f, t)
	if p.exact != nil {
		return l.anyOf(f, p.exact, leaf)
	}
	return formula.AllOf(p.need, leaf)
}

// gap lifts patterns such as A.{0,8}B, which the index decides by itself; nil
// if t is none.
func (l *Lifter) gap(f formula.Field, t *syntax.Regexp) *formula.Form {
	if t.Op != syntax.OpConcat {
		return nil
	}
	at, least, most := -1, 0, 0
	for i, s := range t.Sub {
		if n, m, ok := dots(s); ok {
			if at >= 0 {
				return nil
			}
			at, least, most = i, n, m
		}
	}
	if at < 0 {
		return nil
	}
	before, after := l.concat(f, t.Sub[:at]), l.concat(f, t.Sub[at+1:])
	or := formula.AnyOf()
	for _, a := range before.exact {
		for _, b := range after.exact {
			if !plain(a) || !plain(b) {
				return nil
			}
			kids := []*formula.Form{l.Atoms.Form(f, a), l.Atoms.Form(f, b)}
			or.Kids = append(or.Kids, &formula.Form{Op: formula.Follow, Least: least, N: most, Kids: kids})
		}
	}
	if len(or.Kids) == 0 || len(or.Kids) > maxExact {
		return nil
	}
	return or
}

// dots reports how many characters of a line a run of dots takes.
func dots(t *syntax.Regexp) (least, most int, ok bool) {
	if t.Op == syntax.OpAnyCharNotNL {
		return 1, 1, true
	}
	if len(t.Sub) != 1 || t.Sub[0].Op != syntax.OpAnyCharNotNL {
		return 0, 0, false
	}
	switch t.Op {
	case syntax.OpStar:
		return 0, endless, true
	case syntax.OpPlus:
		return 1, endless, true
	case syntax.OpQuest:
		return 0, 1, true
	case syntax.OpRepeat:
		if t.Max < 0 {
			return t.Min, endless, true
		}
		return t.Min, t.Max, true
	}
	return 0, 0, false
}

// endless is longer than any text.
const endless = 1 << 30

// size estimates the instructions of t, repeats written out.
func size(t *syntax.Regexp) int {
	n := 1 + len(t.Rune)
	for _, s := range t.Sub {
		n = min(n+size(s), maxRegex+1)
	}
	if t.Op == syntax.OpRepeat {
		n = min(n*max(t.Max, t.Min, 1), maxRegex+1)
	}
	return n
}

// A part of a regular expression matches exactly the texts of exact, or, if
// that is nil, nothing unless need holds.
type part struct {
	exact []string
	need  *formula.Form
}

func anything() part { return part{need: &formula.Form{Op: formula.True}} }

// anyOf is true if one of texts occurs; leaf decides if they are not all
// searchable.
func (l *Lifter) anyOf(f formula.Field, texts []string, leaf *formula.Form) *formula.Form {
	or := formula.AnyOf()
	for _, s := range texts {
		if s == "" {
			return &formula.Form{Op: formula.True}
		}
		if !plain(s) {
			return leaf
		}
		or.Kids = append(or.Kids, l.Atoms.Form(f, s))
	}
	return or
}

// required is a necessary condition for p.
func (l *Lifter) required(f formula.Field, p part) *formula.Form {
	if p.exact == nil {
		return p.need
	}
	return l.anyOf(f, p.exact, &formula.Form{Op: formula.True})
}

func (l *Lifter) literals(f formula.Field, t *syntax.Regexp) part {
	switch t.Op {
	case syntax.OpLiteral:
		if t.Flags&syntax.FoldCase == 0 || caseless(t.Rune) {
			return part{exact: []string{string(t.Rune)}}
		}
	case syntax.OpEmptyMatch:
		return part{exact: []string{""}}
	case syntax.OpCharClass:
		return class(t.Rune)
	case syntax.OpCapture:
		return l.literals(f, t.Sub[0])
	case syntax.OpQuest:
		if p := l.literals(f, t.Sub[0]); p.exact != nil && len(p.exact) < maxExact/2 {
			return part{exact: append([]string{""}, p.exact...)}
		}
	case syntax.OpPlus:
		return part{need: l.required(f, l.literals(f, t.Sub[0]))}
	case syntax.OpRepeat:
		if t.Min > 0 {
			return part{need: l.required(f, l.literals(f, t.Sub[0]))}
		}
	case syntax.OpAlternate:
		return l.alternate(f, t.Sub)
	case syntax.OpConcat:
		return l.concat(f, t.Sub)
	}
	return anything()
}

func caseless(rs []rune) bool {
	for _, r := range rs {
		if unicode.SimpleFold(r) != r {
			return false
		}
	}
	return true
}

// class writes out a small character class.
func class(ranges []rune) part {
	var out []string
	for i := 0; i+1 < len(ranges); i += 2 {
		if len(out)+int(ranges[i+1]-ranges[i]) >= maxClass {
			return anything()
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			out = append(out, string(r))
		}
	}
	if out == nil {
		return anything()
	}
	return part{exact: out}
}

func (l *Lifter) alternate(f formula.Field, subs []*syntax.Regexp) part {
	var all []string
	or, exact := formula.AnyOf(), true
	for _, s := range subs {
		p := l.literals(f, s)
		exact = exact && p.exact != nil
		all = append(all, p.exact...)
		or.Kids = append(or.Kids, l.required(f, p))
	}
	if exact && len(all) <= maxExact {
		return part{exact: all}
	}
	return part{need: or}
}

func (l *Lifter) concat(f formula.Field, subs []*syntax.Regexp) part {
	run, exact := []string{""}, true // what the parts since the last gap match
	and := formula.AllOf()
	flush := func() {
		and.Kids = append(and.Kids, l.required(f, part{exact: run}))
		run, exact = []string{""}, false
	}
	for _, s := range subs {
		p := l.literals(f, s)
		if p.exact == nil {
			flush()
			and.Kids = append(and.Kids, p.need)
			continue
		}
		if len(run)*len(p.exact) > maxExact {
			flush()
		}
		next := make([]string, 0, len(run)*len(p.exact))
		for _, a := range run {
			for _, b := range p.exact {
				next = append(next, a+b)
			}
		}
		run = next
	}
	if exact {
		return part{exact: run}
	}
	flush()
	return part{need: and}
}
