package netizen

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub"
)

// A Wording (官方用语) says what a public reply must be like before it goes back
// to the board, where everybody reads it.
type Wording struct {
	// Least is how many characters an answer has.
	Least int `yaml:"least"`
	// Forbid are words beside the built-in ones that no reply may have.
	Forbid []string `yaml:"forbid"`
	// Require are words of which a reply has at least one; empty for any.
	Require []string `yaml:"require"`
}

// rude are words that push a citizen away or blame them, and inward those that
// are only for the offices.
func rude() []string {
	return []string{
		"不归我们管", "不归我管", "不关我们的事", "与我单位无关", "无可奉告", "无理取闹", "刁民", "爱找谁找谁", "自己想办法",
		"没空", "听不懂", "胡搅蛮缠", "别再投诉", "不要再投诉", "你活该",
	}
}

func inward() []string {
	return []string{"领导批示", "内部掌握", "仅限内部", "涉密", "不宜公开", "息访", "稳控", "截访"}
}

// marks finds what a person forgot to fill in and markup, and numbers the
// telephone or identity number of a person; an office's fixed line may stay.
var (
	marks   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`_{2,}|[{<][^{}<>]*[}>]|待填写|请填写`) })
	numbers = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?:^|\D)(?:1[3-9]\d[- ]?\d{4}[- ]?\d{4}|\d{17}[\dXx])(?:\D|$)`)
	})
)

// Check reports what is wrong with a reply: an Error of CodeInvalid whose
// sentence says what to change.
func (w Wording) Check(text string) error {
	text = strings.TrimSpace(text)
	if utf8.RuneCountInString(text) < max(w.Least, 1) {
		return hub.Errorf(hub.CodeInvalid, "reply.too_short", w.Least)
	}
	for _, word := range slices.Concat(rude(), w.Forbid) {
		if strings.Contains(text, word) {
			return hub.Errorf(hub.CodeInvalid, "reply.rude", word)
		}
	}
	for _, word := range inward() {
		if strings.Contains(text, word) {
			return hub.Errorf(hub.CodeInvalid, "reply.inward", word)
		}
	}
	if found := marks().FindString(text); found != "" {
		return hub.Errorf(hub.CodeInvalid, "reply.unfilled", found)
	}
	if numbers().MatchString(text) {
		return hub.Errorf(hub.CodeInvalid, "reply.personal")
	}
	has := func(word string) bool { return strings.Contains(text, word) }
	if len(w.Require) > 0 && !slices.ContainsFunc(w.Require, has) {
		return hub.Errorf(hub.CodeInvalid, "reply.requires", strings.Join(w.Require, "、"))
	}
	return nil
}
