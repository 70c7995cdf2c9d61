package rules

import (
	"slices"

	"github.com/expr-lang/expr"

	"github.com/mashang-hub/mashang/hub"
)

// hit is an occurrence of a word; field is fieldTitle or fieldText.
type hit struct {
	word, at int32
	before   int32 // the hit of the same word before this one, -1: none
	field    field
}

// scratch is the memory of one decision, used again for the next.
type scratch struct {
	set     *Set
	env     env
	sub     *hub.Submission
	round   uint32
	atoms   []uint32 // round in which the atom was last true
	queued  []uint32 // round in which the rule was last a candidate
	seen    [2][]uint32
	hits    []hit
	last    []int32 // last hit of each word that was seen
	read    bool    // numbers of the text are known
	current [fields]int32
	queue   [3][]int32 // candidates per phase
	points  [][]float64
}

func newScratch(x *Set) *scratch {
	s := &scratch{set: x, atoms: make([]uint32, len(x.atoms)), queued: make([]uint32, len(x.rules))}
	s.seen = [2][]uint32{make([]uint32, len(x.words)), make([]uint32, len(x.words))}
	s.last = make([]int32, len(x.words))
	for _, t := range x.tables {
		s.points = append(s.points, make([]float64, len(t.labels)))
	}
	return s
}

// begin reads the submission: one pass over title and text.
func (s *scratch) begin(sub *hub.Submission) {
	s.round++
	if s.round == 0 { // wrapped
		clear(s.atoms)
		clear(s.queued)
		clear(s.seen[0])
		clear(s.seen[1])
		s.round = 1
	}
	s.hits, s.read = s.hits[:0], false
	for i := range s.queue {
		s.queue[i] = s.queue[i][:0]
	}
	for i := range s.points {
		clear(s.points[i])
	}
	for i := range s.current {
		s.current[i] = -1
	}
	s.env.fill(sub, s.set.season)
	s.sub = sub
	s.scan(sub.Title, fieldTitle)
	s.scan(sub.Text, fieldText)
	for _, r := range s.set.always {
		s.enqueue(r)
	}
	s.setValue(fieldChannel)
	s.setValue(fieldPlace)
}

func (s *scratch) scan(text string, f field) {
	x := s.set
	x.matcher.scan(text, func(w, at int32) {
		before := int32(-1)
		if s.seen[fieldTitle][w] == s.round || s.seen[fieldText][w] == s.round {
			before = s.last[w]
		}
		s.last[w] = int32(len(s.hits))
		s.hits = append(s.hits, hit{w, at, before, f})
		if s.seen[f][w] == s.round {
			return
		}
		s.seen[f][w] = s.round
		s.raise(x.wordAtoms[w][f])
		s.raise(x.wordAtoms[w][fieldAll])
		for _, p := range x.wordScore[w] {
			if f == fieldTitle {
				p.weight *= x.tables[p.table].title
			}
			s.points[p.table][p.label] += p.weight
		}
	})
}

// raise makes an atom true and its rules candidates.
func (s *scratch) raise(a int32) {
	if a < 0 || s.atoms[a] == s.round {
		return
	}
	s.atoms[a] = s.round
	for _, r := range s.set.posts[a] {
		s.enqueue(r)
	}
}

func (s *scratch) enqueue(r int32) {
	if s.queued[r] == s.round {
		return
	}
	s.queued[r] = s.round
	p := s.set.rules[r].stage.phase()
	s.queue[p] = append(s.queue[p], r)
}

// setValue makes the atom of f's present value true and its former one false.
func (s *scratch) setValue(f field) {
	if old := s.current[f]; old >= 0 {
		s.atoms[old] = s.round - 1
	}
	id, ok := s.set.values[f][s.env.value(f)]
	if !ok {
		s.current[f] = -1
		return
	}
	s.current[f] = id
	s.raise(id)
}

