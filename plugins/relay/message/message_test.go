package message_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/relay/message"
)

func alert(e hub.EventType, c hub.Content) hub.Alert {
	return hub.Alert{
		ID: "BY1.2.gas", Case: "BY1", Event: e, At: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Due: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC),
		Class: hub.Class{Topic: "heating", Urgency: hub.UrgencyUrgent}, Content: c,
	}
}

func TestACheckIsAskedForWithItsTime(t *testing.T) {
	c := hub.Content{Title: "不热", Text: "请打13912341234", Extra: map[string]string{hub.ExtraCheckBy: "2026-11-22T20:00:00+08:00"}}
	got := message.New(alert(hub.Assigned, c)).Plain(2000)
	for _, want := range []string{"供暖 · 派单：不热", "核查：11-22 20:00 前反馈是否属实", "时限：11-23 18:00", "139****1234"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	c.Extra = nil
	if got := message.New(alert(hub.Assigned, c)).Plain(2000); strings.Contains(got, "核查") {
		t.Errorf("asks for a check that nobody wants:\n%s", got)
	}
}

// TestANoticeStandsForTheCitizensWords where a department reads its cases.
func TestANoticeStandsForTheCitizensWords(t *testing.T) {
	c := hub.Content{Title: "不热", Text: "说了很多", Extra: map[string]string{
		message.Notice: "【供热】铜城花园3号楼 停暖\n室内 12 度，联系13912341234", message.ReceiptURL: "https://hub.example/d/x",
	}}
	m := message.New(alert(hub.Assigned, c))
	if m.Title != "【供热】铜城花园3号楼 停暖" || m.Text != "室内 12 度，联系139****1234" || m.Link != "https://hub.example/d/x" {
		t.Errorf("message %+v", m)
	}
	if got := m.Plain(2000); strings.Contains(got, "说了很多") || !strings.Contains(got, "事项：BY1") {
		t.Errorf("as text:\n%s", got)
	}
}

func TestAnEarlyWarningAndATaskAreNamed(t *testing.T) {
	for e, want := range map[hub.EventType]string{hub.EarlyWarning: "供暖 · 预警", hub.Tasked: "供暖 · 分工"} {
		a := alert(e, hub.Content{})
		a.Text = "请办"
		if m := message.New(a); m.Title != want || m.Text != "请办" {
			t.Errorf("%s: %+v", e, m)
		}
	}
}
