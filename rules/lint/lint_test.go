package lint_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/lint"
)

func folder(text string) fstest.MapFS { return fstest.MapFS{"甲.yaml": {Data: []byte(text)}} }

func known() []hub.DepartmentCode { return []hub.DepartmentCode{"heating", "housing", "discipline"} }

func check(t *testing.T, text string) lint.Report {
	t.Helper()
	r, err := lint.Folder(folder(text), known(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestEveryPageIsTrue checks that the bad example of each page is found under
// its code, and the good one is not.
func TestEveryPageIsTrue(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	if n := len(lint.Codes()); n < 30 {
		t.Errorf("only %d codes", n)
	}
	for _, code := range lint.Codes() {
		page, err := lint.Page(code)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"# " + code + " ", "## 为什么", "## 怎么改"} {
			if !strings.Contains(page, part) {
				t.Errorf("%s has no %q", code, part)
			}
		}
		for i, m := range blocks.FindAllStringSubmatch(page, -1) {
			text := m[1]
			if code != "M22" {
				text = "版本: 1\n负责人: 张三\n" + text
			}
			if r := check(t, text); has(r, code) != (i == 0) {
				t.Errorf("%s, example %d: found %v\n%s\n%s", code, i+1, has(r, code), text, list(r))
			}
		}
	}
}

func has(r lint.Report, code string) bool {
	return slices.ContainsFunc(r.Findings, func(f lint.Finding) bool { return f.Code == code })
}

func list(r lint.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s\n%s\n", f.Severity, f.String(), f.Caret())
	}
	return b.String()
}

// TestEveryCodeHasAPage looks for codes in the sources of the engine.
func TestEveryCodeHasAPage(t *testing.T) {
	code := regexp.MustCompile(`"(M\d\d)"`)
	for _, dir := range []string{"..", ".", "../lang"} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			data, err := os.ReadFile(dir + "/" + e.Name())
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range code.FindAllStringSubmatch(string(data), -1) {
				if _, err := lint.Page(m[1]); err != nil {
					t.Errorf("%s uses %s: %v", e.Name(), m[1], err)
				}
			}
		}
	}
	if _, err := lint.Page("M99"); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("page of nothing: %v", err)
	}
}

func TestPositionsAndCarets(t *testing.T) {
	r := check(t, "版本: 1\n负责人: 张三\n规则:\n  - 编号: 甲\n    名称: 例子\n    当: 含任一(\"暖气\") 且 渠到 等于 \"qr\"\n    则: {主办: heting}\n    优先: 1\n")
	if len(r.Findings) != 2 || r.OK {
		t.Fatal(list(r))
	}
	f := r.Findings[0]
	if f.Line != 6 || f.Column != 20 || f.Instead != "渠道" {
		t.Errorf("%+v", f)
	}
	want := "      当: 含任一(\"暖气\") 且 渠到 等于 \"qr\"\n" + "  " + strings.Repeat(" ", 26) + "^^^^"
	if f.Caret() != want {
		t.Errorf("caret\n%s\nwant\n%s", f.Caret(), want)
	}
	if g := r.Findings[1]; g.Line != 7 || g.Column != 13 || !strings.Contains(g.Text, "是不是“heating”") {
		t.Errorf("%+v", g)
	}
}

// TestProofsAreTrue checks on random rules and cases that what is called
// impossible never holds and what is called unreachable never decides.
func TestProofsAreTrue(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 3))
	counts := map[string]int{}
	for range 40 {
		var b strings.Builder
		b.WriteString("版本: 1\n负责人: 张三\n规则:\n")
		for i := range 120 {
			fmt.Fprintf(&b, "  - {编号: 规%03d, 当: '%s', 则: {主办: %s}, 优先: %d}\n", i, condition(r, 2), []string{"heating", "housing"}[r.IntN(2)], r.IntN(4))
		}
		set, problems, err := rules.Inspect(folder(b.String()), nil)
		if err != nil || len(problems) > 0 {
			t.Fatal(err, problems)
		}
		found := map[hub.RuleID]string{}
		for _, f := range lint.Check(set) {
			counts[f.Code]++
			if slices.Contains([]string{"M07", "M08", "M09", "M10", "M11", "M46"}, f.Code) {
				found[hub.RuleID(f.Rule)] += f.Code
			}
		}
		for range 100 {
			d := set.Decide(message(r))
			for id, codes := range found {
				matched := slices.ContainsFunc(d.Matches, func(m hub.Match) bool { return m.Rule == id })
				switch {
				case strings.Contains(codes, "M07") && matched, strings.Contains(codes, "M08") && !matched:
					t.Fatalf("%s is %s, matched %v", id, codes, matched)
				case (strings.Contains(codes, "M09") || strings.Contains(codes, "M10")) && d.Rule == id:
					t.Fatalf("%s is %s and decided", id, codes)
				case (strings.Contains(codes, "M11") || strings.Contains(codes, "M46")) && d.Rule == id:
					t.Fatalf("%s is %s and decided", id, codes)
				}
			}
		}
	}
	t.Logf("findings: %v", counts)
	for _, code := range []string{"M07", "M09", "M10"} {
		if counts[code] == 0 {
			t.Errorf("no %s among random rules", code)
		}
	}
}

