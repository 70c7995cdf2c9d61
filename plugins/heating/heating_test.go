package heating_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/heating"
)

var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func open(t *testing.T, config string) *heating.Department {
	t.Helper()
	d := heating.New(hub.ClockFunc(func() time.Time { return start }), slog.New(slog.DiscardHandler))
	if err := d.Configure(t.Context(), json.RawMessage(config)); err != nil {
		t.Fatal(err)
	}
	return d
}

func report(n int, at time.Time, text string) hub.Alert {
	return hub.Alert{
		ID: hub.AlertID(fmt.Sprintf("a%d", n)), Case: hub.CaseID(fmt.Sprintf("c%d", n)),
		Event: hub.Assigned, At: at, Content: hub.Content{Title: "暖气", Text: text},
	}
}

func deliver(t *testing.T, d *heating.Department, a hub.Alert) hub.Receipt {
	t.Helper()
	r, err := d.Deliver(context.Background(), []hub.Alert{a})
	if err != nil || len(r) != 1 {
		t.Fatalf("%v %v", r, err)
	}
	return r[0]
}

func TestReads(t *testing.T) {
	d := open(t, "")
	got := deliver(t, d, report(1, start, "白银区铜城花园3号楼2单元501室，暖气冰凉，家里只有12度，三天了没人管，有80岁老人和婴儿。"))
	want := map[string]string{
		"compound": "铜城花园", "building": "3", "unit": "2", "room": "501", "temperature": "12", "days": "3",
		"trouble": "冰凉", "vulnerable": "老人、婴儿", "urgency": "urgent",
	}
	if diff := cmp.Diff(want, got.Facts); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if got.Group != "铜城花园3号楼" {
		t.Errorf("group %q", got.Group)
	}
}

func TestOutage(t *testing.T) {
	d := open(t, "")
	for i := range 8 {
		a := report(i, start.Add(time.Duration(i)*time.Minute), fmt.Sprintf("铜城花园%d号楼停暖", i+1))
		deliver(t, d, a)
		r := deliver(t, d, a) // a repeated alert counts once
		if out := r.Facts["outage"] == "true"; out != (i >= 4) {
			t.Errorf("report %d: outage %v", i+1, out)
		}
	}
	if r := deliver(t, d, report(9, start.Add(3*time.Hour), "铜城花园1号楼停暖")); r.Facts["outage"] != "" {
		t.Error("an outage long after the others")
	}
	if r := deliver(t, d, report(10, start, "世纪小区1号楼停暖")); r.Facts["outage"] != "" {
		t.Error("an outage in another compound")
	}
}

func TestReminderHasNothingToRead(t *testing.T) {
	a := hub.Alert{ID: "r", Case: "c", Event: hub.Reminded, At: start}
	if r := deliver(t, open(t, `{"outage_reports":2}`), a); r.Outcome != hub.Delivered || r.Facts != nil {
		t.Errorf("%+v", r)
	}
}
