package index

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/vm"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules/formula"
)

// hit is an occurrence of a word; field is Title or Body.
type hit struct {
	word, at int32
	before   int32 // the hit of the same word before this one, -1: none
	field    formula.Field
	first    bool // of its word in this field
}

// A State is the memory of one decision, used again for the next. It serves
// one goroutine.
type State struct {
	Facts formula.Facts
	Ran   int // programs that were asked since Begin
	Woken int // rules that were asked since Begin

	x       *Index
	code    []instr
	sub     *hub.Submission
	vm      vm.VM
	round   uint32
	atoms   []uint32 // round in which the atom was last true
	queued  []uint32 // round in which the rule was last a candidate
	seen    [2][]uint32
	hits    []hit
	last    []int32 // last hit of each word that was seen
	broken  [2]bool // whether title and body have several lines
	known   bool    // Facts are read from the text
	current [formula.Fields]int32
	queue   [][]int32 // candidates per phase
}

// NewState returns memory for decisions over x.
func (x *Index) NewState() *State {
	s := &State{x: x, code: x.code, atoms: make([]uint32, len(x.atoms)), queued: make([]uint32, len(x.start))}
	s.seen = [2][]uint32{make([]uint32, len(x.words)), make([]uint32, len(x.words))}
	s.last = make([]int32, len(x.words))
	s.queue = make([][]int32, len(x.ends))
	return s
}

// Begin reads sub: one pass over title and text. fill may add to the facts
// before the atoms are set.
func (s *State) Begin(sub *hub.Submission, fill func(*formula.Facts)) {
	s.next()
	s.sub, s.known, s.Ran, s.Woken = sub, false, 0, 0
	s.Facts.Fill(sub)
	if fill != nil {
		fill(&s.Facts)
	}
	s.scan(s.Facts.Title, formula.Title)
	s.scan(s.Facts.Body, formula.Body)
	s.broken = [2]bool{strings.ContainsRune(s.Facts.Title, '\n'), strings.ContainsRune(s.Facts.Body, '\n')}
	for _, r := range s.x.always {
		s.wake(r)
	}
	for f := formula.Channel; f <= formula.Grade; f++ {
		s.Set(f)
	}
	for _, n := range s.x.reach {
		if n <= len(s.Facts.Place) {
			s.raiseValue(formula.Area, s.Facts.Place[:n])
		}
	}
	if s.Facts.Heating {
		s.raiseValue(formula.Flag, "采暖期")
	}
	if s.Facts.Working {
		s.raiseValue(formula.Flag, "工作时间")
	}
}

// next forgets the submission before.
func (s *State) next() {
	s.round++
	if s.round == 0 { // wrapped
		clear(s.atoms)
		clear(s.queued)
		clear(s.seen[0])
		clear(s.seen[1])
		s.round = 1
	}
	s.hits = s.hits[:0]
	for i := range s.queue {
		s.queue[i] = s.queue[i][:0]
	}
	for i := range s.current {
		s.current[i] = -1
	}
}

// End lets go of the submission.
func (s *State) End() { s.sub, s.Facts = nil, formula.Facts{} }

func (s *State) scan(text string, f formula.Field) {
	s.x.matcher.scan(text, func(w, at int32) {
		before := int32(-1)
		if s.seen[formula.Title][w] == s.round || s.seen[formula.Body][w] == s.round {
			before = s.last[w]
		}
		s.last[w] = int32(len(s.hits))
		first := s.seen[f][w] != s.round
		s.hits = append(s.hits, hit{w, at, before, f, first})
		if !first {
			return
		}
		s.seen[f][w] = s.round
		s.raise(s.x.byWord[w][f])
		s.raise(s.x.byWord[w][formula.All])
	})
}

// raise makes an atom true and its rules candidates.
func (s *State) raise(a int32) {
	if a < 0 || s.atoms[a] == s.round {
		return
	}
	s.atoms[a] = s.round
	for _, r := range s.x.posts[a] {
		s.wake(r)
	}
}

func (s *State) raiseValue(f formula.Field, v string) {
	if id, ok := s.x.values[f][v]; ok {
		s.raise(id)
	}
}

func (s *State) wake(r int32) {
	if s.queued[r] == s.round {
		return
	}
	s.queued[r] = s.round
	p := 0
	for r >= s.x.ends[p] {
		p++
	}
	s.queue[p] = append(s.queue[p], r)
}

// Set makes the atom of f's present value true and its former one false.
func (s *State) Set(f formula.Field) {
	if len(s.x.values[f]) == 0 {
		return
	}
	if old := s.current[f]; old >= 0 {
		s.atoms[old] = s.round - 1
	}
	s.current[f] = -1
	if id, ok := s.x.values[f][s.Facts.Value(f)]; ok {
		s.current[f] = id
		s.raise(id)
	}
}

// Tag adds a tag.
func (s *State) Tag(t string) {
	s.Facts.Tags = append(s.Facts.Tags, t)
	s.raiseValue(formula.Tag, t)
}

// Know reads what only programs ask for, once per submission.
func (s *State) Know() {
	if !s.known {
		s.Facts.Read(s.sub)
		s.known = true
	}
}

// Matches returns the rules of a phase that hold, in order. The slice is valid
// until the next Begin.
func (s *State) Matches(phase int) []int32 {
	if phase >= len(s.queue) {
		return nil
	}
	q := s.queue[phase]
	s.Woken += len(q)
	out := q[:0]
	for _, r := range q {
		i := s.x.start[r]
		v := s.eval(i, false)
		if v == yes || v == unknown && s.eval(i, true) == yes {
			out = append(out, r)
		}
	}
	s.queue[phase] = out
	slices.Sort(out)
	return out
}

// Where lists the first place of each of some keyword atoms that are true, at
// most 8.
func (s *State) Where(atoms []int32) []hub.Hit {
	var out []hub.Hit
	for _, a := range atoms {
		if s.atoms[a] != s.round {
			continue
		}
		k := s.x.atoms[a]
		first := int32(-1)
		for i := s.last[k.Word]; i >= 0; i = s.hits[i].before {
			if k.Field == formula.All || k.Field == s.hits[i].field {
				first = i
			}
		}
		if first >= 0 {
			out = append(out, s.hits[first].public(k.Value))
		}
		if len(out) == 8 {
			break
		}
	}
	return out
}

// Words calls f once for each word and the field in which it occurs.
func (s *State) Words(f func(word int32, in formula.Field)) {
	for i := range s.hits {
		if h := &s.hits[i]; h.first {
			f(h.word, h.field)
		}
	}
}

// Occurrences calls f for every place of every word, in the order of the text.
func (s *State) Occurrences(f func(word int32, h hub.Hit)) {
	for _, h := range s.hits {
		f(h.word, h.public(s.x.words[h.word]))
	}
}

// public is h as a decision shows it.
func (h hit) public(word string) hub.Hit {
	name := "text"
	if h.field == formula.Title {
		name = "title"
	}
	return hub.Hit{Field: name, Word: word, Rune: int(h.at)}
}
