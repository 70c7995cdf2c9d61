package web_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// shared is a case of two departments: the helper has a task, is at it, and has
// told what it found.
func shared() *cabinet {
	return &cabinet{state: hub.StatusHandling, parts: []hub.Assignment{
		{Department: "heating", Role: hub.RoleLead, Finding: hub.Confirmed, SignedAt: noon()},
		{
			Department: "housing", Role: hub.RoleCo, Task: "拆除占压管线的棚子，联系13912341234", Due: noon().Add(-time.Hour),
			Progress: "已通知当事人", SignedAt: noon(),
		},
	}}
}

func TestTheCasePageShowsEveryPart(t *testing.T) {
	_, body, _ := ask(t, handler(shared()), "GET", casePath, nil)
	for _, want := range []string{"核查属实", "任务：拆除占压管线的棚子，联系139****1234", "已超 1小时", "进展：已通知当事人", "才能办结", `value="task"`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q on the page", want)
		}
	}
	c := shared()
	c.parts = c.parts[:1]
	if _, body, _ := ask(t, handler(c), "GET", casePath, nil); strings.Contains(body, `value="task"`) {
		t.Error("a case of one department can be divided")
	}
}

func TestATaskIsGivenByForm(t *testing.T) {
	c := shared()
	form := url.Values{"type": {"task"}, "department": {"housing"}, "text": {"清理楼道"}, "within": {"4小时"}}
	if code, _, _ := ask(t, handler(c), "POST", casePath+"/do", form); code != 303 {
		t.Fatalf("code %d", code)
	}
	got, ok := c.cmd.(hub.SetTask)
	if !ok || got.Department != "housing" || got.Text != "清理楼道" || got.Within != (hub.Budget{N: 4, Unit: hub.Hour}) {
		t.Errorf("command %+v", c.cmd)
	}
	form = url.Values{"type": {"verify"}, "department": {"heating"}, "finding": {"partly"}, "text": {"只有一户"}}
	if code, _, _ := ask(t, handler(c), "POST", casePath+"/do", form); code != 303 {
		t.Fatalf("code %d", code)
	}
	if got, ok := c.cmd.(hub.Verify); !ok || got.Finding != hub.Partly {
		t.Errorf("command %+v", c.cmd)
	}
}

// TestTheCitizenSeesOneCase: how a helper is doing is nothing to them.
func TestTheCitizenSeesOneCase(t *testing.T) {
	c := shared()
	c.events = []hub.Event{
		{Seq: 1, Type: hub.Assigned, At: noon(), Data: hub.Data{Lead: "heating", Co: []hub.DepartmentCode{"housing"}}},
		{Seq: 2, Type: hub.SignedFor, At: noon(), Data: hub.Data{Department: "heating"}},
		{Seq: 3, Type: hub.SignedFor, At: noon(), Data: hub.Data{Department: "housing"}},
		{Seq: 4, Type: hub.PartDone, At: noon(), Data: hub.Data{Department: "housing", Text: "棚子已拆"}},
		{Seq: 5, Type: hub.Resolved, At: noon(), Data: hub.Data{Department: "heating", Text: "管线已修复，恢复供热"}},
	}
	_, body, _ := ask(t, handler(c), "GET", "/t/BY7K3M9QXT2F4H", nil)
	for word, want := range map[string]bool{"供热服务中心已签收": true, "住建局已签收": false, "棚子已拆": false, "管线已修复，恢复供热": true, "分工": false} {
		if strings.Contains(body, word) != want {
			t.Errorf("%q on the citizen's page: %v", word, !want)
		}
	}
}

// TestFactsAreShownWithTheWordsTheyCameFrom in Chinese, and masked.
func TestFactsAreShownWithTheWordsTheyCameFrom(t *testing.T) {
	c := shared()
	c.read = map[string]string{"temperature": "12", "temperature_from": "只有12度", "matter": "title", "matter_title": "办证", "spot": "找13912341234"}
	_, body, _ := ask(t, handler(c), "GET", casePath, nil)
	for word, want := range map[string]bool{"室温 12（只有12度）": true, "事由 办证": true, "事由代码": false, "点位 找139****1234": true, "_from": false} {
		if strings.Contains(body, word) != want {
			t.Errorf("%q on the page: %v", word, !want)
		}
	}
}
