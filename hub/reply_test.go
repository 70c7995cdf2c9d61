package hub_test

import (
	"errors"
	"testing"

	"github.com/mashang-hub/mashang/hub"
)

func TestWordingOfReplies(t *testing.T) {
	for text, want := range map[string]string{
		"经查为阀门泄漏，已更换，室温恢复到二十度。":       "",
		"已恢复供热，请放心。":                  "",
		"公交车没空调已报修，今日换车。":             "", // none of these is rude
		"该院所有病房已恢复供热。":                "",
		"为减少来电等待，已增设坐席。":              "",
		"已在政府网站公开信息访问方式。":             "",
		"联系人王师傅 13912345678，已约定上门时间。": "", // to the citizen alone
		"已办":         "reply.hollow",
		"　已 办 结 ！":   "reply.hollow",
		"修好了。":       "reply.short",
		"。。。。。。。。。。": "reply.short",
		"此事不归我们管，请找供热公司。":   "reply.improper",
		"不 归 我 们 管，请找供热公司。": "reply.improper",
		"你有病吧，反复打电话来。":      "reply.improper",
		"按照领导批示，此事办理完毕。":    "reply.inward",
		"路灯已于____日修好。":      "reply.unfilled",
		"处理结果：<待填写>":        "reply.unfilled",
	} {
		err := hub.CheckReply(text)
		if e, ok := errors.AsType[*hub.Error](err); ok != (want != "") || ok && (e.Key != want || e.Code != hub.CodeInvalid) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	for _, text := range []string{"已与张女士（13912345678）联系并解决。", "身份证62040219800101123X已登记入册。"} {
		err := hub.CheckPublicReply(text)
		if e, ok := errors.AsType[*hub.Error](err); !ok || e.Key != "reply.personal" {
			t.Errorf("for everybody to read: %s: %v", text, err)
		}
	}
	if err := hub.CheckPublicReply("咨询电话0943-8221234，欢迎来电。"); err != nil {
		t.Errorf("an office's fixed line: %v", err)
	}
}

func TestAnUnfitReplyDoesNotCloseACase(t *testing.T) {
	c := tell(t, hub.Case{}, nine, received("heating"), hub.SignFor{Department: "heating"})
	if _, err := hub.Decide(c, hub.Resolve{Department: "heating", Text: "已办"}, facts(), nine); hub.CodeOf(err) != hub.CodeInvalid {
		t.Fatalf("closed with %q: %v", "已办", err)
	}
	refuse := hub.RefuseReply{Department: "heating", Text: "已办", Reason: "没有说清做了什么。"}
	c, alerts := told(t, c, nine, refuse)
	if !c.Status.Open() || len(alerts) != 1 || alerts[0].Event != hub.ReplyRefused || alerts[0].Text != "没有说清做了什么。原答复：已办" {
		t.Errorf("%s, told %+v; want it open and the lead told why", c.Status, alerts)
	}
	refuse.Reason = ""
	if _, err := hub.Decide(c, refuse, facts(), nine); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("refused without a reason: %v", err)
	}
	refuse.Department = "urban"
	if _, err := hub.Decide(c, refuse, facts(), nine); err == nil {
		t.Error("refused the reply of a department that has no part in it")
	}
}
