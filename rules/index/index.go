package index

import (
	"slices"

	"github.com/mashang-hub/mashang/rules/formula"
)

// An Entry is one rule of an Index.
type Entry struct {
	Form  *formula.Form
	Phase int // from 0; entries are in order of phase
}

// An Index is immutable and safe for concurrent use.
type Index struct {
	atoms   []formula.Atom
	words   []string
	matcher *matcher
	byWord  [][3]int32 // per word: atom in title, in body, in either; -1: none
	values  [formula.Fields]map[string]int32
	reach   []int // lengths of the divisions that atoms of Area name
	posts   [][]int32
	always  []int32 // rules without an access atom
	start   []int32 // of each rule's code, and the end
	code    []instr
	leaves  []*formula.Form
	ends    []int32 // of each phase: the first rule after it
}

// New indexes entries over the atoms of a.
func New(entries []Entry, a *formula.Atoms) *Index {
	x := &Index{atoms: a.List, words: a.Words, matcher: newMatcher(a.Words)}
	x.table()
	x.posts = make([][]int32, len(a.List))
	for i, e := range entries {
		x.start = append(x.start, int32(len(x.code)))
		x.emit(e.Form, false)
		for len(x.ends) <= e.Phase {
			x.ends = append(x.ends, int32(i))
		}
		x.ends[e.Phase] = int32(i + 1)
		list, _, ok := e.Form.Access(a, false)
		if !ok {
			x.always = append(x.always, int32(i))
			continue
		}
		slices.Sort(list)
		for _, at := range slices.Compact(list) {
			x.posts[at] = append(x.posts[at], int32(i))
		}
	}
	x.start = append(x.start, int32(len(x.code)))
	return x
}

// table inverts the list of atoms.
func (x *Index) table() {
	x.byWord = make([][3]int32, len(x.words))
	for i := range x.byWord {
		x.byWord[i] = [3]int32{-1, -1, -1}
	}
	for f := range x.values {
		x.values[f] = map[string]int32{}
	}
	for i, k := range x.atoms {
		if k.Word >= 0 {
			x.byWord[k.Word][k.Field] = int32(i)
			continue
		}
		x.values[k.Field][k.Value] = int32(i)
		if n := len(k.Value); k.Field == formula.Area && !slices.Contains(x.reach, n) {
			x.reach = append(x.reach, n)
		}
	}
}

// Words are the keywords, by number.
func (x *Index) Words() []string { return x.words }

// Atoms are the atoms, by number.
func (x *Index) Atoms() []formula.Atom { return x.atoms }

// Inside calls f for every word of the index that occurs in text.
func (x *Index) Inside(text string, f func(word int32)) {
	x.matcher.scan(text, func(w, _ int32) { f(w) })
}

// AtomsOf are the atoms of a word in title, body and either; -1 is none.
func (x *Index) AtomsOf(word int32) [3]int32 { return x.byWord[word] }

// Value is the atom that field f has value v.
func (x *Index) Value(f formula.Field, v string) (atom int32, ok bool) {
	atom, ok = x.values[f][v]
	return atom, ok
}

// Woken are the rules that atom wakes; the slice must not be changed.
func (x *Index) Woken(atom int32) []int32 { return x.posts[atom] }

// AskedAlways are the rules that no atom wakes; the slice must not be changed.
func (x *Index) AskedAlways() []int32 { return x.always }
