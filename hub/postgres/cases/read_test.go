package cases_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func TestReads(t *testing.T) {
	t.Parallel()
	store, _ := open(t)
	ctx := t.Context()
	openCases(t, store, 3)
	want := pgtest.Opening(1)
	c, s, err := store.Case(ctx, "BY0001")
	if err != nil || cmp.Diff(want.Case, c) != "" || cmp.Diff(want.Submission, s) != "" {
		t.Errorf("Case: %v %s %s", err, cmp.Diff(want.Case, c), cmp.Diff(want.Submission, s))
	}
	events, err := store.Events(ctx, "BY0001")
	if err != nil || cmp.Diff(want.Events, events) != "" {
		t.Errorf("Events: %v %s", err, cmp.Diff(want.Events, events))
	}
	if err := store.VerifyEvents(ctx, "BY0001"); err != nil {
		t.Errorf("VerifyEvents: %v", err)
	}
	for _, f := range []struct {
		hub.Filter
		want int
	}{
		{hub.Filter{}, 3},
		{hub.Filter{Status: hub.StatusAssigned, Channel: "qr", Open: true, Text: "暖气"}, 3},
		{hub.Filter{Place: "620400", Department: "heating"}, 3},
		{hub.Filter{Place: "620402001", Limit: 2}, 2},
		{hub.Filter{Place: "620403"}, 0},
		{hub.Filter{Department: "housing"}, 0},
		{hub.Filter{Offset: 2}, 1},
	} {
		list, err := store.Cases(ctx, f.Filter)
		if err != nil || len(list) != f.want {
			t.Errorf("Cases(%+v) has %d, %v, want %d", f.Filter, len(list), err, f.want)
		}
		if len(list) > 0 && (list[0].Title != "暖气不热" || !list[0].Due.Equal(pgtest.Monday().Add(time.Hour))) {
			t.Errorf("summary %+v", list[0])
		}
	}
	if n, err := store.CountCases(ctx, hub.Filter{Limit: 1}); n != 3 || err != nil {
		t.Errorf("CountCases = %d, %v", n, err)
	}
	found, err := store.FindReceipts(ctx, []hub.ReceiptID{"rBY0002", "none"})
	if err != nil || !found["rBY0002"] || found["none"] {
		t.Errorf("FindReceipts = %v, %v", found, err)
	}
}

func TestPoisonIsInvalid(t *testing.T) {
	t.Parallel()
	store, _ := open(t)
	o := pgtest.Opening(1)
	o.Submission.Text = "a\x00b"
	if _, err := store.InsertCases(t.Context(), []hub.Opening{o}); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("NUL in a text: %v", err)
	}
}
