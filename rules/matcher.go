package rules

import "slices"

// A matcher finds all of its words in a text in one pass: an Aho–Corasick
// automaton over runes. One step costs one look-up per character, however many
// words there are. It is immutable after newMatcher.
type matcher struct {
	class  []uint16 // BMP rune to class, 0: in no word
	keys   []uint32 // open-addressed transitions, state<<16|class, 0: free
	to     []int32
	mask   uint32
	fail   []int32
	dict   []int32 // next state on the fail chain that ends a word, 0: none
	word   []int32 // word that ends here, -1: none
	length []int32 // of each word, in runes
}

// trie is a matcher's shape while it is built.
type trie struct {
	next []map[uint16]int32
	word []int32
}

// newMatcher builds the automaton of words, which are distinct, not empty and
// of runes below 65536; words with other runes are never found.
func newMatcher(words []string) *matcher {
	m := &matcher{class: make([]uint16, 1<<16)}
	t := trie{next: []map[uint16]int32{{}}, word: []int32{-1}}
	classes := uint16(0)
	edges := 0
	for id, w := range words {
		runes := []rune(w)
		m.length = append(m.length, int32(len(runes)))
		if slices.ContainsFunc(runes, func(r rune) bool { return r > 0xffff }) {
			continue
		}
		s := int32(0)
		for _, r := range runes {
			if m.class[r] == 0 {
				classes++
				m.class[r] = classes
			}
			n, ok := t.next[s][m.class[r]]
			if !ok {
				n = int32(len(t.next))
				t.next = append(t.next, map[uint16]int32{})
				t.word = append(t.word, -1)
				t.next[s][m.class[r]] = n
				edges++
			}
			s = n
		}
		t.word[s] = int32(id)
	}
	m.word = t.word
	m.fill(t, edges)
	m.link(t)
	return m
}

// fill stores the edges of t in a hash table at most half full.
func (m *matcher) fill(t trie, edges int) {
	size := uint32(16)
	for size < uint32(edges)*3 {
		size *= 2
	}
	m.mask, m.keys, m.to = size-1, make([]uint32, size), make([]int32, size)
	for s, next := range t.next {
		for c, n := range next {
			k := uint32(s)<<16 | uint32(c)
			i := slot(k) & m.mask
			for m.keys[i] != 0 {
				i = (i + 1) & m.mask
			}
			m.keys[i], m.to[i] = k, n
		}
	}
}

// link sets the fail and dictionary links, breadth first.
func (m *matcher) link(t trie) {
	m.fail, m.dict = make([]int32, len(t.next)), make([]int32, len(t.next))
	queue := []int32{0}
	for i := 0; i < len(queue); i++ {
		s := queue[i]
		for c, n := range t.next[s] {
			queue = append(queue, n)
			if s != 0 {
				m.fail[n] = m.step(m.fail[s], c)
			}
			if f := m.fail[n]; m.word[f] >= 0 {
				m.dict[n] = f
			} else {
				m.dict[n] = m.dict[f]
			}
		}
	}
}

func slot(k uint32) uint32 {
	k *= 0x9e3779b1
	return k ^ k>>15
}

// step follows class c from state s, falling back along fail links.
func (m *matcher) step(s int32, c uint16) int32 {
	for {
		k := uint32(s)<<16 | uint32(c)
		for i := slot(k) & m.mask; m.keys[i] != 0; i = (i + 1) & m.mask {
			if m.keys[i] == k {
				return m.to[i]
			}
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
	for _, r := range text {
		at++
		if r > 0xffff || m.class[r] == 0 {
			s = 0
			continue
		}
		s = m.step(s, m.class[r])
		for o := s; o != 0; o = m.dict[o] {
			if w := m.word[o]; w >= 0 {
				found(w, at-m.length[w])
			}
		}
	}
}
