package rules_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/rules"
)

const grid = `渠道: {扫码: qr, 热线: hotline, 信访: petition}
部门: {住建: housing, 供热: heating}
词库: {电梯词: [电梯, 扶梯]}
表格:
  - 编号: 派
    列: [渠道, 人数, 含任一, → 主办, → 协办, → 难度, → 标签]
    行:
      - ["扫码,热线", ">=30", 物业, 住建, 供热, 疑难, 群体、物业]
      - ["*", 10-29, 物业, 住建, "", 复杂, ""]
      - [非 信访, "*", "电梯词, 楼梯", 住建, "-", 简单, ""]
    优先: 7
  - 编号: 时限表
    列: [渠道, → 办结, → 起始层级]
    依据: 本市规定
    行:
      - [信访, 15个工作日, 2]
      - ["*", 1个工作日, ""]
  - 编号: 全表
    命中: 全部
    列: [标题, → 标签]
    阶段: 分类
    行:
      - [急, 急]
      - [特急, 特急]
`

func TestDecisionTables(t *testing.T) {
	set := load(t, grid)
	for _, c := range []struct {
		channel, title, text string
		rule                 hub.RuleID
		lead                 hub.DepartmentCode
		grade                hub.Grade
		days                 int
	}{
		{"qr", "物业", "我们35名业主", "派/1", "housing", hub.GradeDifficult, 1},
		{"petition", "物业", "我们35名业主", "", "", "", 15},
		{"qr", "物业", "我们12户", "派/2", "housing", hub.GradeComplex, 1},
		{"qr", "楼梯", "", "派/3", "housing", hub.GradeSimple, 1},
		{"qr", "扶梯", "", "派/3", "housing", hub.GradeSimple, 1},
		{"petition", "扶梯", "", "", "", "", 15},
		{"qr", "物业 电梯", "我们12户", "派/2", "housing", hub.GradeComplex, 1},
	} {
		s := said(c.title, c.text)
		s.Channel = hub.ChannelCode(c.channel)
		d := set.Decide(s)
		if d.Rule != c.rule || d.Lead != c.lead || d.Class.Grade != c.grade || len(d.Clocks) != 1 || d.Clocks[0].Budget.N != c.days || d.Clocks[0].Source != "本市规定" {
			t.Errorf("%s %s %s: %+v", c.channel, c.title, c.text, d)
		}
		if n := slices.IndexFunc(d.Matches, func(m hub.Match) bool { return strings.HasPrefix(string(m.Rule), "派/") && m.Rule != c.rule }); n >= 0 {
			t.Errorf("%s: a later row counts: %+v", c.title, d.Matches)
		}
	}
	d := set.Decide(said("特急", "物业，35名业主"))
	if !slices.Equal(d.Class.Tags, []string{"急", "特急", "群体", "物业"}) || !slices.Equal(d.Co, []hub.DepartmentCode{"heating"}) {
		t.Errorf("a table of which all rows count: %+v", d)
	}
}

