package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/formula"
)

// The shares of history at which a word is too common, and how many cases it
// takes to say that one is never used.
const (
	commonPercent = 20
	enoughCases   = 1000
)

// History finds what only cases can show: rules that match together and send
// to different departments, words that are everywhere or nowhere.
func History(set *rules.Set, cases []*Case) []Finding {
	h := &past{checker: checker{set: set, rules: set.Rules(), at: map[hub.RuleID]int{}}, pairs: map[[2]hub.RuleID]int{}}
	for i := range h.rules {
		h.at[h.rules[i].ID] = i
	}
	h.words = make([]int, len(set.Index().Words()))
	h.hits = make([]int, len(h.rules))
	state := set.Index().NewState()
	for _, s := range cases {
		state.Begin(s, nil)
		last := int32(-1)
		counted := map[int32]bool{}
		state.Words(func(w int32, _ formula.Field) {
			if w != last && !counted[w] {
				h.words[w]++
			}
			counted[w], last = true, w
		})
		h.see(set.Decide(s))
	}
	h.overlaps(len(cases))
	h.frequencies(len(cases))
	return h.found
}

// past counts over history.
type past struct {
	checker
	pairs map[[2]hub.RuleID]int
	words []int
	hits  []int
}

func (h *past) see(d hub.Decision) {
	var leads []hub.Match
	for _, m := range d.Matches {
		if i, ok := h.at[m.Rule]; ok {
			h.hits[i]++
		}
		if m.Stage == "route" && m.Department != "" {
			leads = append(leads, m)
		}
	}
	for i, a := range leads {
		for _, b := range leads[i+1:] {
			if a.Department != b.Department && a.Priority == b.Priority {
				k := [2]hub.RuleID{a.Rule, b.Rule}
				if k[1] < k[0] {
					k[0], k[1] = k[1], k[0]
				}
				h.pairs[k]++
			}
		}
	}
}

func (h *past) overlaps(n int) {
	type pair struct {
		rules [2]hub.RuleID
		n     int
	}
	var list []pair
	for k, v := range h.pairs {
		list = append(list, pair{k, v})
	}
	slices.SortFunc(list, func(a, b pair) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.rules[0], b.rules[0]), cmp.Compare(a.rules[1], b.rules[1]))
	})
	for _, p := range list {
		i, ok := h.at[p.rules[0]]
		if !ok {
			continue
		}
		h.report(&h.rules[i], Warning, "M41", string(p.rules[0]), "历史 %d 件里有 %d 件与 %s 一起命中，优先相同，主办不同，都转了分拨岗", n, p.n, p.rules[1])
	}
	for i := range h.rules {
		if h.hits[i] == 0 && n >= enoughCases {
			h.report(&h.rules[i], Hint, "M49", string(h.rules[i].ID), "历史 %d 件里一次也没有命中", n)
		}
	}
}

func (h *past) frequencies(n int) {
	words := h.set.Index().Words()
	for _, l := range h.set.Lists() {
		var never []string
		for _, w := range l.Words {
			i := slices.Index(words, w)
			if i < 0 {
				continue
			}
			if h.words[i]*100 > n*commonPercent {
				h.listFinding(&l, Warning, "M42", w, fmt.Sprintf("“%s”在历史 %d 件里出现了 %d 件，太常见，分不出事情", w, n, h.words[i]))
			}
			if h.words[i] == 0 {
				never = append(never, w)
			}
		}
		if len(never) > 0 && n >= enoughCases {
			h.listFinding(&l, Hint, "M43", l.Name, fmt.Sprintf("历史 %d 件里从没出现：%s", n, strings.Join(never, "、")))
		}
	}
}
