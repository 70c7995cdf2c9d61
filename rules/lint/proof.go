package lint

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/mashang-hub/mashang/rules/formula"
)

// A literal is an atom, a pair of words that are near, or an opaque test,
// perhaps negated. A conjunction is a list of them.
type literal struct {
	op     formula.Op // Is, Close or Leaf
	neg    bool
	atom   int32 // of Is, and the first of Close
	other  int32 // of Close
	within int   // of Close
	source string
	number *interval
}

// An interval is what a comparison of a number field allows.
type interval struct {
	name             string
	low, high        float64
	openLow, openTop bool
}

type conjunction []literal

// maxTerms bounds a normal form; formulas that need more are not judged.
const maxTerms = 256

// terms writes f, negated if neg, as a disjunction of conjunctions; ok is false
// if it is too large.
func terms(f *formula.Form, neg bool) (out []conjunction, ok bool) {
	switch f.Op {
	case formula.True, formula.False:
		if (f.Op == formula.True) != neg {
			return []conjunction{nil}, true
		}
		return nil, true
	case formula.Is:
		return []conjunction{{{op: formula.Is, neg: neg, atom: f.Atom}}}, true
	case formula.Not:
		return terms(f.Kids[0], !neg)
	case formula.Close:
		l := literal{op: formula.Close, neg: neg, atom: f.Kids[0].Atom, other: f.Kids[1].Atom, within: f.N}
		return []conjunction{{l}}, true
	case formula.Leaf:
		l := literal{op: formula.Leaf, neg: neg, source: f.Source, number: comparison(f.Source)}
		return []conjunction{{l}}, true
	case formula.Count:
		return counted(f, neg)
	}
	if (f.Op == formula.And) != neg {
		return product(f.Kids, neg)
	}
	for _, k := range f.Kids {
		t, ok := terms(k, neg)
		if out = append(out, t...); !ok || len(out) > maxTerms {
			return nil, false
		}
	}
	return out, true
}

func product(kids []*formula.Form, neg bool) ([]conjunction, bool) {
	out := []conjunction{nil}
	for _, k := range kids {
		t, ok := terms(k, neg)
		if !ok || len(out)*len(t) > maxTerms {
			return nil, false
		}
		next := make([]conjunction, 0, len(out)*len(t))
		for _, a := range out {
			for _, b := range t {
				if c := slices.Concat(a, b); !c.absurd(nil) {
					next = append(next, c)
				}
			}
		}
		out = next
	}
	return out, true
}

// counted writes out "at least n of": every choice of n, or, negated, every
// choice of all but n-1 that are missing.
func counted(f *formula.Form, neg bool) ([]conjunction, bool) {
	n := f.N
	if neg {
		n = len(f.Kids) - f.N + 1
	}
	var out []conjunction
	ok := true
	var choose func(from int, chosen conjunction)
	choose = func(from int, chosen conjunction) {
		switch {
		case !ok:
		case len(chosen) == n:
			out = append(out, slices.Clone(chosen))
			ok = len(out) <= maxTerms
		default:
			for i := from; i <= len(f.Kids)-(n-len(chosen)); i++ {
				choose(i+1, append(chosen, literal{op: formula.Is, neg: neg, atom: f.Kids[i].Atom}))
			}
		}
	}
	choose(0, nil)
	return out, ok
}

