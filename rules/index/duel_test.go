package index_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/expr-lang/expr/vm"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules/formula"
	"github.com/mashang-hub/mashang/rules/index"
	"github.com/mashang-hub/mashang/rules/lang"
)

// The duel: this many sets of random rules, each over this many cases.
const (
	duelSets  = 60
	duelRules = 150
	duelCases = 120
)

// TestDuel compares the index with a plain loop of expr programs on random
// rules and cases, over a million pairs. MASHANG_DUEL_SEED repeats a run.
func TestDuel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("MASHANG_DUEL_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("seed: MASHANG_DUEL_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	pairs, matches, ran := 0, 0, 0
	for range duelSets {
		d := newDuel(t, r)
		for range duelCases {
			s := randomSubmission(r)
			got, want := d.indexed(s), d.naive(t, s)
			pairs, matches, ran = pairs+duelRules, matches+len(want), ran+d.state.Ran
			if slices.Equal(got, want) {
				continue
			}
			for i := range d.sources {
				if a, b := slices.Contains(got, int32(i)), slices.Contains(want, int32(i)); a != b {
					t.Fatalf("rule %s: index %v, loop %v\ntitle %q\nbody %q\nfacts %+v", d.sources[i], a, b, s.Title, s.Text, d.state.Facts)
				}
			}
		}
	}
	t.Logf("%d pairs, %d matches, %d programs run, 0 differences", pairs, matches, ran)
	if pairs < 1_000_000 || matches < pairs/50 || matches > pairs*49/50 {
		t.Errorf("the duel is too easy: %d matches in %d pairs", matches, pairs)
	}
}

type duel struct {
	sources  []string
	programs []*vm.Program
	state    *index.State
	vm       vm.VM
}

func newDuel(t *testing.T, r *rand.Rand) *duel {
	t.Helper()
	d := &duel{}
	l := lang.New(lang.Vocabulary{
		Lists:  map[string][]string{"词一": {word(r), word(r), word(r)}, "词二": {word(r), word(r)}},
		Places: map[string]string{"甲区": "620402", "乙县": "620421"},
	})
	var entries []index.Entry
	for i := range duelRules {
		src := randomCondition(r, 3)
		f, faults := l.Lift(src)
		if f == nil {
			t.Fatalf("%s: %v", src, faults)
		}
		d.sources = append(d.sources, src)
		entries = append(entries, index.Entry{Form: f, Phase: i / 50})
	}
	for i, e := range entries {
		p, err := formula.Compile(e.Form.Expr(l.Atoms.List))
		if err != nil {
			t.Fatalf("%s: %v", d.sources[i], err)
		}
		d.programs = append(d.programs, p)
	}
	d.state = index.New(entries, l.Atoms).NewState()
	return d
}

func outside(f *formula.Facts) {
	f.Heating = len(f.Title)%2 == 0
	f.Working = len(f.Body)%2 == 0
	f.Recent = func(topic, reach string, minutes int) float64 { return float64(len(topic)+len(f.Title)) - 8 }
}

// between is what earlier stages decide before the last phase.
func between(f *formula.Facts) {
	f.Category, f.Urgency = []string{"", "甲", "乙"}[len(f.Title)%3], []string{"urgent", "normal"}[len(f.Body)%2]
}

func (d *duel) indexed(s *hub.Submission) []int32 {
	d.state.Begin(s, outside)
	between(&d.state.Facts)
	d.state.Set(formula.Category)
	d.state.Set(formula.Urgency)
	for _, t := range tags(s) {
		d.state.Tag(t)
	}
	var out []int32
	for p := range 3 {
		out = append(out, d.state.Matches(p)...)
	}
	return out
}

func (d *duel) naive(t *testing.T, s *hub.Submission) []int32 {
	t.Helper()
	var f formula.Facts
	f.Fill(s)
	f.Read(s)
	outside(&f)
	between(&f)
	f.Tags = tags(s)
	var out []int32
	for i, p := range d.programs {
		v, err := d.vm.Run(p, &f)
		if err != nil {
			t.Fatalf("%s: %v", d.sources[i], err)
		}
		if v == true {
			out = append(out, int32(i))
		}
	}
	return out
}

func tags(s *hub.Submission) []string {
	return [][]string{nil, {"甲"}, {"甲", "乙"}}[len(s.Text)%3]
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
		switch r.IntN(4) {
		case 0:
			return "(" + a + " 且 " + b + ")"
		case 1:
			return "（" + a + " 或 " + b + "）"
		case 2:
			return "非 (" + a + ")"
		}
		return "非（" + a + " 或 非 " + "(" + b + "))"
	}
	if r.IntN(2) == 0 {
		return randomWords(r)
	}
	return randomValue(r)
}