func TestMistakesInTables(t *testing.T) {
	const bad = `版本: 1
负责人: 张三
表格:
  - 编号: 表
    命中: 随便
    列: [渠到, 人数, → 主半]
    行:
      - [qr, 多, heating]
      - [qr, heating]
  - 编号: 空
    列: [渠道]
    行: []
`
	_, err := rules.Load(fstest.MapFS{"a.yaml": {Data: []byte(bad)}}, nil)
	for _, want := range []string{
		"a.yaml:5:9: M12", "a.yaml:6:9: M02 规则 表：没有“渠到”这个字段，是不是“渠道”？", "a.yaml:6:17: M02 规则 表：没有“主半”这种结果，是不是“主办”？",
		"a.yaml:9:9: M01 规则 表：这一行有 2 格，应有 3 格", "M01 规则 空：表格没有列或没有行",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}

// TestEveryMistakeAtOnce reports mistakes of several kinds and files together.
func TestEveryMistakeAtOnce(t *testing.T) {
	_, err := rules.Load(fstest.MapFS{
		"甲.yaml": {Data: []byte("版本: 一\n负责人: 张三\n词库: {甲词: [暖气], 乙词: {词: [x], 含: [丙词]}}\n规则:\n  - 编号: 甲\n    当: &锚 含任一(甲词)\n    则: {主半: heating, 协办: heating}\n    时限: {办结: 尽快}\n    生效: 2026-12-01\n    失效: 2026-11-01\n")},
		"乙.yaml": {Data: []byte("版本: 1\n词库: {甲词: [暖气]}\n规则: []\n")},
		"丙.yaml": {Data: []byte("规则:\n  - {编号: 丙\n")},
		"丁.yaml": {Data: []byte("\xff\xfe")},
	}, nil)
	if _, ok := errors.AsType[rules.Problems](err); !ok {
		t.Fatal(err)
	}
	for _, want := range []string{
		"甲.yaml:1:5: M03", "甲.yaml:3:21: M02 没有“丙词”这个词库", "甲.yaml:6:8: M05", "甲.yaml:7:9: M02", "甲.yaml:7:26: M03", "甲.yaml:8:14: M27", "甲.yaml:10:9: M26", "M22", "M06 词库“甲词”", "丙.yaml:", "丁.yaml:1:1: M01",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}

func TestYAMLBombsAreRefused(t *testing.T) {
	bomb := "a: &a [x, x, x]\n"
	for c := 'b'; c < 'j'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c, *%c, *%c, *%c]\n", c, c, c-1, c-1, c-1, c-1)
	}
	start := time.Now()
	for _, text := range []string{bomb, "规则: " + strings.Repeat("[", 5000), strings.Repeat("x", 9<<20), "规则: *x\n", "规则: !!binary aGk=\n"} {
		if _, err := rules.Load(fstest.MapFS{"a.yaml": {Data: []byte(text)}}, nil); err == nil {
			t.Errorf("let through: %.40s", text)
		}
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

const stages = `渠道: {热线: hotline}
部门: {供热: heating, 住建: housing, 公安: police}
规则:
  - {编号: 筛, 当: '标题 等于 "测试"', 则: {驳回: 像是测试, 建议: 请写明事情}}
  - {编号: 类, 阶段: 分类, 当: '含任一("暖气")', 则: {主题: 供暖, 诉求类型: 投诉, 紧急程度: 紧急, 标签: [民生]}}
  - {编号: 派, 当: '主题 等于 "供暖" 且 标签 包含 "民生"', 则: {主办: 供热, 协办: [住建], 难度: 疑难}, 时限: {办结: 24小时}, 优先: 5}
  - {编号: 答, 当: '含任一("几点供暖")', 则: {知识: K1}}
  - {编号: 时, 当: '主办 等于 "供热" 且 难度 等于 "疑难"', 则: {起始层级: 3}, 时限: {首次联系: 30分钟, 办结: 9日}}
  - {编号: 推, 当: '紧急程度 等于 "紧急"', 阶段: 推送, 则: {推送: [公安]}}
  - {编号: 旧, 当: '含任一("暖气")', 则: {主办: 住建}, 优先: 9, 失效: 2026-01-01}
  - {编号: 班, 阶段: 分类, 当: 非 工作时间(), 则: {标签: [班外]}}
  - {编号: 多, 阶段: 推送, 当: '同类近期("供暖", "社区", "24小时") 大于等于 5', 则: {推送: [住建]}}
`

// TestStagesSeeWhatEarlierOnesDecided follows one case through all stages.
func TestStagesSeeWhatEarlierOnesDecided(t *testing.T) {
	files := fstest.MapFS{"a.yaml": {Data: []byte("版本: 1\n负责人: 张三\n" + stages)}}
	count := 5
	set, err := rules.Load(files, nil, rules.WithKnowledge(map[string]string{"K1": "十月十五日零点"}), rules.WithCalendar(calendar.New()),
		rules.WithRecent(func(topic, place string, since, until time.Time) int {
			if topic != "heating" || place != "620402001200" || until.Sub(since) != 24*time.Hour {
				t.Errorf("asked for %s %s %v", topic, place, until.Sub(since))
			}
			return count
		}))
	if err != nil {
		t.Fatal(err)
	}
	s := said("暖气", "几点供暖")
	s.Place, s.SubmittedAt = "620402001200-3", time.Date(2026, 12, 5, 12, 0, 0, 0, time.UTC) // a Saturday evening
	d := set.Decide(s)
	if d.Class.Topic != "heating" || d.Class.Kind != hub.KindComplaint || d.Lead != "heating" || d.Rule != "派" || d.Class.Grade != hub.GradeDifficult ||
		d.StartRung != 3 || d.Answer == nil || d.Answer.Text != "十月十五日零点" || d.Answer.Knowledge != "K1" ||
		!slices.Equal(d.Alert, []hub.DepartmentCode{"housing", "police"}) && !slices.Equal(d.Alert, []hub.DepartmentCode{"police", "housing"}) ||
		len(d.Clocks) != 2 || d.Clocks[0].Budget.N != 24 || d.Clocks[1].Budget.N != 30 || !slices.Equal(d.Class.Tags, []string{"民生", "班外"}) {
		t.Errorf("%+v", d)
	}
	if count = 4; len(set.Decide(s).Alert) != 1 {
		t.Error("four similar cases count as five")
	}
	s.SubmittedAt = time.Date(2025, 12, 3, 2, 0, 0, 0, time.UTC)
	if d = set.Decide(s); d.Lead != "housing" || slices.Contains(d.Class.Tags, "班外") {
		t.Errorf("a rule in force, in working hours: %+v", d)
	}
	if r := set.Decide(said("测试", "")).Reject; r == nil || r.Reason != "像是测试" || r.Suggestion != "请写明事情" {
		t.Errorf("reject %+v", r)
	}
	if _, err := rules.Load(files, nil, rules.WithKnowledge(map[string]string{})); err == nil || !strings.Contains(err.Error(), "M33") {
		t.Errorf("an entry that is not there: %v", err)
	}
}

// TestTheGuardIsBuiltIn: no rule set needs to write it, none can take it away.
func TestTheGuardIsBuiltIn(t *testing.T) {
	set := load(t, "规则:\n  - {编号: 甲, 当: '含任一(\"城管\")', 则: {主办: urban, 协办: [housing], 推送: [urban]}, 优先: 999}\n"+
		"  - {编号: 乙, 当: '含任一(\"村支书\")', 则: {主办: township}, 优先: 999}\n回避: {行为: [护着], 单位: {housing: [房管站]}, 字距: 3}\n")
	d := set.Decide(said("举报", "城管队员收受摊贩红包"))
	if d.Lead != "discipline" || d.Rule != "回避" || slices.Contains(d.Alert, "urban") || !slices.Contains(d.Co, "housing") {
		t.Errorf("%+v", d)
	}
	if d = set.Decide(said("城管", "房管站护着他")); d.Lead != "urban" || len(d.Co) != 0 {
		t.Errorf("what the set adds: %+v", d)
	}
	if d = set.Decide(said("占道", "请城管处理")); d.Lead != "urban" {
		t.Errorf("no accusation: %+v", d)
	}
	if d = set.Decide(said("村支书受贿", "村支书受贿，乡镇不管")); d.Lead != "discipline" || d.StartRung < 4 {
		t.Errorf("the township's own cadres would see it: %+v", d)
	}
	lone, err := rules.Load(fstest.MapFS{"a.yaml": {Data: []byte("版本: 1\n负责人: 张三\n规则:\n  - {编号: 甲, 当: '含任一(\"城管\")', 则: {主办: urban}}\n")}}, []hub.DepartmentCode{"urban"})
	if err != nil {
		t.Fatal(err)
	}
	if d = lone.Decide(said("举报", "城管队员收受摊贩红包")); d.Lead != "" {
		t.Errorf("a city without a discipline office: %+v", d)
	}
}

func TestWordListsAreSharedAndVersioned(t *testing.T) {
	set, err := rules.Load(fstest.MapFS{
		"词.yaml": {Data: []byte("版本: 4\n负责人: 李四\n词库:\n  供热词: {版本: 7, 说明: 与热力公司商定, 词: [暖气, 供暖], 含: [地热词]}\n  地热词: [地暖]\n")},
		"甲.yaml": {Data: []byte("版本: 1\n负责人: 张三\n规则:\n  - {编号: 甲, 当: 含任一(供热词), 则: {主办: heating}}\n")},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := set.Lists()
	if len(l) != 2 || l[0].Name != "供热词" && l[1].Name != "供热词" {
		t.Fatalf("%+v", l)
	}
	heat := l[slices.IndexFunc(l, func(l rules.List) bool { return l.Name == "供热词" })]
	if heat.Version != 7 || heat.Owner != "李四" || heat.File != "词.yaml" || !slices.Equal(heat.Words, []string{"暖气", "供暖", "地暖"}) || !slices.Equal(heat.Used, []hub.RuleID{"甲"}) {
		t.Errorf("%+v", heat)
	}
	if set.Decide(said("地暖", "")).Lead != "heating" {
		t.Error("a list that is included does not count")
	}
	_, err = rules.Load(fstest.MapFS{"a.yaml": {Data: []byte("版本: 1\n负责人: 张三\n词库: {甲: {词: [x], 含: [乙]}, 乙: {词: [y], 含: [甲]}}\n规则: []\n")}}, nil)
	if err == nil || !strings.Contains(err.Error(), "包含了自己") {
		t.Errorf("%v", err)
	}
}

// TestPlacesInEveryStyle finds mistakes in blocks, quotes and folded texts.
func TestPlacesInEveryStyle(t *testing.T) {
	const text = `版本: 1
负责人: 张三
规则:
  - 编号: 甲
    当: |
      含任一("暖气")
      且 渠到 等于 "qr"
    则: {主办: heating}
  - 编号: 乙
    当: '含任一("it''s") 且 人数 大于 "五"'
    则: {主办: heating}
  - 编号: 丙
    当: "含任一(\"暖气\") 且 没有(3)"
    则: {主办: heating}
  - 编号: 丁
    当: >-
      含任一("暖气") 且
      渠到 为空
    则: {主办: heating}
`
	_, err := rules.Load(fstest.MapFS{"a.yaml": {Data: []byte(text)}}, nil)
	for _, want := range []string{"a.yaml:7:9: M02", "a.yaml:10:30: M03", "a.yaml:13:23: M02", "a.yaml:18:7: M02"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}

// TestBrokenFilesNeverPanic loads files with characters cut out, doubled and
// swapped.
func TestBrokenFilesNeverPanic(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 5))
	whole := []rune("版本: 1\n负责人: 张三\n" + stages + grid)
	for range 300 {
		text := slices.Clone(whole)
		for range 1 + r.IntN(4) {
			i, j := r.IntN(len(text)), r.IntN(len(text))
			switch r.IntN(4) {
			case 0:
				text = slices.Delete(text, min(i, j), min(i, j)+min(9, len(text)-min(i, j)))
			case 1:
				text = slices.Insert(text, i, text[j])
			case 2:
				text[i], text[j] = text[j], text[i]
			case 3:
				text = slices.Insert(text, i, []rune("|>\n\t&*[]{}:#'\"-")[r.IntN(15)])
			}
		}
		if set, err := rules.Load(fstest.MapFS{"a.yaml": {Data: []byte(string(text))}}, nil); err == nil {
			set.Explain(said("暖气", "物业"))
		}
	}
}
