package retention_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/deliveries"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/postgres/retention"
	"github.com/mashang-hub/mashang/hub/seal"
)

func closedOpening(n int, at time.Time) hub.Opening {
	o := pgtest.PersonalOpening(n)
	o.Case.Status, o.Case.ClosedAt, o.Case.Deadlines = hub.StatusArchived, at, nil
	return o
}

func TestPersonalDataExpiresUnlessHeld(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	store := retention.New(db)
	db.SealWith(pgtest.Keyring(t, seal.NewLine("k1")))
	old, now := pgtest.Monday().Add(time.Hour), pgtest.Monday().AddDate(4, 0, 0)
	batch := []hub.Opening{closedOpening(1, old), closedOpening(2, old), closedOpening(3, now), pgtest.PersonalOpening(4)}
	if _, err := cases.New(db).InsertCases(ctx, batch); err != nil {
		t.Fatal(err)
	}
	alert := hub.Alert{ID: "a1", Department: "heating", Case: "BY0001", Content: batch[0].Submission.Content, At: pgtest.Monday()}
	if err := deliveries.New(db).AddDeliveries(ctx, []hub.Alert{alert}, pgtest.Monday()); err != nil {
		t.Fatal(err)
	}
	if err := store.Hold(ctx, "BY0002", now, "行政复议"); err != nil {
		t.Fatal(err)
	}
	if err := store.Hold(ctx, "BY9999", now, "x"); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("holding what is not there: %v", err)
	}
	gone, err := store.Expire(ctx, now, now.AddDate(-3, 0, 0), 10)
	if err != nil || len(gone) != 1 || gone[0] != "BY0001" {
		t.Fatalf("deleted %v, %v", gone, err)
	}
	c, s, err := cases.New(db).Case(ctx, "BY0001")
	if err != nil || s.Reporter.Phone != "" || s.Raw != nil || strings.Contains(s.Text, "家里冷") || c.Lead() != "heating" {
		t.Errorf("what is left: %+v %+v, %v", c, s, err)
	}
	ds, err := deliveries.New(db).Deliveries(ctx, "BY0001")
	if err != nil || ds[0].Alert.Content.Reporter.Phone != "" {
		t.Errorf("delivery %+v, %v", ds, err)
	}
	for _, id := range []hub.CaseID{"BY0002", "BY0003", "BY0004"} {
		if _, s, err := cases.New(db).Case(ctx, id); err != nil || s.Reporter.Phone != "19912345678" {
			t.Errorf("%s: %+v, %v", id, s.Reporter, err)
		}
	}
	if err := store.Release(ctx, "BY0002", now, "复议已结"); err != nil {
		t.Fatal(err)
	}
	if gone, err = store.Expire(ctx, now, now.AddDate(-3, 0, 0), 10); err != nil || len(gone) != 1 {
		t.Errorf("after the release: %v, %v", gone, err)
	}
	list, err := auditlog.List(ctx, db.Pool(), auditlog.Filter{Action: audit.Deleted})
	if err != nil || len(list) != 2 || list[1].Data["cases"] != "BY0001" {
		t.Errorf("proof of deletion: %+v, %v", list, err)
	}
}
