package simulate

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// How many cases are read for words, and how many words are listed.
const (
	gramCases = 500
	gramList  = 30
)

// A Gram (词语) is a run of two to four characters that is common among cases
// that no rule decides and rare among the others: a candidate for a word list.
type Gram struct {
	Text  string `json:"text"`
	Cases int    `json:"cases"` // of those looked at
}

// A gramKey is a gram: up to four runes of the basic plane.
type gramKey uint64

func (k gramKey) String() string {
	var out []rune
	for s := 48; s >= 0; s -= 16 {
		if r := rune(k >> s & 0xffff); r != 0 {
			out = append(out, r)
		}
	}
	return string(out)
}

// A tell says in how many cases a gram is, and which was the last.
type tell struct{ n, last int32 }

// gramCounts counts the cases that have a gram; if only is not nil, no others.
type gramCounts struct {
	only map[gramKey]int
	n    map[gramKey]tell
}

func (g *gramCounts) add(id int32, text string) {
	var k gramKey
	run := 0
	for _, r := range text {
		if r > 0xffff || !unicode.Is(unicode.Han, r) {
			k, run = 0, 0
			continue
		}
		k = k<<16 | gramKey(r)
		run++
		for n := 2; n <= min(run, 4); n++ {
			g.count(id, k&(1<<(16*n)-1))
		}
	}
}

func (g *gramCounts) count(id int32, k gramKey) {
	if g.only != nil {
		if _, ok := g.only[k]; !ok {
			return
		}
	}
	if t := g.n[k]; t.last != id+1 {
		g.n[k] = tell{t.n + 1, id + 1}
	}
}

// grams finds the words of the undecided cases; both lists are indexes.
func grams(history []Case, undecided, decided []int) []Gram {
	na, nb := float64(min(len(undecided), gramCases)), float64(min(len(decided), gramCases))
	least := max(2, int(na/200))
	a := countGrams(history, thin(undecided), nil)
	maps.DeleteFunc(a, func(_ gramKey, n int) bool { return n < least })
	b := countGrams(history, thin(decided), a)
	var out []Gram
	for k, n := range a {
		if float64(n)/na >= 2*float64(b[k]+1)/(nb+1) {
			out = append(out, Gram{k.String(), n})
		}
	}
	slices.SortFunc(out, func(x, y Gram) int {
		return cmp.Or(cmp.Compare(y.Cases, x.Cases), cmp.Compare(len(y.Text), len(x.Text)), strings.Compare(x.Text, y.Text))
	})
	return dropParts(out)
}

func countGrams(history []Case, list []int, only map[gramKey]int) map[gramKey]int {
	parts := make([]gramCounts, workers())
	for w := range parts {
		parts[w] = gramCounts{only, map[gramKey]tell{}}
	}
	parallel(len(list), func(w, i int) {
		c := &history[list[i]]
		parts[w].add(int32(i), c.Title+"。"+c.Text)
	})
	out := map[gramKey]int{}
	for _, p := range parts {
		for k, t := range p.n {
			out[k] += int(t.n)
		}
	}
	return out
}

// thin takes at most gramCases of list, evenly.
func thin(list []int) []int {
	if len(list) <= gramCases {
		return list
	}
	out := make([]int, gramCases)
	for i := range out {
		out[i] = list[i*len(list)/gramCases]
	}
	return out
}

// dropParts leaves out grams that mostly occur inside a longer one, or that
// only lengthen a listed one, and cuts the list.
func dropParts(list []Gram) []Gram {
	out := make([]Gram, 0, gramList)
	for i, g := range list {
		part := slices.ContainsFunc(list[i+1:min(len(list), i+200)], func(l Gram) bool {
			return l.Cases*10 >= g.Cases*8 && len(l.Text) > len(g.Text) && strings.Contains(l.Text, g.Text)
		})
		longer := slices.ContainsFunc(out, func(l Gram) bool { return strings.Contains(g.Text, l.Text) })
		if part || longer {
			continue
		}
		if out = append(out, g); len(out) == gramList {
			break
		}
	}
	return out
}
