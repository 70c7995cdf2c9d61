package warnings_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// outage hands in n reports of one compound, a minute apart from at on.
func (v *town) outage(at time.Time, n int) {
	v.Helper()
	for i := range n {
		v.says(at.Add(time.Duration(i)*time.Minute), "铜城花园不热", "", hub.Class{Topic: "heating"})
	}
}

// TestAWarningIsClosedByHand: the departments are told why, it is closed once,
// and what it gathered does not open another.
func TestAWarningIsClosedByHand(t *testing.T) {
	v := newTown(t)
	v.outage(evening, 6)
	v.pushed("heating")
	w := v.warnings(true)[0]
	if _, err := v.watch.Close(t.Context(), w.ID, "王主任", "  "); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("closed without a reason: %v", err)
	}
	v.now = evening.Add(20 * time.Minute)
	closed, err := v.watch.Close(t.Context(), w.ID, "王主任", "管道已修复")
	if err != nil || closed.ClosedBy != "王主任" || closed.ClosedWhy != "管道已修复" || !closed.ClosedAt.Equal(v.now) {
		t.Fatalf("closed %+v, %v", closed, err)
	}
	if told := v.pushed("heating"); len(told) != 1 || !strings.Contains(told[0], "由王主任解除：管道已修复") || !strings.Contains(told[0], `"warning_step":"closed"`) {
		t.Errorf("told %v", told)
	}
	if _, err := v.watch.Close(t.Context(), w.ID, "王主任", "再解除"); hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("closed again: %v", err)
	}
	if _, err := v.watch.Close(t.Context(), "YJ0", "王主任", "没有"); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("closed one that is not there: %v", err)
	}
	v.outage(evening.Add(30*time.Minute), 4)
	if got := v.warnings(true); len(got) != 0 {
		t.Fatalf("four new reports opened %+v", got)
	}
	v.outage(evening.Add(40*time.Minute), 1)
	if got := v.warnings(true); len(got) != 1 || got[0].Cases != 5 {
		t.Errorf("five new reports: %+v", got)
	}
}

// TestTheBaselineOfAWarning counts by the days of Beijing: what comes at half
// past midnight there is of the new day.
func TestTheBaselineOfAWarning(t *testing.T) {
	v := newTown(t)
	midnight := time.Date(2026, 12, 1, 16, 0, 0, 0, time.UTC) // of 2 December in Beijing
	v.outage(midnight.Add(-time.Hour), 2)
	v.outage(midnight.Add(30*time.Minute), 1)
	v.outage(evening, 5)
	w := v.warnings(true)[0]
	got, err := v.store.Counts(t.Context(), w.ID, evening.AddDate(0, 0, -14))
	if err != nil || len(got) != 2 || got[0].N != 2 || got[1].N != 6 || !got[1].Day.Equal(midnight) {
		t.Errorf("counts %+v, %v", got, err)
	}
	if got, err := v.store.Counts(t.Context(), w.ID, midnight); err != nil || len(got) != 1 {
		t.Errorf("since midnight: %+v, %v", got, err)
	}
}

func TestWhatDepartmentsWereTold(t *testing.T) {
	v := newTown(t)
	v.outage(evening, 5)
	w := v.warnings(true)[0]
	file := func(id hub.AlertID, at time.Time) {
		t.Helper()
		_, err := v.db.Pool().Exec(t.Context(), `insert into delivery (alert_id, department, case_id, seq, status, next_at, changed_at, alert)
			values ($1, 'heating', 'BY1', 1, 'done', $2, $2, jsonb_build_object('text', '预警', 'at', $2::timestamptz))`, string(id), at)
		if err != nil {
			t.Fatal(err)
		}
	}
	file(hub.AlertID(w.ID+".5.heating"), evening)
	file(hub.AlertID(w.ID+".10.heating"), evening.Add(time.Hour))
	file("BY1.2.heating", evening)
	got, err := v.store.Pushes(t.Context(), w.ID)
	if err != nil || len(got) != 2 || !got[0].At.Equal(evening.Add(time.Hour)) || got[1].Text != "预警" || got[1].Status != hub.DeliveryDone {
		t.Errorf("pushes %+v, %v", got, err)
	}
}
