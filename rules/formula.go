package rules

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/vm"
)

type op uint8

const (
	opFalse op = iota
	opTrue
	opAtom
	opNot
	opAnd
	opOr
	opCount // at least n of the kids
	opNear  // kids[0] and kids[1] are keyword atoms, n runes apart at most
	opLeaf  // decided by a program
)

// A form is a Boolean formula over atoms; programs decide what atoms cannot.
type form struct {
	op   op
	atom int32
	n    int
	kids []*form
	src  string // of a leaf
	prog *vm.Program
	// text is what the author wrote, on forms that are one condition, and
	// about the fields that it is about, unless they are searched for words.
	text  string
	about []string
}

// An atom is a keyword in a text field or a value of another field.
type atom struct {
	field field
	value string
	word  int32 // of a keyword, else -1
}

// atoms numbers atoms and words while a set is compiled.
type atoms struct {
	list  []atom
	ids   map[atom]int32
	words []string
	word  map[string]int32
}

func newAtoms() *atoms {
	return &atoms{ids: map[atom]int32{}, word: map[string]int32{}}
}

func (a *atoms) wordID(w string) int32 {
	id, ok := a.word[w]
	if !ok {
		id = int32(len(a.words))
		a.words = append(a.words, w)
		a.word[w] = id
	}
	return id
}

func (a *atoms) form(f field, v string) *form {
	k := atom{field: f, value: v, word: -1}
	if f <= fieldAll {
		k.word = a.wordID(v)
	}
	id, ok := a.ids[k]
	if !ok {
		id = int32(len(a.list))
		a.list = append(a.list, k)
		a.ids[k] = id
	}
	return &form{op: opAtom, atom: id}
}

// source writes f as one expr expression: what a naive engine would run.
func (f *form) source(a *atoms) string {
	switch f.op {
	case opFalse:
		return "false"
	case opTrue:
		return "true"
	case opAtom:
		k := a.list[f.atom]
		if k.word >= 0 {
			return fieldName(k.field) + " contains " + strconv.Quote(k.value)
		}
		return fieldName(k.field) + " == " + strconv.Quote(k.value)
	case opNot:
		return "not (" + f.kids[0].source(a) + ")"
	case opLeaf:
		return "(" + f.src + ")"
	case opNear:
		x, y := strconv.Quote(a.list[f.kids[0].atom].value), strconv.Quote(a.list[f.kids[1].atom].value)
		return fmt.Sprintf("(近(标题,%s,%s,%d) or 近(正文,%[1]s,%[2]s,%[3]d))", x, y, f.n)
	}
	parts := make([]string, len(f.kids))
	for i, k := range f.kids {
		parts[i] = "(" + k.source(a) + ")"
		if f.op == opCount {
			parts[i] = "(" + parts[i] + " ? 1 : 0)"
		}
	}
	switch {
	case f.op == opCount:
		return strings.Join(parts, " + ") + " >= " + strconv.Itoa(f.n)
	case len(parts) == 0:
		return strconv.FormatBool(f.op == opAnd)
	case f.op == opAnd:
		return strings.Join(parts, " and ")
	}
	return strings.Join(parts, " or ")
}

func fieldName(f field) string {
	return [...]string{"标题", "正文", "全文", "渠道", "地区", "类别", "诉求类型", "紧急程度", "主题", "主办"}[f]
}

// access returns atoms of which at least one is true whenever f is, and what
// testing them costs; ok is false if there is no such list.
func (f *form) access(a *atoms) (list []int32, cost float64, ok bool) {
	switch f.op {
	case opFalse:
		return nil, 0, true
	case opAtom:
		k := a.list[f.atom]
		if k.word < 0 {
			return []int32{f.atom}, 0.5, true
		}
		return []int32{f.atom}, 0.2 / float64(len(k.value)), true
	case opNear, opAnd:
		for _, k := range f.kids {
			if l, c, good := k.access(a); good && (!ok || c < cost) {
				list, cost, ok = l, c, true
			}
		}
		return list, cost, ok
	case opOr, opCount:
		if f.op == opCount && f.n < 1 {
			return nil, 0, false
		}
		for _, k := range f.kids {
			l, c, good := k.access(a)
			if !good {
				return nil, 0, false
			}
			list, cost = append(list, l...), cost+c
		}
		return list, cost, true
	}
	return nil, 0, false
}

// specificity is how many conditions must at least hold: one for a keyword or
// value, two for a keyword that must be in the title.
func (f *form) specificity(a *atoms) int {
	switch f.op {
	case opAtom:
		if a.list[f.atom].field == fieldTitle {
			return 2
		}
		return 1
	case opLeaf:
		return 1
	case opNear:
		return 3
	case opAnd:
		n := 0
		for _, k := range f.kids {
			n += k.specificity(a)
		}
		return n
	case opCount:
		return f.n
	case opOr:
		best := -1
		for _, k := range f.kids {
			if n := k.specificity(a); best < 0 || n < best {
				best = n
			}
		}
		return max(best, 0)
	}
	return 0
}

// positive collects the keyword atoms that can make f true.
func (f *form) positive(a *atoms, into []int32) []int32 {
	switch f.op {
	case opAtom:
		if a.list[f.atom].word >= 0 {
			into = append(into, f.atom)
		}
	case opAnd, opOr, opCount, opNear:
		for _, k := range f.kids {
			into = k.positive(a, into)
		}
	}
	return into
}
