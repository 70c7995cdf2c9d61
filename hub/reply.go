package hub

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// minReply is the least number of characters of a reply that says what was done.
const minReply = 6

// improper are words that an official reply (官方答复) must not have, because
// they push citizens off, sneer at them or blame them. Each is long enough not
// to be part of a harmless one: 没空 is in 没空调, 有病 in 所有病房.
func improper() []string {
	return []string{
		"不归我管", "不归我们管", "不关我们的事", "与我单位无关", "管不了", "没办法", "自己想办法", "爱找谁", "找别人", "无可奉告",
		"等着吧", "慢慢等", "不知道", "你去告", "随便告", "没空理", "没空管", "我们没空", "少来这套", "刁民", "无理取闹", "胡搅蛮缠",
		"活该", "闭嘴", "你有病", "胡闹", "瞎反映", "懒得", "听不懂", "别再投诉", "不要再投诉",
	}
}

// inward are words that are only for the offices.
func inward() []string {
	return []string{"领导批示", "内部掌握", "仅限内部", "涉密", "不宜公开", "息诉罢访", "息访息诉", "稳控", "截访"}
}

// hollow are replies that say nothing.
func hollow() []string {
	return []string{"已办", "已阅", "已处理", "已知悉", "同意", "办结", "已办结", "已完成", "好的", "收到", "已转", "已回复"}
}

// unfilled finds what a person forgot to fill in and markup, and numbers the
// mobile telephone or identity number of a person; an office's fixed line may
// stay.
var (
	unfilled = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`_{2,}|[{<][^{}<>]*[}>]|待填写|请填写`) })
	numbers  = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?:^|\D)(?:1[3-9]\d[- ]?\d{4}[- ]?\d{4}|\d{17}[\dXx])(?:\D|$)`)
	})
)

// CheckReply refuses, with CodeInvalid, a reply (办理答复) that cannot be shown
// to the citizen as it is: hollow, too short, improper in its words, with words
// that are only for the offices, or with something left to fill in.
func CheckReply(text string) error {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r) {
			return -1
		}
		return r
	}, text)
	for _, w := range hollow() {
		if plain == w {
			return Errorf(CodeInvalid, "reply.hollow", w)
		}
	}
	if found := unfilled().FindString(text); found != "" {
		return Errorf(CodeInvalid, "reply.unfilled", found)
	}
	if len([]rune(plain)) < minReply {
		return Errorf(CodeInvalid, "reply.short", minReply)
	}
	for _, w := range improper() {
		if strings.Contains(plain, w) {
			return Errorf(CodeInvalid, "reply.improper", w)
		}
	}
	for _, w := range inward() {
		if strings.Contains(plain, w) {
			return Errorf(CodeInvalid, "reply.inward", w)
		}
	}
	return nil
}

// CheckPublicReply is CheckReply for a reply that everybody reads: it must not
// have a person's number either.
func CheckPublicReply(text string) error {
	if err := CheckReply(text); err != nil {
		return err
	}
	if numbers().MatchString(text) {
		return Errorf(CodeInvalid, "reply.personal")
	}
	return nil
}
