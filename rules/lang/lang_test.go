package lang_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/rules/formula"
	"github.com/mashang-hub/mashang/rules/lang"
)

func lifter() *lang.Lifter {
	return lang.New(lang.Vocabulary{
		Lists:    map[string][]string{"供热词": {"暖气", "供暖"}, "不热词": {"不热", "冰凉"}, "非法词": {"传销"}},
		Places:   map[string]string{"白银区": "620402"},
		Channels: map[string]string{"扫码": "qr", "热线": "hotline"},
		Leads:    map[string]string{"供热": "heating"},
	})
}

// meaning is what a condition says, as expr.
func meaning(t *testing.T, src string) string {
	t.Helper()
	l := lifter()
	f, faults := l.Lift(src)
	if len(faults) > 0 {
		t.Fatalf("%s: %v", src, faults)
	}
	return f.Expr(l.Atoms.List)
}

// TestSpellings reads what authors write in different ways as the same.
func TestSpellings(t *testing.T) {
	for _, same := range [][]string{
		{
			`含任一("暖气", "供热") 且 渠道 属于 ["扫码", "热线"]`, `含任一（“暖气”，“供热”）且 渠道 属于 【“扫码”，“热线”】`,
			`含任一("暖气"、"供热") && 渠道 in ["扫码","热线"]`, `含任一(「暖气」,‘供热’)并且渠道属于［"扫码"、"热线"］`, `含任一('暖气', '供热') and 渠道 in ['qr', 'hotline']`,
		},
		{`人数 大于等于 30`, `人数 >= 30`, `人数≥３０`, `人数 不小于 30`, `人数>=30`},
		{`非 渠道 等于 "扫码"`, `非 (渠道 等于 "扫码")`, `渠道 不等于 "扫码"`},
		{`非 人数 大于 5`, `人数 小于等于 5`},
		{`非 含任一(供热词)`, `not 含任一(供热词)`, `!含任一(供热词)`, `！含任一（供热词）`},
		{`类别 为空`, `类别 == nil`, `类别 等于 ""`},
		{`渠道 不等于 "扫码"`, `渠道 != "qr"`, `渠道≠“扫码”`, `渠道 不是 "扫码"`},
		{`渠道 不属于 ["扫码"]`, `渠道 not in ["qr"]`, `渠道 不在 【“扫码”】`},
		{`标题 包含 "暖气"`, `标题 contains "暖气"`, `标题含("暖气")`},
		{`采暖期()`, `采暖期`, "\ufeff采暖期()", "采暖期（）"},
		{`含任一(非法词)`, `含任一(["传销"])`},
	} {
		want := meaning(t, same[0])
		for _, src := range same[1:] {
			if got := meaning(t, src); strings.Trim(got, "()") != strings.Trim(want, "()") {
				t.Errorf("%s means %s, but %s means %s", same[0], want, src, got)
			}
		}
	}
}

func TestFormatIsOneForm(t *testing.T) {
	for src, want := range map[string]string{
		`含任一（供热词）且（渠道==“扫码”||人数>=-5 ）`:       `含任一(供热词) 且 (渠道 等于 "扫码" 或 人数 大于等于 -5)`,
		`not 标题 matches "\d+元"`:              `非 标题 匹配 "\d+元"`,
		`渠道 not in ['qr','热线']`:              `渠道 不属于 ["qr", "热线"]`,
		`人数+2*小时 >= 3 - 字数`:                  `人数 + 2 * 小时 大于等于 3 - 字数`,
		`金额 为空 或者 类别 不为空`:                    `金额 为空 或 类别 不为空`,
		`近(供热词,不热词,8)`:                       `近(供热词, 不热词, 8)`,
		`含任一('它说"好"')`:                       `含任一(“它说"好"”)`,
		`同类近期("供暖","社区","24小时")≥5 且 ！工作时间（）`: `同类近期("供暖", "社区", "24小时") 大于等于 5 且 非 工作时间()`,
	} {
		got := lifter().Format(src)
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", src, got, want)
		}
		if again := lifter().Format(got); again != got {
			t.Errorf("twice is not once: %s, %s", got, again)
		}
		if a, b := meaning(t, src), meaning(t, got); a != b {
			t.Errorf("%s means %s, its stored form %s", src, a, b)
		}
	}
}

