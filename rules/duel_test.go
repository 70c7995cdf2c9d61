package rules_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/expr-lang/expr/vm"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/formula"
)

// TestDuelOfDecisions compares whole decisions, decision tables included, with
// a plain reading of the rules: run every program, keep the first row of each
// table, let priority, specificity and number choose. The index alone is held
// to a million pairs by the duel in package index.
func TestDuelOfDecisions(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("MASHANG_DUEL_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("seed: MASHANG_DUEL_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	pairs, decided, conflicts := 0, 0, 0
	for range 40 {
		text := randomFolder(r)
		set, err := rules.Load(fstest.MapFS{"a.yaml": {Data: []byte(text)}}, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		n := newNaive(t, set)
		for range 60 {
			s := randomMessage(r)
			d := set.Decide(s)
			matches, lead, winner := n.decide(t, s)
			pairs += set.Len()
			var got []hub.RuleID
			for _, m := range d.Matches {
				got = append(got, m.Rule)
			}
			if !slices.Equal(got, matches) || d.Lead != lead || d.Rule != winner {
				t.Fatalf("%q %q: decided %q by %q from %v, the loop %q by %q from %v\n%s", s.Title, s.Text, d.Lead, d.Rule, got, lead, winner, matches, text)
			}
			if e := set.Explain(s); e.Decision.Rule != winner || len(e.Matched) != len(matches) {
				t.Fatalf("%q %q: explained %q from %d rules, decided %q from %d\n%s", s.Title, s.Text, e.Decision.Rule, len(e.Matched), winner, len(matches), text)
			}
			switch {
			case lead != "":
				decided++
			case len(matches) > 0:
				conflicts++
			}
		}
	}
	t.Logf("%d pairs, %d decided, %d conflicts, 0 differences", pairs, decided, conflicts)
	if decided == 0 || conflicts == 0 {
		t.Error("the duel is too easy")
	}
}

// naive is the plain reading.
type naive struct {
	rules    []rules.Rule
	programs []*vm.Program
}

func newNaive(t *testing.T, set *rules.Set) *naive {
	t.Helper()
	n := &naive{rules: set.Rules()}
	for _, c := range set.Conditions() {
		p, err := formula.Compile(c.Form.Expr(set.Index().Atoms()))
		if err != nil {
			t.Fatal(err)
		}
		n.programs = append(n.programs, p)
	}
	return n
}

func (n *naive) decide(t *testing.T, s *hub.Submission) (matches []hub.RuleID, lead hub.DepartmentCode, winner hub.RuleID) {
	t.Helper()
	var f formula.Facts
	f.Fill(s)
	f.Read(s)
	f.Kind, f.Urgency = "help", "normal" // what no rule says
	first := map[string]int{}
	var held []rules.Rule
	for i, p := range n.programs {
		v, err := vm.Run(p, &f)
		if err != nil {
			t.Fatal(err)
		}
		if v == true {
			held = append(held, n.rules[i])
		}
	}
	row := func(r rules.Rule) (string, int) {
		table, k, _ := strings.Cut(string(r.ID), "/")
		number, _ := strconv.Atoi(k)
		return table, number
	}
	for _, r := range held {
		if table, k := row(r); k > 0 && (first[table] == 0 || k < first[table]) {
			first[table] = k
		}
	}
	held = slices.DeleteFunc(held, func(r rules.Rule) bool { table, k := row(r); return k > 0 && k != first[table] })
	slices.SortStableFunc(held, func(a, b rules.Rule) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(b.Specificity, a.Specificity), cmp.Compare(a.ID, b.ID))
	})
	for _, r := range held {
		matches = append(matches, r.ID)
	}
	if len(held) == 0 {
		return matches, "", ""
	}
	for _, r := range held {
		if r.Priority == held[0].Priority && r.Lead != held[0].Lead {
			return matches, "", ""
		}
	}
	return matches, held[0].Lead, held[0].ID
}

func randomFolder(r *rand.Rand) string {
	lead := func() string { return []string{"heating", "housing", "gas"}[r.IntN(3)] }
	word := func() string { return []string{"甲", "乙", "丙", "甲乙", "乙丙"}[r.IntN(5)] }
	var b strings.Builder
	b.WriteString("版本: 1\n负责人: 张三\n规则:\n")
	for i := range 25 {
		cond := fmt.Sprintf(`含任一("%s") 且 非 (标题含("%s") 或 人数 大于 %d)`, word(), word(), r.IntN(5))
		switch r.IntN(4) {
		case 0:
			cond = fmt.Sprintf(`正文 匹配 "%s.?%s" 或 渠道 为空`, word(), word())
		case 1:
			cond = fmt.Sprintf(`含至少(2, "%s", "丁", "戊") 且 诉求类型 等于 "求助"`, word())
		}
		fmt.Fprintf(&b, "  - {编号: 规%02d, 当: '%s', 除非: '渠道 等于 \"%s\"', 则: {主办: %s}, 优先: %d}\n", i, cond, word(), lead(), r.IntN(6))
	}
	b.WriteString("表格:\n")
	for i := range 4 {
		fmt.Fprintf(&b, "  - 编号: 表%d\n    优先: %d\n    列: [含任一, 渠道, 人数, → 主办]\n    行:\n", i, r.IntN(6))
		for range 4 {
			fmt.Fprintf(&b, "      - [%s, %s, %s, %s]\n", []string{word(), `"*"`, word() + "、" + word()}[r.IntN(3)],
				[]string{`"*"`, "甲", "非 乙"}[r.IntN(3)], []string{`"*"`, "1-3", `">=2"`}[r.IntN(3)], lead())
		}
	}
	return b.String()
}

func randomMessage(r *rand.Rand) *hub.Submission {
	text := func(n int) string {
		var b strings.Builder
		for range r.IntN(n) {
			b.WriteString([]string{"甲", "乙", "丙", "丁", "戊", "，", "3人", "\n"}[r.IntN(8)])
		}
		return b.String()
	}
	s := &hub.Submission{Content: hub.Content{Title: text(4), Text: text(8)}}
	s.Channel = hub.ChannelCode([]string{"甲", "乙", "qr", ""}[r.IntN(4)])
	return s
}
