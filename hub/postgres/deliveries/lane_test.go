package deliveries_test

import (
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/deliveries"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func TestLanesHoldAndDrain(t *testing.T) {
	t.Parallel()
	store, ctx, now := deliveries.New(pgtest.Open(t)), t.Context(), monday()
	set := func(s hub.LaneStatus, at time.Time) {
		t.Helper()
		if err := store.SetLane(ctx, hub.Lane{Department: "heating", Status: s, Reason: "检修", By: "王", Since: at}); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.AddDeliveries(ctx, []hub.Alert{alert("A", 1)}, now); err != nil {
		t.Fatal(err)
	}
	for _, s := range []hub.LaneStatus{hub.LanePaused, hub.LaneDisabled} {
		set(s, now)
		if got := names(claim(t, store, now)); got != "" {
			t.Errorf("%s lane gave %s", s, got)
		}
	}
	set(hub.LaneDraining, now)
	if err := store.AddDeliveries(ctx, []hub.Alert{alert("B", 1)}, now.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	later := now.Add(2 * time.Second)
	ds := claim(t, store, later)
	if got := names(ds); got != "A/1" {
		t.Errorf("draining lane gave %s", got)
	}
	lanes, err := store.Lanes(ctx, []hub.DepartmentCode{"labor", "heating"})
	if err != nil || lanes[0].Status != hub.LaneRunning || lanes[1].Status != hub.LaneDraining || lanes[1].Pending != 2 {
		t.Fatalf("lanes %+v, %v", lanes, err)
	}
	ds[0].Status, ds[0].Attempts = hub.DeliveryDone, []hub.Attempt{{N: 1, At: later, Result: "delivered"}}
	if err := store.SettleDeliveries(ctx, "heating", later, ds); err != nil {
		t.Fatal(err)
	}
	if lanes, err = store.Lanes(ctx, []hub.DepartmentCode{"heating"}); err != nil || lanes[0].Status != hub.LanePaused || lanes[0].By != "王" {
		t.Errorf("drained lane %+v, %v", lanes, err)
	}
	set(hub.LaneRunning, later)
	if got := names(claim(t, store, later)); got != "B/1" {
		t.Errorf("resumed lane gave %s", got)
	}
	if err := store.SetLane(ctx, hub.Lane{Department: "heating", Status: "asleep", Since: now}); err == nil {
		t.Error("an unknown status is taken")
	}
}

func TestFollowersWaitWithTheirHead(t *testing.T) {
	t.Parallel()
	store, ctx, now := deliveries.New(pgtest.Open(t)), t.Context(), monday()
	if err := store.AddDeliveries(ctx, []hub.Alert{alert("A", 1), alert("A", 2), alert("B", 1)}, now); err != nil {
		t.Fatal(err)
	}
	ds := claim(t, store, now)
	for i := range ds {
		ds[i].Status, ds[i].NextAt = hub.DeliveryPending, now.Add(time.Hour)
		ds[i].Attempts = []hub.Attempt{{N: 1, At: now, Result: "HTTP 500"}}
	}
	if err := store.SettleDeliveries(ctx, "heating", now, ds); err != nil {
		t.Fatal(err)
	}
	due, next, err := store.DueDeliveries(ctx, []hub.DepartmentCode{"labor", "heating"}, now.Add(time.Minute))
	if err != nil || len(due) != 0 || !next.Equal(now.Add(time.Hour)) {
		t.Errorf("due %v, next %v, %v", due, next, err)
	}
	if due, _, _ = store.DueDeliveries(ctx, []hub.DepartmentCode{"labor", "heating"}, now.Add(time.Hour)); len(due) != 1 {
		t.Errorf("due %v", due)
	}
	if got := names(claim(t, store, now.Add(time.Hour))); got != "A/1 B/1" {
		t.Errorf("claimed %s", got)
	}
}

func TestRedoAndReplay(t *testing.T) {
	t.Parallel()
	store, ctx, now := deliveries.New(pgtest.Open(t)), t.Context(), monday()
	for i, id := range []hub.CaseID{"A", "B", "C", "D"} {
		if err := store.AddDeliveries(ctx, []hub.Alert{alert(id, 1)}, now.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	ds := claim(t, store, now.Add(3*time.Hour))
	for i := range ds {
		ds[i].Status, ds[i].Attempts = hub.DeliveryDone, []hub.Attempt{{N: 1, At: now, Result: "x"}}
	}
	ds[1].Status = hub.DeliveryDead
	if err := store.SettleDeliveries(ctx, "heating", now, ds); err != nil {
		t.Fatal(err)
	}
	f := hub.DeliveryFilter{Department: "heating", From: now.Add(time.Hour), To: now.Add(3 * time.Hour)}
	n, err := store.CountDeliveries(ctx, f)
	if err != nil || n != 2 {
		t.Errorf("%d match, %v", n, err)
	}
	f.Status = hub.DeliveryDead
	if n, err = store.RedoDeliveries(ctx, f, now); err != nil || n != 1 {
		t.Errorf("redid %d, %v", n, err)
	}
	f.Status = ""
	// Asking twice, or for one that waits already, pushes once.
	if n, err = store.RedoDeliveries(ctx, f, now); err != nil || n != 1 {
		t.Errorf("replayed %d, %v", n, err)
	}
	if n, err = store.RedoDeliveries(ctx, f, now); err != nil || n != 0 {
		t.Errorf("replayed again %d, %v", n, err)
	}
	again := claim(t, store, now)
	if names(again) != "B/1 C/1" || again[0].Base != 1 {
		t.Errorf("claimed %+v", again)
	}
	all, err := store.FindDeliveries(ctx, hub.DeliveryFilter{Case: "B"})
	if err != nil || names(all) != "B/1" || all[0].AddedAt.IsZero() {
		t.Errorf("found %+v, %v", all, err)
	}
}
