package api_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access/accesstest"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/petition"
)

// drawer holds one petition and counts looks at who brought it.
type drawer struct{ looks []string }

func (*drawer) Case(context.Context, hub.CaseID) (hub.Case, hub.Submission, error) {
	c := hub.Case{ID: "BY1", Assignments: []hub.Assignment{{Department: "labor", Role: hub.RoleLead}}}
	return c, hub.Submission{Content: hub.Content{Title: "拖欠工资"}}, nil
}

func (d *drawer) Reveal(_ context.Context, _ hub.CaseID, _ time.Time, purpose string) (hub.Submission, error) {
	d.looks = append(d.looks, purpose)
	return hub.Submission{Content: hub.Content{Title: "拖欠工资", Reporter: hub.Reporter{Name: "王五"}}}, nil
}

// A notice names the petitioner and is recorded as a look; one that cannot be
// written shows nobody.
func TestNoticeIsRecorded(t *testing.T) {
	d := &drawer{}
	config := api.Config{Store: &cabinet{}, Desk: &cabinet{}, Gate: accesstest.Anybody()}
	config.Routes = api.NoticeRoutes(d, hub.ClockFunc(time.Now), func(hub.DepartmentCode) string { return "区人社局" })
	h := api.New(config)
	if code, body := ask(t, h, "POST", "/api/v1/cases/BY1/notice", `{"kind":"refuse"}`, "Content-Type", "application/json"); code != 422 || len(d.looks) != 0 {
		t.Errorf("%d %s, looks %q", code, body, d.looks)
	}
	code, body := ask(t, h, "POST", "/api/v1/cases/BY1/notice", `{"kind":"accept"}`, "Content-Type", "application/json")
	var n petition.Notice
	if code != 200 || json.Unmarshal([]byte(body), &n) != nil || !strings.Contains(n.Text, "王五：") || !strings.Contains(n.Text, "由区人社局办理") {
		t.Errorf("%d %s", code, body)
	}
	if len(d.looks) != 1 || d.looks[0] != "信访文书 accept" {
		t.Errorf("looks %q", d.looks)
	}
}
