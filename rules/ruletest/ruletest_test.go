package ruletest_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/ruletest"
)

const city = `版本: 1
负责人: 张三
渠道: {扫码: qr, 热线: hotline}
部门: {供热: heating, 住建: housing}
规则:
  - 编号: 甲
    当: 含任一("暖气") 且 (渠道 等于 "扫码" 或 含任一("冰凉"))
    除非: 标题含("招标")
    则: {主办: 供热, 紧急程度: 紧急}
    时限: {办结: 24小时}
    优先: 9
    例:
      - 中: {标题: 暖气不热, 渠道: 扫码, 主办: 供热}
      - 不中: {标题: 暖气招标, 渠道: 扫码}
      - 中: {标题: 物业}
表格:
  - 编号: 表
    列: [渠道, 含任一, → 主办]
    行:
      - [扫码, 物业, 住建]
      - ["*", 电梯, 住建]
    例:
      - 中: {标题: 物业, 渠道: 扫码}
      - 不中: {标题: 物业, 渠道: 热线}
`

const beside = `现在: 2026-12-01 09:00
渠道: 扫码
测试:
  - 名称: 家里冷
    来件: {标题: 家里冷, 正文: 暖气冰凉}
    期望: {主办: 供热, 规则: 甲, 命中: [甲], 不命中: [表], 紧急程度: 紧急, 时限: {办结: 24小时}}
  - 名称: 想错了
    来件: {标题: 物业不管}
    期望: {主办: 供热}
  - 名称: 没人管
    来件: {标题: 你好}
    期望: {转分拨: true}
`

func run(t *testing.T, files map[string]string) (ruletest.Report, fstest.MapFS, *rules.Set) {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, err := rules.Load(fsys, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ruletest.Run(fsys, set)
	if err != nil {
		t.Fatal(err)
	}
	return r, fsys, set
}

func TestRunReportsWantedGotAndClause(t *testing.T) {
	r, _, _ := run(t, map[string]string{"甲.yaml": city, "甲_test.yaml": beside})
	if r.Passed != 6 || r.Failed != 2 {
		t.Fatalf("passed %d, failed %d: %+v", r.Passed, r.Failed, r.Results)
	}
	var out bytes.Buffer
	r.Write(&out)
	for _, want := range []string{
		"✘ 甲.yaml:15  甲 中\n    要：规则 甲 命中\n    得：规则 甲 不命中\n    条件：含任一(\"暖气\")：没有出现",
		"✘ 甲_test.yaml:7  想错了\n    要：主办 供热\n    得：主办 住建", "测试 8 个，通过 6 个，没通过 2 个。",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	var junit bytes.Buffer
	if err := r.JUnit(&junit); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<testsuites tests="8" failures="2">`, `<testsuite name="甲_test.yaml" tests="3" failures="1">`, `message="要：主办 供热；得：主办 住建"`} {
		if !strings.Contains(junit.String(), want) {
			t.Errorf("no %s in\n%s", want, junit.String())
		}
	}
}

func TestAFileWithoutTestsFails(t *testing.T) {
	const bare = "版本: 1\n负责人: 张三\n规则:\n  - {编号: 甲, 当: 含任一(\"x\"), 则: {主办: heating}}\n"
	r, _, _ := run(t, map[string]string{"甲.yaml": bare})
	if r.Failed != 1 || !strings.Contains(r.Results[0].Got, "甲_test.yaml") {
		t.Errorf("%+v", r)
	}
	r, _, _ = run(t, map[string]string{"甲.yaml": bare, "甲_test.yaml": "测试: []\n"})
	if r.Failed != 1 || r.Results[0].File != "甲_test.yaml" {
		t.Errorf("an empty test file: %+v", r)
	}
	r, _, _ = run(t, map[string]string{"甲.yaml": bare, "甲_test.yaml": "测试:\n  - {名称: 一, 来件: {标题: x}, 期望: {主半: heating}}\n"})
	if r.Failed != 1 || r.Results[0].Line != 2 {
		t.Errorf("an unknown key: %+v", r)
	}
}

func TestCoverCountsRulesClausesAndRows(t *testing.T) {
	_, fsys, set := run(t, map[string]string{"甲.yaml": city, "甲_test.yaml": beside})
	c, err := ruletest.Cover(fsys, set)
	if err != nil {
		t.Fatal(err)
	}
	if c.Cases != 8 || c.Rules.Covered != 2 || c.Rules.Total != 3 || c.Rows.Covered != 1 || c.Rows.Total != 2 {
		t.Errorf("%+v", c)
	}
	var out bytes.Buffer
	c.Write(&out)
	for _, want := range []string{"规则 表/2 没有被任何测试命中", "没有测试让它成立：含任一(\"电梯\")"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "规则 甲：") {
		t.Errorf("every clause of 甲 is seen both ways:\n%s", out.String())
	}
}

func TestTheDemoCity(t *testing.T) {
	fsys := os.DirFS("../../configs/baiyin/rules")
	set, err := rules.Load(fsys, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ruletest.Run(fsys, set)
	if err != nil {
		t.Fatal(err)
	}
	if r.Failed > 0 {
		var out bytes.Buffer
		r.Write(&out)
		t.Error(out.String())
	}
	c, err := ruletest.Cover(fsys, set)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("tests %d; rules %.1f %%, clauses %.1f %%", r.Passed, c.Rules.Percent, c.Clauses.Percent)
}