func TestFaultsAreAtTheirCharacters(t *testing.T) {
	for _, c := range []struct{ src, code, at, says string }{
		{`含任一(供热次)`, "M02", "供热次", "供热词"},
		{`含任一("暖气" 且 采暖期()`, "M01", "(", "没有右边"},
		{`含任一("暖气") )`, "M01", ")", "多了一个"},
		{`含任一(“暖气)`, "M01", "“", "引号"},
		{`含任一("暖气") 采暖期()`, "M01", "采暖期", "看不懂"},
		{`含任一("暖气") 且`, "M01", "", "没有写完"},
		{`渠道 大于 3`, "M03", "3", "文字"},
		{`人数 大于 "三"`, "M03", `"三"`, "数字"},
		{`渠到 等于 "扫码"`, "M02", "渠到", "渠道"},
		{`紧急程度 等于 "很急"`, "M12", `"很急"`, "取值"},
		{`辖区("白银县")`, "M25", `"白银县"`, "白银区"},
		{`含至少(3, "甲", "乙")`, "M07", "3", "永远"},
		{`近("甲", "乙")`, "M03", `近("甲", "乙")`, "三项"},
		{`供热词`, "M03", "供热词", "含任一"},
		{`含任一("")`, "M17", `含任一("")`, "空"},
		{`含任一("暖` + "\u202e" + `气")`, "M30", "\u202e", "控制"},
		{`同类近期("供暖", "社区", "24小时")`, "M03", `同类近期("供暖", "社区", "24小时")`, "比较"},
		{`标签 等于 "安全"`, "M03", `标签 等于 "安全"`, "包含"},
	} {
		f, faults := lifter().Lift(c.src)
		if f != nil || len(faults) != 1 {
			t.Errorf("%s: %v", c.src, faults)
			continue
		}
		k, runes := faults[0], []rune(c.src+" ")
		if got := strings.TrimSpace(string(runes[k.From:min(k.To, len(runes))])); k.Code != c.code || got != c.at || !strings.Contains(k.Text, c.says) {
			t.Errorf("%s: %v at %q, want %s at %q", c.src, k, got, c.code, c.at)
		}
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	_, faults := lifter().Lift(`含任一(甲词) 且 渠到 等于 "x" 或 人数 大于 "三"`)
	if len(faults) != 3 {
		t.Errorf("%v", faults)
	}
}

// TestBombsAreRefused holds the sandbox to the corpus of expressions that kill
// or hang an engine, and to others of their kind.
func TestBombsAreRefused(t *testing.T) {
	deep := strings.Repeat("(", 900) + "采暖期" + strings.Repeat(")", 900)
	wide := strings.TrimSuffix(strings.Repeat(`标题含("甲") 或 `, 150), " 或 ")
	bombs := []string{
		`reduce(1..30, #acc + #acc, 正文) != ""`, `repeat(正文, 999999) != ""`, `len(repeat("a", 1000000000)) > 0`,
		`all(1..300, all(1..300, all(1..300, # > 0)))`, `let r = 1..300; all(r, all(r, all(r, # > 0)))`,
		`any(map(1..1000000, # * 2), # > 5)`, `len(filter(1..10000000, true)) > 1`, `count(1..100000, true) > 1`, `sum(1..100000) > 1`,
		`len(join(map(1..99999, 正文), "")) > 1`, `(1..1000000) == (1..1000000)`, `1 in 1..1000000000`,
		`{"a": 1}["a"] == 1`, `{"a": {"b": {"c": 1}}} != nil`, `标题[0:1] == "x"`, `标题?.x == 1`, `now().Year() > 2000`,
		`date("2020-01-01") < now()`, `toJSON(标题) != ""`, `fromJSON("[" ) != nil`, `fromBase64(正文) != ""`, `split(正文, "") != []`,
		`标题 + 正文 + 标题 contains "x"`, `upper(标题) == "X"`, `trim(标题) == ""`, `lower(正文) contains "x"`, `sort([3,1]) == [1,3]`,
		`find(1..10, # == 3) == 3`, `groupBy(1..10, # % 2) != nil`, `标题 | trim() == ""`, `true ? 采暖期 : 采暖期`, `标题 ?? "x" == ""`,
		`近("甲", "乙", 100000)`, `近("甲", 标题, 5)`, `2 ** 1000000 > 1`, `人数 % 0 == 1`, `人数 / 0 > 1`, `[1,2,3][9] == 1`, `int("x") == 1`,
		`正文 matches "((a{100}){100}){100}"`, `正文 matches "(x+x+)+y` + strings.Repeat("(x{900})", 20) + `"`, `正文 matches "` + strings.Repeat("甲?", 900) + `"`, `正文 matches 标题`,
		deep, wide, strings.Repeat("非 ", 900) + "采暖期", strings.Repeat("甲", 3000), `含任一("` + strings.Repeat("甲", 70) + `")`,
		`$env.标题 == ""`, `$env["标题"] == ""`, `Near("a","b","c",1)`, `同类近期(标题, "社区", "24小时") > 1`, `同类近期("供暖", "社区", "9999999天") > 1`, `近(标题, "a", "b", 1)`,
		``, ` `, `""`, `1`, `nil`, `#`, `\`, "`", `"`, "标题 == `x`", `// 注`, `/* x */ true`, "\x00", `true; true`, `if 采暖期 {true} else {false}`,
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	for _, src := range bombs {
		if f, faults := lifter().Lift(src); f != nil || len(faults) == 0 {
			t.Errorf("let through: %.60s", src)
		}
	}
	runtime.ReadMemStats(&after)
	if took, grew := time.Since(start), (after.TotalAlloc-before.TotalAlloc)>>20; took > 20*time.Second || grew > 256 {
		t.Errorf("refusing %d bombs took %v and %d MB", len(bombs), took, grew)
	}
}

// TestBigListsAreCapped keeps the expansion of word lists in bounds.
func TestBigListsAreCapped(t *testing.T) {
	var many []string
	for i := range 3000 {
		many = append(many, string(rune('一'+i))+"词")
	}
	l := lang.New(lang.Vocabulary{Lists: map[string][]string{"多": many}})
	for _, src := range []string{`近(多, 多, 5)`, `含任一(多) 且 含任一(多)`} {
		if f, faults := l.Lift(src); f != nil || faults[0].Code != "M05" {
			t.Errorf("%s: %v", src, faults)
		}
	}
}

func TestRegexGivesTheIndexItsWords(t *testing.T) {
	for pattern, indexed := range map[string]bool{
		"暖气": true, "暖气|供热": true, "暖气.{0,8}不热": true, "(欠|拖)薪": true, "暖气.*冷.*差": true, "^测试$": true,
		"[0-9]+元": true, "(?i)abc": false, "^.{0,3}$": false, "": false, "x*": false, "(暖气)?": false,
	} {
		l := lifter()
		f, faults := l.Lift(`正文 匹配 "` + pattern + `"`)
		if f == nil {
			t.Fatalf("%s: %v", pattern, faults)
		}
		if _, _, ok := f.Access(l.Atoms, false); ok != indexed {
			t.Errorf("%s: found by the index %v, want %v", pattern, ok, indexed)
		}
	}
}

func TestSaid(t *testing.T) {
	l := lifter()
	if got := l.Said(formula.Channel, "qr") + l.Said(formula.Lead, "heating") + l.Said(formula.Lead, "nobody"); got != "扫码供热nobody" {
		t.Error(got)
	}
}