// comparisons reads simple comparisons such as 人数 >= 30.
var comparisons = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(\S+) (<=|>=|<|>|==) (-?\d+(?:\.\d+)?)$`)
})

func comparison(src string) *interval {
	m := comparisons().FindStringSubmatch(src)
	if m == nil || !slices.Contains(formula.Numbers(), m[1]) {
		return nil
	}
	v, err := strconv.ParseFloat(m[3], 64)
	if err != nil {
		return nil
	}
	const far = 1e300
	switch m[2] {
	case "<":
		return &interval{m[1], -far, v, false, true}
	case "<=":
		return &interval{m[1], -far, v, false, false}
	case ">":
		return &interval{m[1], v, far, true, false}
	case ">=":
		return &interval{m[1], v, far, false, false}
	}
	return &interval{m[1], v, v, false, false}
}

// inside reports whether every number of i is in j.
func (i *interval) inside(j *interval) bool {
	return i.name == j.name && (i.low > j.low || i.low == j.low && (i.openLow || !j.openLow)) &&
		(i.high < j.high || i.high == j.high && (i.openTop || !j.openTop))
}

// apart reports whether i and j have no number in common.
func (i *interval) apart(j *interval) bool {
	if i.name != j.name {
		return false
	}
	before := func(a, b *interval) bool { return a.high < b.low || a.high == b.low && (a.openTop || b.openLow) }
	return before(i, j) || before(j, i)
}

// single reports whether a field has one value at a time.
func single(f formula.Field) bool { return !f.IsText() && f < formula.Tag }

// implies reports whether q holds whenever p does.
func (p *literal) implies(q *literal, a []formula.Atom) bool {
	switch {
	case p.neg && q.neg:
		positive, other := *p, *q
		positive.neg, other.neg = false, false
		return other.implies(&positive, a)
	case p.neg:
		return false
	case q.neg:
		positive := *q
		positive.neg = false
		return p.excludes(&positive, a)
	case p.op == formula.Leaf || q.op == formula.Leaf:
		if p.number != nil && q.number != nil {
			return p.number.inside(q.number)
		}
		return p.op == q.op && p.source == q.source
	case p.op == formula.Close && q.op == formula.Close:
		same := p.atom == q.atom && p.other == q.other || p.atom == q.other && p.other == q.atom
		return same && p.within <= q.within
	case q.op == formula.Close:
		return false
	case p.op == formula.Close:
		return atomImplies(&a[p.atom], &a[q.atom]) || atomImplies(&a[p.other], &a[q.atom])
	}
	return atomImplies(&a[p.atom], &a[q.atom])
}

func atomImplies(p, q *formula.Atom) bool {
	switch {
	case p.Field.IsText():
		return (q.Field == p.Field || q.Field == formula.All) && strings.Contains(p.Value, q.Value)
	case q.Field == formula.Area && (p.Field == formula.Area || p.Field == formula.Place):
		return strings.HasPrefix(p.Value, q.Value)
	}
	return p.Field == q.Field && p.Value == q.Value
}

// excludes reports whether p and q, both positive, cannot hold together.
func (p *literal) excludes(q *literal, a []formula.Atom) bool {
	if p.number != nil && q.number != nil {
		return p.number.apart(q.number)
	}
	if p.op != formula.Is || q.op != formula.Is {
		return false
	}
	x, y := &a[p.atom], &a[q.atom]
	switch {
	case x.Field == y.Field && single(x.Field):
		return x.Value != y.Value
	case x.Field == formula.Area && y.Field == formula.Area:
		return !strings.HasPrefix(x.Value, y.Value) && !strings.HasPrefix(y.Value, x.Value)
	case x.Field == formula.Place && y.Field == formula.Area:
		return !strings.HasPrefix(x.Value, y.Value)
	case x.Field == formula.Area && y.Field == formula.Place:
		return !strings.HasPrefix(y.Value, x.Value)
	}
	return false
}

// absurd reports whether c can never hold. Without atoms it sees only a test
// and its own negation.
func (c conjunction) absurd(a []formula.Atom) bool {
	for i := range c {
		for j := i + 1; j < len(c); j++ {
			p, q := &c[i], &c[j]
			if p.neg != q.neg && p.op == q.op && p.op == formula.Is && p.atom == q.atom {
				return true
			}
			if a != nil && clash(p, q, a) {
				return true
			}
		}
	}
	return false
}

func clash(p, q *literal, a []formula.Atom) bool {
	switch {
	case p.neg && q.neg:
		return false
	case p.neg:
		p, q = q, p
		fallthrough
	case q.neg:
		positive := *q
		positive.neg = false
		return p.implies(&positive, a)
	}
	return p.excludes(q, a)
}

// implies reports whether the disjunction q holds whenever c does.
func (c conjunction) implies(q []conjunction, a []formula.Atom) bool {
	return slices.ContainsFunc(q, func(d conjunction) bool {
		for i := range d {
			if !slices.ContainsFunc(c, func(p literal) bool { return p.implies(&d[i], a) }) {
				return false
			}
		}
		return true
	})
}
