package rules_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mashang-hub/mashang/rules"
)

// TestTheGuideIsTrue loads every rule, list and table of the guide.
func TestTheGuideIsTrue(t *testing.T) {
	guide, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(guide), -1)
	loaded := 0
	for _, b := range blocks {
		text := b[1]
		if strings.Contains(text, "测试:") {
			continue // package ruletest reads these
		}
		if !strings.Contains(text, "负责人") {
			text = "版本: 1\n负责人: 张三\n" + text
		}
		if _, err := rules.Load(fstest.MapFS{
			"甲.yaml":  {Data: []byte(text)},
			"基础.yaml": {Data: []byte("版本: 1\n负责人: 张三\n渠道: {扫码: qr, 快办: kuaiban, 信访: petition}\n部门: {供热: heating, 住建: housing}\n")},
		}, nil); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		loaded++
	}
	if loaded < 3 {
		t.Errorf("only %d examples", loaded)
	}
}
