package tell_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/lang"
	"github.com/mashang-hub/mashang/rules/tell"
)

const folder = `版本: 1
负责人: 张三
渠道: {扫码: qr, 热线: hotline}
部门: {供热: heating, 住建: housing}
词库: {供热词: [暖气, 供暖]}
规则:
  - {编号: 甲, 名称: 不热, 当: '含任一(供热词) 且 (渠道 等于 "扫码" 或 人数 大于 5)', 除非: '标题含("招标")', 则: {主办: 供热, 协办: [住建]}, 优先: 9}
  - {编号: 乙, 名称: 打听, 当: '含任一("暖气") 且 渠道 等于 "热线"', 则: {主办: 住建}, 优先: 5}
  - {编号: 丙, 名称: 物业, 当: '含任一("不热")', 则: {主办: 住建}, 优先: 5}
  - {编号: 丁, 名称: 小区, 当: '含任一("电梯")', 则: {主办: 供热}, 优先: 5}
`

func load(t *testing.T) *rules.Set {
	t.Helper()
	set, err := rules.Load(fstest.MapFS{"a.yaml": {Data: []byte(folder)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func explained(t *testing.T, title, text string) string {
	t.Helper()
	set := load(t)
	s := &hub.Submission{Content: hub.Content{Title: title, Text: text}, Channel: "qr"}
	e := set.Explain(s)
	var b bytes.Buffer
	tell.Explanation(&b, set, &e)
	return b.String()
}

func TestExplanation(t *testing.T) {
	got := explained(t, "家里冷", "暖气不热")
	for _, want := range []string{
		"主办 供热，规则 甲，把握 80%\n协办 住建\n",
		"规则 甲 不热（采用，优先 9）\n  ✔ 含任一(供热词)   “暖气”在正文第 1 字\n",
		"      ✔ 渠道 等于 \"扫码\"   渠道：扫码\n      ✘ 人数 大于 5   人数：没有\n",
		"  ✔ 除非 标题含(\"招标\")   没有出现\n",
		"也命中：\n  丙 物业（派单阶段，优先 5，未采用，别的规则在先）→ 住建\n",
		"差一点：\n  乙 打听：✘ 需要 渠道 等于 \"热线\"，实际 渠道：扫码\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestExplanationOfAConflictShowsBothSides(t *testing.T) {
	got := explained(t, "不热", "电梯")
	if !strings.Contains(got, "转分拨岗，候选：供热、住建") && !strings.Contains(got, "转分拨岗，候选：住建、供热") ||
		strings.Count(got, "冲突") != 2 || strings.Count(got, "✔") != 2 {
		t.Error(got)
	}
}

// TestEveryExampleOfTheLanguageIsRead reads the examples in the help.
func TestEveryExampleOfTheLanguageIsRead(t *testing.T) {
	set := load(t)
	l := tell.Fields(set)
	voc := set.Vocabulary()
	voc.Places = map[string]string{"白银区": "620402"}
	lifter := lang.New(voc)
	read := func(src string) {
		if _, faults := lifter.Lift(src); len(faults) > 0 {
			t.Errorf("%s: %v", src, faults)
		}
	}
	for _, f := range l.Fields {
		read(f.Example)
	}
	for _, f := range l.Functions {
		read(f.Example)
	}
	var b bytes.Buffer
	l.Write(&b)
	if !strings.Contains(b.String(), "同类近期") || !strings.Contains(b.String(), "词库：供热词") {
		t.Error(b.String())
	}
}
