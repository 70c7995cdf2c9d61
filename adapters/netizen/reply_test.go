package netizen_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/netizen"
	"github.com/mashang-hub/mashang/hub"
)

func TestOnlyCheckedRepliesGoBack(t *testing.T) {
	dir := t.TempDir()
	a, _ := open(t, "token: t\nreplies: replies", dir)
	n := a.(adapters.Notifier)
	step := adapters.Step{
		ID: "BY1.5", Case: "BY1", ExternalID: "2549", Type: hub.Resolved, At: time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC),
		Text: "网友您好！朝阳小区二次网已于11月24日修复，室温已达20度。",
	}
	for range 2 { // at least once
		if err := n.Notify(t.Context(), step); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(filepath.Join(dir, "replies", "BY1.5.csv"))
	want := "\ufeff留言编号,答复意见,答复时间,受理编号\n2549,网友您好！朝阳小区二次网已于11月24日修复，室温已达20度。,2026/11/24 10:00:00,BY1\n"
	if err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
	step.ID, step.Text = "BY1.6", "这个事不归我们管，请找别人。"
	if err := n.Notify(t.Context(), step); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("a rude reply: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "replies", "BY1.6.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a rude reply went out: %v", err)
	}
	step.Type, step.Text = hub.Progressed, "电话13912345678"
	if err := n.Notify(t.Context(), step); err != nil {
		t.Errorf("a step that is no reply: %v", err)
	}
}

func TestWording(t *testing.T) {
	w := netizen.Wording{Least: 10, Forbid: []string{"研究研究"}, Require: []string{"您好", "感谢"}}
	for text, want := range map[string]string{
		"您好，路灯已于昨日修好，感谢您的监督。":       "",
		"您好，咨询电话0943-8221234，欢迎来电。": "",
		"您好，XX小区的供水已恢复正常，谢谢。":       "",
		"已办":      "reply.hollow",
		"您好，灯已修好": "reply.short",
		"您好，你这是无理取闹，请不要再来反映问题。":        "reply.improper",
		"您好，此事我们还要研究研究，请耐心等待。":         "reply.improper",
		"您好，按照领导批示，此事已经办理完毕。":          "reply.inward",
		"您好，路灯已于____日修好，请您查看现场。":       "reply.unfilled",
		"您好，<b>路灯</b>已经修好，请您查看现场。":     "reply.unfilled",
		"您好，已与张女士（13912345678）联系并解决。":  "reply.personal",
		"您好，身份证62040219800101123X已登记。": "reply.personal",
		"路灯已于昨日修好，请到现场查看一下。":           "reply.requires",
	} {
		err := w.Check(text)
		if e, ok := errors.AsType[*hub.Error](err); ok != (want != "") || ok && e.Key != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if err := w.Check(strings.Repeat("您好", 5)); err != nil {
		t.Error(err)
	}
}

// An anonymous author stays so, and the votes of a message are kept.
func TestAnonymousAuthorsAndVotes(t *testing.T) {
	a, _ := open(t, "token: t", "")
	subs, err := a.(adapters.Decoder).Decode(t.Context(), strings.NewReader(
		`[{"留言编号":"1","留言详情":"停水","留言用户":"匿名网友","点赞数":"312"},{"留言编号":"2","留言详情":"停电","留言用户":"A0004"}]`), "", "application/json")
	if err != nil || len(subs) != 2 {
		t.Fatal(subs, err)
	}
	if r := subs[0].Reporter; !r.Anonymous || r.Account != "" || subs[0].Extra["votes"] != "312" {
		t.Errorf("anonymous: %+v %v", r, subs[0].Extra)
	}
	if r := subs[1].Reporter; r.Anonymous || r.Account != "A0004" {
		t.Errorf("by name: %+v", r)
	}
}
