package postgres_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func alert(id hub.CaseID, seq int64) hub.Alert {
	return hub.Alert{
		ID: hub.AlertID(fmt.Sprintf("%s/%d", id, seq)), Department: "heating",
		Case: id, Seq: seq, At: monday().Add(time.Duration(seq) * time.Second),
	}
}

func claim(t *testing.T, db *postgres.DB, now time.Time) []hub.Delivery {
	t.Helper()
	ds, err := db.ClaimDeliveries(t.Context(), "heating", now, 10, time.Minute)
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
	db, ctx, now := pgtest.Open(t), t.Context(), monday()
	alerts := []hub.Alert{alert("A", 2), alert("A", 3), alert("B", 1)}
	for range 2 {
		if err := db.AddDeliveries(ctx, alerts, now); err != nil {
			t.Fatal(err)
		}
	}
	ds := claim(t, db, now)
	if got := names(ds); got != "B/1 A/2" {
		t.Fatalf("claimed %s", got)
	}
	if got := names(claim(t, db, now)); got != "" {
		t.Errorf("claimed %s under lease", got)
	}
	if got := names(claim(t, db, now.Add(time.Minute))); got != "B/1 A/2" {
		t.Errorf("claimed %s after the lease", got)
	}
	ds[0].Status, ds[0].Receipt = hub.DeliveryDone, &hub.Receipt{Alert: "B/1", Outcome: hub.Delivered}
	ds[1].Status, ds[1].NextAt = hub.DeliveryPending, now.Add(time.Hour)
	for i := range ds {
		ds[i].Attempts = append(ds[i].Attempts, hub.Attempt{N: 1, At: now, Took: time.Second, Result: "x"})
	}
	for range 2 {
		if err := db.SettleDeliveries(ctx, "heating", now, ds); err != nil {
			t.Fatal(err)
		}
	}
	again := claim(t, db, now.Add(time.Hour))
	if names(again) != "A/2" || len(again[0].Attempts) != 1 || again[0].Attempts[0].Took != time.Second {
		t.Errorf("claimed %+v", again)
	}
	done, err := db.RecentDeliveries(ctx, "", hub.DeliveryDone, 10)
	if err != nil || names(done) != "B/1" || done[0].Receipt == nil {
		t.Errorf("done: %+v, %v", done, err)
	}
	if err := db.RedoDelivery(ctx, "B/1", now); err != nil || names(claim(t, db, now)) != "B/1" {
		t.Errorf("redo: %v", err)
	}
	if err := db.RedoDelivery(ctx, "none", now); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("redo of a missing one: %v", err)
	}
}

func TestOutboxKeepsOrderAndWhatFailed(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	openCases(t, db, 3)
	_, err := db.RelayOutbox(ctx, 10, func([]hub.Outgoing) error {
		return hub.Errorf(hub.CodeUnavailable, "bus.down")
	})
	if hub.CodeOf(err) != hub.CodeUnavailable {
		t.Errorf("RelayOutbox = %v", err)
	}
	var sent []string
	for {
		n, err := db.RelayOutbox(ctx, 2, func(out []hub.Outgoing) error {
			for _, o := range out {
				sent = append(sent, o.ID)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	want := "BY0000/1 BY0000/2 BY0001/1 BY0001/2 BY0002/1 BY0002/2"
	if got := strings.Join(sent, " "); got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
}

func TestOpenRefusesUnsafeServer(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	_, err := postgres.Open(t.Context(), dsn+"&synchronous_commit=off", slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "postgres.unsafe") {
		t.Errorf("Open = %v, want postgres.unsafe", err)
	}
}
