package formula

import (
	"unicode/utf8"

	"github.com/expr-lang/expr/vm"
)

// An Op says what a Form is.
type Op uint8

// The kinds of Form.
const (
	False Op = iota
	True
	Is     // an atom
	Not    // of one kid
	And    //
	Or     //
	Count  // at least N of the kids, which are atoms
	Close  // 近: two keywords of All, at most N runes apart
	Follow // the keyword of kid 1 after that of kid 0, Least to N runes between
	Leaf   // decided by a program, unless its kid, if it has one, already knows
)

// A Form is a Boolean formula.
type Form struct {
	Op   Op
	Atom int32
	N    int
	Kids []*Form
	// Least is the shortest gap of Follow. Across a line break it is unknown.
	Least int
	// Source and Program decide a Leaf.
	Source  string
	Program *vm.Program
	// Text is what the author wrote, on forms that are one condition; About
	// are the fields that it is about, if it is not about words; From and To
	// are the runes of the condition that it takes.
	Text     string
	About    []string
	From, To int
}

// An Atom is a keyword in a text field or a value of another field.
type Atom struct {
	Field Field
	Value string
	Word  int32 // of a keyword, else -1
}

// Atoms numbers atoms and words while a set is compiled.
type Atoms struct {
	List  []Atom
	Words []string
	ids   map[Atom]int32
	word  map[string]int32
}

// NewAtoms returns an empty table.
func NewAtoms() *Atoms {
	return &Atoms{ids: map[Atom]int32{}, word: map[string]int32{}}
}

// WordID numbers w.
func (a *Atoms) WordID(w string) int32 {
	id, ok := a.word[w]
	if !ok {
		id = int32(len(a.Words))
		a.Words = append(a.Words, w)
		a.word[w] = id
	}
	return id
}

// Form is the atom that v is in f, or f's value.
func (a *Atoms) Form(f Field, v string) *Form {
	k := Atom{Field: f, Value: v, Word: -1}
	if f.IsText() {
		k.Word = a.WordID(v)
	}
	id, ok := a.ids[k]
	if !ok {
		id = int32(len(a.List))
		a.List = append(a.List, k)
		a.ids[k] = id
	}
	return &Form{Op: Is, Atom: id}
}

// Negate is not f; nil stays nil.
func (f *Form) Negate(neg bool) *Form {
	if neg && f != nil {
		return &Form{Op: Not, Kids: []*Form{f}}
	}
	return f
}

// AllOf is the conjunction of kids.
func AllOf(kids ...*Form) *Form { return &Form{Op: And, Kids: kids} }

// AnyOf is the disjunction of kids.
func AnyOf(kids ...*Form) *Form { return &Form{Op: Or, Kids: kids} }

// Access returns atoms of which at least one is true whenever f (not f, if
// neg) is, and a guess of how often they are; ok is false if there is no such
// list.
func (f *Form) Access(a *Atoms, neg bool) (list []int32, cost float64, ok bool) {
	switch f.Op {
	case False, True:
		return nil, 0, (f.Op == False) != neg
	case Is:
		if neg {
			return nil, 0, false
		}
		return []int32{f.Atom}, a.List[f.Atom].rarity(), true
	case Not:
		return f.Kids[0].Access(a, !neg)
	case Close, Follow:
		if neg {
			return nil, 0, false
		}
		return f.cheapest(a, false)
	case Leaf:
		if neg || len(f.Kids) == 0 {
			return nil, 0, false
		}
		return f.Kids[0].Access(a, false)
	case And, Or:
		if (f.Op == And) != neg {
			return f.cheapest(a, neg)
		}
		return f.union(a, neg)
	case Count:
		if neg || f.N < 1 {
			return nil, 0, false
		}
		return f.union(a, false)
	}
	return nil, 0, false
}

func (f *Form) cheapest(a *Atoms, neg bool) (list []int32, cost float64, ok bool) {
	for _, k := range f.Kids {
		if l, c, good := k.Access(a, neg); good && (!ok || c < cost) {
			list, cost, ok = l, c, true
		}
	}
	return list, cost, ok
}

func (f *Form) union(a *Atoms, neg bool) (list []int32, cost float64, ok bool) {
	for _, k := range f.Kids {
		l, c, good := k.Access(a, neg)
		if !good {
			return nil, 0, false
		}
		list, cost = append(list, l...), cost+c
	}
	return list, cost, true
}

// rarity guesses in which part of all submissions k is true.
func (k *Atom) rarity() float64 {
	switch k.Field {
	case Channel, Kind, Urgency, Grade, Flag:
		return 0.3
	case Category, Topic, Lead:
		return 0.1
	case Place, Area, Tag:
		return 0.05
	}
	p := [...]float64{1, 0.3, 0.02, 0.008, 0.003}[min(4, utf8.RuneCountInString(k.Value))]
	if k.Field == Title {
		p /= 5
	}
	return p
}

// Specificity is how many conditions must at least hold: one for a keyword or
// value, two for a keyword that must be in the title.
func (f *Form) Specificity(a *Atoms) int {
	switch f.Op {
	case Is:
		if a.List[f.Atom].Field == Title {
			return 2
		}
		return 1
	case Leaf:
		return 1
	case Close:
		return 3
	case And:
		n := 0
		for _, k := range f.Kids {
			n += k.Specificity(a)
		}
		return n
	case Count:
		return f.N
	case Or:
		best := -1
		for _, k := range f.Kids {
			if n := k.Specificity(a); best < 0 || n < best {
				best = n
			}
		}
		return max(best, 0)
	}
	return 0
}

// Keywords collects the keyword atoms of f that can make it true; of both ways
// if every.
func (f *Form) Keywords(a []Atom, every bool, into []int32) []int32 {
	if f.Op == Is && a[f.Atom].Word >= 0 {
		return append(into, f.Atom)
	}
	if f.Op == Not && !every {
		return into
	}
	for _, k := range f.Kids {
		into = k.Keywords(a, every, into)
	}
	return into
}

// Parts flattens nested forms of op down to what the author wrote as one.
func (f *Form) Parts(op Op) []*Form {
	if f.Op != op || f.Text != "" {
		return []*Form{f}
	}
	var out []*Form
	for _, k := range f.Kids {
		out = append(out, k.Parts(op)...)
	}
	return out
}
