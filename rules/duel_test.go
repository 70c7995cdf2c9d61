package rules

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"github.com/mashang-hub/mashang/hub"
)

// TestDuel compares the index with a plain loop of expr programs.
func TestDuel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	pairs, matches := 0, 0
	for range 10 {
		set, programs := duelSet(t, r, 100)
		for range 120 {
			s := randomSubmission(r)
			m := newScratch(set)
			m.begin(s)
			got := slices.Clone(m.matches(1))
			e := m.env
			e.readNumbers(s)
			for i, p := range programs {
				v, err := expr.Run(p, &e)
				if err != nil {
					t.Fatalf("%v", err)
				}
				pairs++
				if v == true {
					matches++
				}
				if v == true != slices.Contains(got, int32(i)) {
					t.Fatalf("rule %s: index %v, loop %v on %q %q", set.rules[i].id, v != true, v, s.Title, s.Text)
				}
			}
		}
	}
	t.Logf("%d pairs, %d matches, no difference", pairs, matches)
}

func duelSet(t *testing.T, r *rand.Rand, n int) (*Set, []*vm.Program) {
	c := newCompiler(nil, nil)
	for i := range n {
		src := randomCondition(r, 3)
		f, err := c.lifter.condition(src)
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		c.set.rules = append(c.set.rules, rule{id: hub.RuleID(fmt.Sprintf("%02d %s", i, src)), stage: stageRoute, form: f})
	}
	set := c.finish()
	programs := make([]*vm.Program, n)
	for i := range set.rules {
		p, err := expr.Compile(set.rules[i].form.source(c.lifter.atoms), expr.Env(env{}), expr.AsBool())
		if err != nil {
			t.Fatal(err)
		}
		programs[i] = p
	}
	return set, programs
}

func word(r *rand.Rand) string {
	const letters = "甲乙丙丁"
	var b strings.Builder
	for range 1 + r.IntN(3) {
		b.WriteRune([]rune(letters)[r.IntN(4)])
	}
	return b.String()
}

func randomCondition(r *rand.Rand, depth int) string {
	if depth > 0 && r.IntN(3) > 0 {
		a, b := randomCondition(r, depth-1), randomCondition(r, depth-1)
		return [...]string{"(" + a + " 且 " + b + ")", "(" + a + " 或 " + b + ")", "非 (" + a + ")"}[r.IntN(3)]
	}
	switch r.IntN(10) {
	case 0:
		return fmt.Sprintf(`标题含("%s")`, word(r))
	case 1:
		return fmt.Sprintf(`正文含("%s", "%s")`, word(r), word(r))
	case 2:
		return fmt.Sprintf(`近("%s", "%s", %d)`, word(r), word(r), r.IntN(4))
	case 3:
		return fmt.Sprintf(`含至少(%d, "%s", "%s", "%s")`, 1+r.IntN(3), word(r), word(r), word(r))
	case 4:
		return fmt.Sprintf(`渠道 不等于 "%s"`, word(r))
	case 5:
		return fmt.Sprintf(`渠道 属于 ["%s", "qr"]`, word(r))
	case 6:
		return fmt.Sprintf(`人数 大于 %d`, r.IntN(50))
	case 7:
		return fmt.Sprintf(`标题 startsWith "%s"`, word(r))
	case 8:
		return fmt.Sprintf(`不含("%s")`, word(r))
	}
	return fmt.Sprintf(`含全部("%s", "%s")`, word(r), word(r))
}

func randomSubmission(r *rand.Rand) *hub.Submission {
	text := func(n int) string {
		var b strings.Builder
		for range r.IntN(n) {
			b.WriteString([]string{"甲", "乙", "丙", "丁", "x", "，", "30人", "🙂"}[r.IntN(8)])
		}
		return b.String()
	}
	s := &hub.Submission{Content: hub.Content{Title: text(6), Text: text(30)}}
	s.Channel = hub.ChannelCode([]string{"qr", "甲", "乙", ""}[r.IntN(4)])
	return s
}
