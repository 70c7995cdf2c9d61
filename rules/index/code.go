package index

import (
	"github.com/mashang-hub/mashang/rules/formula"
)

// An instr is one node of a formula in prefix order. Negation is pushed down
// to the atoms, programs and counts.
type instr struct {
	op   formula.Op
	neg  bool
	n    int32 // atom, number of a leaf, how many, or the least gap
	more int32 // of Close and Follow: the widest gap in runes
	end  int32 // after the last instruction of the subtree
}

// emit appends the code of f, negated if neg.
func (x *Index) emit(f *formula.Form, neg bool) {
	at := len(x.code)
	in := instr{op: f.Op, neg: neg}
	switch f.Op {
	case formula.Not:
		x.emit(f.Kids[0], !neg)
		return
	case formula.True, formula.False:
		if neg {
			in.op, in.neg = formula.True+formula.False-f.Op, false
		}
	case formula.Is:
		in.n = f.Atom
	case formula.Leaf:
		in.n, neg = int32(len(x.leaves)), false
		x.leaves = append(x.leaves, f)
	case formula.And, formula.Or:
		if neg {
			in.op, in.neg = formula.And+formula.Or-f.Op, false
		}
	case formula.Count:
		in.n, neg = int32(f.N), false
	case formula.Close:
		in.more, neg = int32(f.N), false
	case formula.Follow:
		in.n, in.more = int32(f.Least), int32(f.N)
	}
	x.code = append(x.code, in)
	for _, k := range f.Kids {
		x.emit(k, neg)
	}
	x.code[at].end = int32(len(x.code))
}

// truth is a value of Kleene's logic.
type truth uint8

const (
	no truth = iota
	unknown
	yes
)

func truly(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (v truth) not(neg bool) truth {
	if neg {
		return yes - v
	}
	return v
}

// eval evaluates the instruction at i. Programs are unknown unless deep.
func (s *State) eval(i int32, deep bool) truth {
	in := &s.code[i]
	switch in.op {
	case formula.True:
		return yes
	case formula.Is:
		return truly((s.atoms[in.n] == s.round) != in.neg)
	case formula.And:
		v := yes
		for j := i + 1; j < in.end; j = s.code[j].end {
			if v = min(v, s.eval(j, deep)); v == no {
				return no
			}
		}
		return v
	case formula.Or:
		v := no
		for j := i + 1; j < in.end; j = s.code[j].end {
			if v = max(v, s.eval(j, deep)); v == yes {
				return yes
			}
		}
		return v
	case formula.Count:
		n := int32(0)
		for j := i + 1; j < in.end; j++ {
			if s.atoms[s.code[j].n] == s.round {
				n++
			}
		}
		return truly(n >= in.n).not(in.neg)
	case formula.Close:
		a, b := s.code[i+1].n, s.code[i+2].n
		near := s.atoms[a] == s.round && s.atoms[b] == s.round && s.near(a, b, in.more)
		return truly(near).not(in.neg)
	case formula.Follow:
		a, b := s.code[i+1].n, s.code[i+2].n
		if s.atoms[a] != s.round || s.atoms[b] != s.round {
			return no
		}
		return s.follow(a, b, in.n, in.more)
	case formula.Leaf:
		return s.leaf(i, in, deep)
	}
	return no
}

// leaf asks what the index knows of a leaf, then, if deep, its program.
func (s *State) leaf(i int32, in *instr, deep bool) truth {
	v := unknown
	if in.end > i+1 {
		v = s.eval(i+1, false)
	}
	if v == unknown && deep {
		v = truly(s.run(s.x.leaves[in.n]))
	}
	return v.not(in.neg)
}

// run asks the program of a leaf. One that fails decides nothing.
func (s *State) run(f *formula.Form) bool {
	s.Know()
	s.Ran++
	v, err := s.vm.Run(f.Program, &s.Facts)
	return err == nil && v == true
}

// near looks for two keywords within reach of each other. It walks both lists
// of hits from the end: of two hits out of reach the later one is out of reach
// of all that came before, too.
func (s *State) near(a, b, n int32) bool {
	a, b = s.x.atoms[a].Word, s.x.atoms[b].Word
	la, lb := s.x.matcher.length[a], s.x.matcher.length[b]
	i, j := s.last[a], s.last[b]
	for i >= 0 && j >= 0 {
		x, y := &s.hits[i], &s.hits[j]
		switch {
		case x.field > y.field:
			i = x.before
		case y.field > x.field:
			j = y.before
		case y.at-(x.at+la) <= n && x.at-(y.at+lb) <= n:
			return true
		case x.at > y.at:
			i = x.before
		default:
			j = y.before
		}
	}
	return false
}

// follow looks for b after a with a gap of least to most runes. It is unknown
// whether the gap has a line break, if the text has any.
func (s *State) follow(a, b, least, most int32) truth {
	f := s.x.atoms[a].Field
	a, b = s.x.atoms[a].Word, s.x.atoms[b].Word
	la := s.x.matcher.length[a]
	v, i := no, s.last[a]
	for j := s.last[b]; j >= 0; j = s.hits[j].before {
		y := &s.hits[j]
		if f != formula.All && y.field != f {
			continue
		}
		for i >= 0 && (s.hits[i].field > y.field || s.hits[i].field == y.field && s.hits[i].at+la > y.at-least) {
			i = s.hits[i].before
		}
		if i < 0 {
			break
		}
		if x := &s.hits[i]; x.field != y.field || x.at+la < y.at-most {
			continue
		}
		if !s.broken[y.field] {
			return yes
		}
		v = unknown
	}
	return v
}

// Holds evaluates a formula over the same atoms, whether or not it is indexed.
// It asks every program it meets.
func (s *State) Holds(f *formula.Form) bool {
	switch f.Op {
	case formula.True:
		return true
	case formula.Is:
		return s.atoms[f.Atom] == s.round
	case formula.Not:
		return !s.Holds(f.Kids[0])
	case formula.And:
		for _, k := range f.Kids {
			if !s.Holds(k) {
				return false
			}
		}
		return true
	case formula.Or:
		for _, k := range f.Kids {
			if k.Op == formula.Is && s.atoms[k.Atom] != s.round {
				continue // most of a long list of words
			}
			if s.Holds(k) {
				return true
			}
		}
	case formula.Count:
		n := 0
		for _, k := range f.Kids {
			if s.Holds(k) {
				n++
			}
		}
		return n >= f.N
	case formula.Close:
		a, b := f.Kids[0], f.Kids[1]
		return s.Holds(a) && s.Holds(b) && s.near(a.Atom, b.Atom, int32(f.N))
	case formula.Leaf:
		return s.run(f)
	}
	return false
}
