package netizen

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub"
)

// A Wording (官方用语) says what a public reply must be like before it goes back
// to the board, where everybody reads it, beside what the hub asks of every
// public reply (hub.CheckPublicReply).
type Wording struct {
	// Least is how many characters an answer has.
	Least int `yaml:"least"`
	// Forbid are words beside the built-in ones that no reply may have.
	Forbid []string `yaml:"forbid"`
	// Require are words of which a reply has at least one; empty for any.
	Require []string `yaml:"require"`
}

// Check reports what is wrong with a reply: an Error of CodeInvalid whose
// sentence says what to change.
func (w Wording) Check(text string) error {
	if err := hub.CheckPublicReply(text); err != nil {
		return err
	}
	if utf8.RuneCountInString(strings.TrimSpace(text)) < w.Least {
		return hub.Errorf(hub.CodeInvalid, "reply.short", w.Least)
	}
	has := func(word string) bool { return strings.Contains(text, word) }
	if i := slices.IndexFunc(w.Forbid, has); i >= 0 {
		return hub.Errorf(hub.CodeInvalid, "reply.improper", w.Forbid[i])
	}
	if len(w.Require) > 0 && !slices.ContainsFunc(w.Require, has) {
		return hub.Errorf(hub.CodeInvalid, "reply.requires", strings.Join(w.Require, "、"))
	}
	return nil
}
