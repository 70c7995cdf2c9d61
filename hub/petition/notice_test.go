package petition_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/petition"
)

var day = time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)

func matter() petition.Matter {
	c := hub.Case{ID: "BY7K", Channel: "petition", OpenedAt: day}
	s := hub.Submission{SubmittedAt: day, Content: hub.Content{Title: "拖欠工资", Reporter: hub.Reporter{Name: "王五"}}}
	return petition.Matter{Case: c, Submission: s, Office: "白银区人社局"}
}

func TestEachFormIsFilled(t *testing.T) {
	for kind, words := range map[petition.Kind][]string{
		petition.Accept:  {"信访事项受理告知书", "BY7K", "王五：", "2026年11月24日提出的“拖欠工资”", "第二十三条", "办理期限至2027年1月23日", "白银区人社局"},
		petition.Refuse:  {"不予受理告知书", "第十九条", "已由上级受理"},
		petition.Extend:  {"第三十四条", "不超过30日", "已由上级受理"},
		petition.Opinion: {"第三十二条", "第三十五条", "30日内", "保障农民工工资支付条例", "已由上级受理"},
	} {
		m := matter()
		m.Text, m.Basis = "已由上级受理", "《保障农民工工资支付条例》第三条"
		n, err := petition.Write(kind, m, day)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range words {
			if !strings.Contains(n.Title+n.Text, w) {
				t.Errorf("%s lacks %q:\n%s", kind, w, n.Text)
			}
		}
	}
}

func TestTheDueDateIsTheCasesOwn(t *testing.T) {
	m := matter()
	m.Case.Deadlines = []hub.Deadline{{Kind: hub.ClockClose, Due: day.AddDate(0, 0, 90)}}
	m.Text = "需要委托鉴定"
	n, err := petition.Write(petition.Extend, m, day)
	if err != nil || !strings.Contains(n.Text, "2027年2月22日前办结") {
		t.Errorf("%v\n%s", err, n.Text)
	}
}

func TestAFormWithoutItsReasonIsNotWritten(t *testing.T) {
	for kind, want := range map[petition.Kind]string{
		petition.Refuse: "petition.notice_text", petition.Extend: "petition.notice_text", petition.Opinion: "petition.notice_text", "x": "petition.notice_kind",
	} {
		_, err := petition.Write(kind, matter(), day)
		if e, ok := errors.AsType[*hub.Error](err); !ok || e.Key != want {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
