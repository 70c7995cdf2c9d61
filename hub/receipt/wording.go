package receipt

import (
	"strings"
	"unicode"

	"github.com/mashang-hub/mashang/hub"
)

// minReply is the least number of characters of a reply that says what was done.
const minReply = 10

// improper are words that an official reply (官方答复) must not have, because
// they push the citizen off or sneer at them.
func improper() []string {
	return []string{
		"不归我管", "不归我们管", "管不了", "没办法", "自己想办法", "爱找谁", "找别人", "无可奉告", "等着吧", "慢慢等", "不知道",
		"你去告", "随便告", "没空", "少来", "刁民", "无理取闹", "活该", "闭嘴", "有病", "胡闹", "瞎反映", "懒得",
	}
}

// hollow are replies that say nothing.
func hollow() []string {
	return []string{"已办", "已阅", "已处理", "已知悉", "同意", "办结", "已办结", "已完成", "好的", "收到", "已转", "已回复"}
}

// CheckReply refuses a reply that cannot be shown to a citizen as it is: too
// short, hollow or improper in its words.
func CheckReply(text string) error {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r) {
			return -1
		}
		return r
	}, text)
	for _, w := range hollow() {
		if plain == w {
			return hub.Errorf(hub.CodeInvalid, "reply.hollow", w)
		}
	}
	if len([]rune(plain)) < minReply {
		return hub.Errorf(hub.CodeInvalid, "reply.short", minReply)
	}
	for _, w := range improper() {
		if strings.Contains(plain, w) {
			return hub.Errorf(hub.CodeInvalid, "reply.improper", w)
		}
	}
	return nil
}