func randomWords(r *rand.Rand) string {
	switch r.IntN(10) {
	case 0:
		return fmt.Sprintf(`标题含("%s")`, word(r))
	case 1:
		return fmt.Sprintf(`正文含("%s"、“%s”)`, word(r), word(r))
	case 2:
		return fmt.Sprintf(`近("%s", "%s", %d)`, word(r), word(r), r.IntN(4))
	case 3:
		return fmt.Sprintf(`近(词一, 词二, %d)`, r.IntN(3))
	case 4:
		return fmt.Sprintf(`含至少(%d, "甲", "乙", 词一)`, 1+r.IntN(2))
	case 5:
		return fmt.Sprintf(`不含("%s")`, word(r))
	case 6:
		return fmt.Sprintf(`含全部("%s", "%s")`, word(r), word(r))
	case 7:
		return fmt.Sprintf(`%s 匹配 "%s"`, []string{"标题", "正文", "全文"}[r.IntN(3)], regex(r, 2))
	case 8:
		return fmt.Sprintf(`%s %s "%s"`, []string{"标题", "正文", "全文"}[r.IntN(3)],
			[]string{"开头是", "结尾是", "等于", "不等于", "包含", "不包含"}[r.IntN(6)], word(r))
	}
	return `含任一(词一, "` + word(r) + `")`
}

func regex(r *rand.Rand, depth int) string {
	if depth > 0 && r.IntN(2) == 0 {
		a, b := regex(r, depth-1), regex(r, depth-1)
		return []string{a + "|" + b, "(" + a + ")" + b, "(" + a + ").{0,3}(" + b + ")", a + ".+" + b, a + ".{1,2}" + b, "(" + a + ")?" + b, "(" + a + "|x)+" + b, "^" + a, a + "$", "(?i)" + a}[r.IntN(10)]
	}
	return []string{word(r), "[甲乙]" + word(r), word(r) + "?", word(r) + "{1,2}", `\d+人`, "x*", "", `[^甲]丁`}[r.IntN(8)]
}

func randomValue(r *rand.Rand) string {
	value := func() string { return []string{"甲", "乙", "qr", "丙"}[r.IntN(4)] }
	number := []string{"人数", "金额", "月份", "小时", "星期", "字数", "重复次数"}[r.IntN(7)]
	switch r.IntN(12) {
	case 0:
		return `渠道 不等于 "` + value() + `"`
	case 1:
		return `渠道 属于 【“` + value() + `”，"qr"】`
	case 2:
		return number + []string{" 大于 ", " 小于 ", " 大于等于 ", " 小于等于 ", " 等于 ", " 不等于 "}[r.IntN(6)] + strconv.Itoa(r.IntN(30))
	case 3:
		return number + []string{" 为空", " 不为空"}[r.IntN(2)]
	case 4:
		return []string{"类别 为空", "渠道 不为空", `类别 等于 "` + value() + `"`, `地区 为空`}[r.IntN(4)]
	case 5:
		return `标签 ` + []string{"包含", "不包含"}[r.IntN(2)] + ` "` + value() + `"`
	case 6:
		return `辖区("` + []string{"甲区", "乙县", "6204", "620402001"}[r.IntN(4)] + `")`
	case 7:
		return []string{"采暖期()", "工作时间()", "非 采暖期", "true", "false"}[r.IntN(5)]
	case 8:
		return `紧急程度 属于 ["紧急", "特急"]`
	case 9:
		return fmt.Sprintf(`同类近期("供暖", "社区", "24小时") 大于 %d`, r.IntN(10))
	case 10:
		return fmt.Sprintf("人数 + 2 * 小时 >= %d - 字数", r.IntN(60))
	}
	return `时间 大于等于 "2026-12-01"`
}

func randomSubmission(r *rand.Rand) *hub.Submission {
	text := func(n int) string {
		var b strings.Builder
		for range r.IntN(n) {
			b.WriteString([]string{"甲", "乙", "丙", "丁", "x", "，", "30人", "🙂", "\n", "5万元", "\xff"}[r.IntN(11)])
		}
		return b.String()
	}
	s := &hub.Submission{Content: hub.Content{Title: text(6), Text: text(30)}}
	s.Channel = hub.ChannelCode([]string{"qr", "甲", "乙", ""}[r.IntN(4)])
	s.Place = hub.PlaceCode([]string{"", "620402001", "620402", "620421100200", "6204"}[r.IntN(5)])
	if r.IntN(3) > 0 {
		s.SubmittedAt = time.Date(2026, time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), 0, 0, 0, time.UTC)
	}
	if r.IntN(3) == 0 {
		s.Extra = map[string]string{"人数": strconv.Itoa(r.IntN(50)), "重复次数": strconv.Itoa(r.IntN(9))}
	}
	return s
}