// matches returns the rules of a phase that hold, in order.
func (s *scratch) matches(phase int) []int32 {
	q := s.queue[phase]
	slices.Sort(q)
	out := q[:0]
	for _, r := range q {
		if s.holds(s.set.rules[r].form) {
			out = append(out, r)
		}
	}
	s.queue[phase] = out
	return out
}

func (s *scratch) holds(f *form) bool {
	switch v := s.kleene(f); v {
	case yes, no:
		return v == yes
	}
	return s.full(f)
}

// truth is a value of Kleene's logic.
type truth uint8

const (
	no truth = iota
	unknown
	yes
)

// kleene evaluates f on atoms alone; leaves are unknown.
func (s *scratch) kleene(f *form) truth {
	switch f.op {
	case opTrue:
		return yes
	case opAtom:
		if s.atoms[f.atom] == s.round {
			return yes
		}
	case opNot:
		return yes - s.kleene(f.kids[0])
	case opAnd:
		v := yes
		for _, k := range f.kids {
			if v = min(v, s.kleene(k)); v == no {
				return no
			}
		}
		return v
	case opOr:
		v := no
		for _, k := range f.kids {
			if v = max(v, s.kleene(k)); v == yes {
				return yes
			}
		}
		return v
	case opCount:
		return s.count(f)
	case opNear:
		if min(s.kleene(f.kids[0]), s.kleene(f.kids[1])) == yes && s.near(f) {
			return yes
		}
	case opLeaf:
		return unknown
	}
	return no
}

func (s *scratch) count(f *form) truth {
	sure, maybe := 0, 0
	for _, k := range f.kids {
		switch s.kleene(k) {
		case yes:
			sure++
			maybe++
		case unknown:
			maybe++
		}
	}
	switch {
	case sure >= f.n:
		return yes
	case maybe >= f.n:
		return unknown
	}
	return no
}

// full evaluates f with its programs; the kids of count and near are atoms.
func (s *scratch) full(f *form) bool {
	switch f.op {
	case opNot:
		return !s.full(f.kids[0])
	case opAnd:
		for _, k := range f.kids {
			if !s.full(k) {
				return false
			}
		}
		return true
	case opOr:
		return slices.ContainsFunc(f.kids, s.full)
	case opLeaf:
		if f.src == "采暖期" {
			return s.env.Heating
		}
		s.know()
		v, err := expr.Run(f.prog, &s.env)
		return err == nil && v == true
	}
	return s.kleene(f) == yes
}

// know reads what only programs ask for, once per submission.
func (s *scratch) know() {
	if !s.read {
		s.env.readNumbers(s.sub)
		s.read = true
	}
}

// near looks for two words of f within reach of each other.
func (s *scratch) near(f *form) bool {
	a, b := s.set.atoms[f.kids[0].atom].word, s.set.atoms[f.kids[1].atom].word
	la, lb, n := s.set.matcher.length[a], s.set.matcher.length[b], int32(f.n)
	for i := s.last[a]; i >= 0; i = s.hits[i].before {
		x := &s.hits[i]
		for j := s.last[b]; j >= 0; j = s.hits[j].before {
			y := &s.hits[j]
			if y.field == x.field && y.at-(x.at+la) <= n && x.at-(y.at+lb) <= n {
				return true
			}
		}
	}
	return false
}

// where lists the hits of a rule: the first place of each of its words.
func (s *scratch) where(r *rule) []hub.Hit {
	var out []hub.Hit
	for _, a := range r.words {
		if s.atoms[a] != s.round {
			continue
		}
		k := s.set.atoms[a]
		first := int32(-1)
		for i := s.last[k.word]; i >= 0; i = s.hits[i].before {
			if k.field == fieldAll || k.field == s.hits[i].field {
				first = i
			}
		}
		if first >= 0 {
			out = append(out, s.hits[first].public(k.value))
		}
		if len(out) == 8 {
			break
		}
	}
	return out
}

// public is h as a decision shows it.
func (h hit) public(word string) hub.Hit {
	name := "text"
	if h.field == fieldTitle {
		name = "title"
	}
	return hub.Hit{Field: name, Word: word, Rune: int(h.at)}
}