func condition(r *rand.Rand, depth int) string {
	word := func() string {
		return []string{"甲", "乙", "甲乙", "乙丙", "甲乙丙", "丁"}[r.IntN(6)]
	}
	if depth > 0 && r.IntN(2) == 0 {
		a, b := condition(r, depth-1), condition(r, depth-1)
		return []string{"(" + a + " 且 " + b + ")", "(" + a + " 或 " + b + ")", "非 (" + a + ")"}[r.IntN(3)]
	}
	switch r.IntN(8) {
	case 0:
		return fmt.Sprintf(`标题含("%s")`, word())
	case 1:
		return fmt.Sprintf(`渠道 等于 "%s"`, word())
	case 2:
		return fmt.Sprintf(`不含("%s")`, word())
	case 3:
		return fmt.Sprintf(`人数 大于等于 %d`, r.IntN(5))
	case 4:
		return fmt.Sprintf(`人数 小于 %d`, r.IntN(5))
	case 5:
		return fmt.Sprintf(`近("%s", "%s", %d)`, word(), word(), r.IntN(3))
	case 6:
		return fmt.Sprintf(`含至少(2, "甲", "乙", "%s")`, "丁")
	}
	return fmt.Sprintf(`含任一("%s", "%s")`, word(), word())
}

func message(r *rand.Rand) *hub.Submission {
	text := func(n int) string {
		var b strings.Builder
		for range r.IntN(n) {
			b.WriteString([]string{"甲", "乙", "丙", "丁", "，", "3人"}[r.IntN(6)])
		}
		return b.String()
	}
	s := &hub.Submission{Content: hub.Content{Title: text(5), Text: text(12)}}
	s.Channel = hub.ChannelCode([]string{"甲", "乙", ""}[r.IntN(3)])
	return s
}

func TestHistoryCountsOverlaps(t *testing.T) {
	const text = "版本: 1\n负责人: 张三\n词库: {热词: [暖气]}\n规则:\n" +
		"  - {编号: 一, 名称: 一, 当: '含任一(热词)', 则: {主办: heating}, 优先: 5}\n" +
		"  - {编号: 二, 名称: 二, 当: '含任一(\"漏水\")', 则: {主办: housing}, 优先: 5}\n"
	var past []*lint.Case
	for range 6 {
		past = append(past, &hub.Submission{Content: hub.Content{Title: "暖气漏水"}})
	}
	past = append(past, &hub.Submission{Content: hub.Content{Title: "停电"}})
	r, err := lint.Folder(folder(text), known(), past)
	if err != nil || !has(r, "M41") || !has(r, "M42") || !strings.Contains(list(r), "历史 7 件里有 6 件与 二 一起命中") {
		t.Errorf("%v\n%s", err, list(r))
	}
}

func TestTheDemoCityHasNoErrors(t *testing.T) {
	r, err := lint.Folder(os.DirFS("../../configs/baiyin/rules"), nil, nil)
	if err != nil || r.Errors > 0 {
		t.Errorf("%v\n%s", err, list(r))
	}
	t.Logf("%d rules: %d warnings, %d hints", r.Rules, r.Warnings, r.Hints)
}

func TestFixMendsWhatIsSafe(t *testing.T) {
	const bad = "版本: 1\n负责人: 张三\n词库: {供热词: [暖气, \"暖气不热\", 供暖, 暖气], 别的: [暖气不热, 供暖]} # 注\n规则:\n" +
		"  - {编号: 甲, 名称: 例, 当: '含任一（供热词）且 含至少(2, 别的)', 则: {主办: heating}, 优先: 1}\n"
	const good = "版本: 1\n负责人: 张三\n词库: {供热词: [暖气, 供暖], 别的: [暖气不热, 供暖]} # 注\n规则:\n" +
		"  - {编号: 甲, 名称: 例, 当: '含任一(供热词) 且 含至少(2, 别的)', 则: {主办: heating}, 优先: 1}\n"
	set, err := rules.Load(folder(bad), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := check(t, bad)
	got, n, err := lint.Fix(set, []byte(bad), r.Findings)
	if err != nil || n != 3 || string(got) != good {
		t.Errorf("%d fixed, %v\n%s\nwant\n%s", n, err, got, good)
	}
	if r = check(t, string(got)); has(r, "M15") || has(r, "M19") || has(r, "M32") {
		t.Error(list(r))
	}
}
