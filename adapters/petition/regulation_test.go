package petition_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/petition"
	"github.com/mashang-hub/mashang/hub"
)

func open(t *testing.T, more, dir string) (adapters.Adapter, *adaptertest.Intake) {
	t.Helper()
	s := adaptertest.Suite{Spec: petition.Spec(), Options: options + more}
	s.Deps.Dir = dir
	in := &adaptertest.Intake{}
	a, err := s.New(in)
	if err != nil {
		t.Fatal(err)
	}
	return a, in
}

// What the regulation forbids is refused by its article; the others of the
// batch are taken.
func TestRepresentativesAndRoutes(t *testing.T) {
	a, in := open(t, "", "")
	lines := []string{
		`{"信访编号":"X1","内容":"欠薪","信访形式":"走访","信访人名单":"甲、乙、丙、丁、戊、己","代表人":"甲、乙，丙,丁 戊","要求保密":"是","办理途径":"申请履行职责"}`,
		`{"信访编号":"X2","内容":"欠薪","代表人":"甲、乙、丙、丁、戊、己"}`,
		`{"信访编号":"X3","内容":"欠薪","信访形式":"走访","信访人名单":"甲、乙、丙、丁、戊、己"}`,
		`{"信访编号":"X4","内容":"欠薪","信访形式":"来信","信访人名单":"甲、乙、丙、丁、戊、己"}`,
		`{"信访编号":"X5","内容":"欠薪","办理途径":"托人"}`,
	}
	r := httptest.NewRequest(http.MethodPost, "/in/petition", strings.NewReader(strings.Join(lines, "\n")))
	r.Header.Set("Content-Type", "application/x-ndjson")
	r.Header.Set("Authorization", "Bearer t")
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	var got struct {
		Results []struct{ Tracking, Detail string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Results) != 5 {
		t.Fatal(w.Body, err)
	}
	for i, want := range []string{"", "第二十条", "第二十条", "", "第三十一条"} {
		if g := got.Results[i]; (g.Tracking == "") != (want != "") || !strings.Contains(g.Detail, want) {
			t.Errorf("X%d: %+v, want %q", i+1, g, want)
		}
	}
	taken := in.Taken()
	if len(taken) != 2 || !taken[0].Confidential() || taken[0].Extra["route"] != "duty" || taken[1].Confidential() {
		t.Errorf("taken %+v", taken)
	}
}

func TestStatusFile(t *testing.T) {
	dir := t.TempDir()
	a, _ := open(t, "status: status", dir)
	n := a.(adapters.Notifier)
	at := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	step := adapters.Step{ID: "BY1.2", Case: "BY1", ExternalID: "X1", Type: hub.Assigned, Status: hub.StatusAssigned, Department: "labor", At: at}
	done := adapters.Step{ID: "BY1.5", Case: "BY1", ExternalID: "X1", Type: hub.Resolved, Status: hub.StatusResolved, Text: "工资已发", At: at.Add(time.Hour)}
	inside := adapters.Step{ID: "BY1.4", Case: "BY1", ExternalID: "X1", Type: hub.Instructed, Text: "批示", At: at}
	for _, s := range []adapters.Step{step, inside, done, done} {
		if err := n.Notify(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "status", "BY1.status.json"))
	var p petition.Progress
	if err != nil || json.Unmarshal(data, &p) != nil {
		t.Fatal(err, string(data))
	}
	if p.ExternalID != "X1" || p.Status != hub.StatusResolved || len(p.Steps) != 2 || p.Steps[1].Text != "工资已发" {
		t.Errorf("status %+v", p)
	}
}
