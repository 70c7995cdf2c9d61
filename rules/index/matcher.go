package index

import (
	"slices"
	"unicode/utf8"
)

// A matcher finds all of its words in a text in one pass: an Aho–Corasick
// automaton over runes, its transitions in a double array. A character costs
// about one step, however many words there are. It is immutable.
type matcher struct {
	class  []uint16 // rune below 65536 to class, 0: in no word
	cells  []cell
	fail   []int32
	dict   []int32 // next state on the fail chain that ends a word, 0: none
	word   []int32 // word that ends here, -1: none
	length []int32 // of each word, in runes
}

// A cell of the double array: state s goes by class c to cell
// cells[s].base+c, if that cell's parent is s.
type cell struct{ base, parent int32 }

// node is a state while the automaton is built.
type node struct {
	edges []edge // sorted by class
	word  int32
	at    int32 // its cell
}

type edge struct {
	class uint16
	to    int32
}

// newMatcher builds the automaton of words, which are distinct, not empty and
// of runes below 65536; words with other runes are never found.
func newMatcher(words []string) *matcher {
	m := &matcher{class: make([]uint16, 1<<16), length: make([]int32, len(words))}
	t := m.trie(words)
	m.place(t)
	m.link(t)
	return m
}

// trie numbers the runes of words and builds their tree.
func (m *matcher) trie(words []string) []node {
	runes := make([][]rune, len(words))
	for i, w := range words {
		runes[i] = []rune(w)
		m.length[i] = int32(len(runes[i]))
	}
	classes := uint16(0)
	t := []node{{word: -1}}
	for id := range words {
		if slices.ContainsFunc(runes[id], func(r rune) bool { return r > 0xffff }) {
			continue
		}
		s := int32(0)
		for _, r := range runes[id] {
			if m.class[r] == 0 {
				classes++
				m.class[r] = classes
			}
			c := m.class[r]
			i, ok := slices.BinarySearchFunc(t[s].edges, c, func(e edge, c uint16) int { return int(e.class) - int(c) })
			if !ok {
				t[s].edges = slices.Insert(t[s].edges, i, edge{c, int32(len(t))})
				t = append(t, node{word: -1})
			}
			s = t[s].edges[i].to
		}
		t[s].word = int32(id)
	}
	return t
}

// place gives every node a cell, so that all edges of a node find theirs free.
func (m *matcher) place(t []node) {
	m.cells = make([]cell, 1, 2*len(t)+1024)
	m.cells[0].parent = -1
	free := func(i int32) bool { return int(i) >= len(m.cells) || m.cells[i].parent == -1 && i != 0 }
	start := int32(1) // no free cell lies before it
	queue := []int32{0}
	for k := 0; k < len(queue); k++ {
		n := &t[queue[k]]
		if len(n.edges) == 0 {
			continue
		}
		for !free(start) {
			start++
		}
		first := int32(n.edges[0].class)
		base := max(start-first, 0)
		for !fits(n.edges, base, free) {
			base++
		}
		m.cells[n.at].base = base
		for _, e := range n.edges {
			at := base + int32(e.class)
			for int(at) >= len(m.cells) {
				m.cells = append(m.cells, cell{parent: -1})
			}
			m.cells[at].parent = n.at
			t[e.to].at = at
			queue = append(queue, e.to)
		}
	}
}

func fits(edges []edge, base int32, free func(int32) bool) bool {
	for _, e := range edges {
		if !free(base + int32(e.class)) {
			return false
		}
	}
	return true
}

// link sets the fail and dictionary links, breadth first.
func (m *matcher) link(t []node) {
	m.fail, m.dict = make([]int32, len(m.cells)), make([]int32, len(m.cells))
	m.word = slices.Repeat([]int32{-1}, len(m.cells))
	for i := range t {
		m.word[t[i].at] = t[i].word
	}
	queue := []int32{0}
	for k := 0; k < len(queue); k++ {
		n := &t[queue[k]]
		for _, e := range n.edges {
			queue = append(queue, e.to)
			at := t[e.to].at
			if n.at != 0 {
				m.fail[at] = m.step(m.fail[n.at], e.class)
			}
			if f := m.fail[at]; m.word[f] >= 0 {
				m.dict[at] = f
			} else {
				m.dict[at] = m.dict[f]
			}
		}
	}
}

// step follows class c from state s, falling back along fail links.
func (m *matcher) step(s int32, c uint16) int32 {
	for {
		if t := m.cells[s].base + int32(c); int(t) < len(m.cells) && m.cells[t].parent == s {
			return t
		}
		if s == 0 {
			return 0
		}
		s = m.fail[s]
	}
}

// scan calls found for every occurrence of every word, overlapping ones too,
// with the position of its first rune.
func (m *matcher) scan(text string, found func(word, at int32)) {
	s, at := int32(0), int32(0)
	for i := 0; i < len(text); at++ {
		r, w := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, w = utf8.DecodeRuneInString(text[i:])
		}
		i += w
		if r > 0xffff || m.class[r] == 0 {
			s = 0
			continue
		}
		s = m.step(s, m.class[r])
		for o := s; o != 0; o = m.dict[o] {
			if w := m.word[o]; w >= 0 {
				found(w, at+1-m.length[w])
			}
		}
	}
}
