package deliveries_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/deliveries"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func monday() time.Time { return pgtest.Monday() }

func alert(id hub.CaseID, seq int64) hub.Alert {
	return hub.Alert{
		ID: hub.AlertID(fmt.Sprintf("%s/%d", id, seq)), Department: "heating",
		Case: id, Seq: seq, At: monday().Add(time.Duration(seq) * time.Second),
	}
}

func claim(t *testing.T, store *deliveries.Store, now time.Time) []hub.Delivery {
	t.Helper()
	ds, err := store.ClaimDeliveries(t.Context(), "heating", now, 10, time.Minute)
	if err != nil {
		t.Fatalf("ClaimDeliveries: %v", err)
	}
	return ds
}

func names(ds []hub.Delivery) string {
	var ids []string
	for _, d := range ds {
		ids = append(ids, string(d.Alert.ID))
	}
	return strings.Join(ids, " ")
}

func TestDeliveriesInOrderPerCase(t *testing.T) {
	t.Parallel()
	store, ctx, now := deliveries.New(pgtest.Open(t)), t.Context(), monday()
	alerts := []hub.Alert{alert("A", 2), alert("A", 3), alert("B", 1)}
	for range 2 {
		if err := store.AddDeliveries(ctx, alerts, now); err != nil {
			t.Fatal(err)
		}
	}
	ds := claim(t, store, now)
	if got := names(ds); got != "B/1 A/2" {
		t.Fatalf("claimed %s", got)
	}
	if got := names(claim(t, store, now)); got != "" {
		t.Errorf("claimed %s under lease", got)
	}
	if got := names(claim(t, store, now.Add(time.Minute))); got != "B/1 A/2" {
		t.Errorf("claimed %s after the lease", got)
	}
	ds[0].Status, ds[0].Receipt = hub.DeliveryDone, &hub.Receipt{Alert: "B/1", Outcome: hub.Delivered}
	ds[1].Status, ds[1].NextAt = hub.DeliveryPending, now.Add(time.Hour)
	for i := range ds {
		ds[i].Attempts = append(ds[i].Attempts, hub.Attempt{N: 1, At: now, Took: time.Second, Result: "x"})
	}
	for range 2 {
		if err := store.SettleDeliveries(ctx, "heating", now, ds); err != nil {
			t.Fatal(err)
		}
	}
	again := claim(t, store, now.Add(time.Hour))
	if names(again) != "A/2" || len(again[0].Attempts) != 1 || again[0].Attempts[0].Took != time.Second {
		t.Errorf("claimed %+v", again)
	}
	done, err := store.RecentDeliveries(ctx, "", hub.DeliveryDone, 10)
	if err != nil || names(done) != "B/1" || done[0].Receipt == nil {
		t.Errorf("done: %+v, %v", done, err)
	}
	if err := store.RedoDelivery(ctx, "B/1", now); err != nil || names(claim(t, store, now)) != "B/1" {
		t.Errorf("redo: %v", err)
	}
	if err := store.RedoDelivery(ctx, "none", now); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("redo of a missing one: %v", err)
	}
}
