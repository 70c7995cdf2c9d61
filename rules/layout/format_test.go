package layout_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mashang-hub/mashang/rules/lang"
	"github.com/mashang-hub/mashang/rules/layout"
)

func condition() func(string) string {
	return lang.New(lang.Vocabulary{Lists: map[string][]string{"供热词": {"暖气"}}}).Format
}

const untidy = `# 供暖
版本: 1   
负责人: 市住建局
规则:
  # 最要紧的一条
  - 编号: 供暖-001
    优先: 100
    # 为什么这样写
    当: 含任一（供热词）且（ 渠道==“扫码” 或者 人数>= 5 ） # 行尾
    名称: 家里不热
    则: {主办: 供热}
  - {编号: 供暖-002, 当: 含任一(供热词) 且 不含（“招标”）, 则: {主办: 供热}}
  - 编号: 供暖-003
    当: '渠道 属于【“扫码”、“快办”】'
    除非: not 含任一('它说"好"')
    则: {主办: 供热}
默认: {类别: 其他}
`

const tidy = `# 供暖
版本: 1
负责人: 市住建局
规则:
  # 最要紧的一条
  - 编号: 供暖-001
    名称: 家里不热
    # 为什么这样写
    当: 含任一(供热词) 且 (渠道 等于 "扫码" 或 人数 大于等于 5) # 行尾
    则: {主办: 供热}
    优先: 100
  - {编号: 供暖-002, 当: 含任一(供热词) 且 不含("招标"), 则: {主办: 供热}}
  - 编号: 供暖-003
    当: '渠道 属于 ["扫码", "快办"]'
    除非: 非 含任一(“它说"好"”)
    则: {主办: 供热}
默认: {类别: 其他}
`

func TestFormat(t *testing.T) {
	got, err := layout.Format([]byte("\ufeff"+untidy), condition())
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != tidy {
		t.Errorf("got\n%s", got)
	}
	again, err := layout.Format(got, condition())
	if err != nil || string(again) != tidy {
		t.Errorf("twice is not once (%v)\n%s", err, again)
	}
}

func TestFormatRefusesWhatItCannotRead(t *testing.T) {
	if _, err := layout.Format([]byte("规则: [1"), condition()); err == nil {
		t.Error("no error")
	}
}

// TestFormatOfTheDemoCity formats every rule file twice.
func TestFormatOfTheDemoCity(t *testing.T) {
	files, err := filepath.Glob("../../configs/baiyin/rules/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		once, err := layout.Format(data, condition())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if twice, err := layout.Format(once, condition()); err != nil || string(twice) != string(once) {
			t.Errorf("%s: twice is not once (%v)", name, err)
		}
	}
}
