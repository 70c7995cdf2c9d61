package cases_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

// What is preloaded reads, verifies and fires like what was taken in.
func TestPreloadedCasesAreLikeAnyOther(t *testing.T) {
	slow, _ := open(t)
	quick, db := open(t)
	batch := []hub.Opening{pgtest.Opening(0), pgtest.Opening(1), pgtest.Opening(2)}
	if _, err := slow.InsertCases(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := quick.Preload(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	for _, o := range batch {
		want, sub, err := slow.Case(t.Context(), o.Case.ID)
		if err != nil {
			t.Fatal(err)
		}
		got, quickSub, err := quick.Case(t.Context(), o.Case.ID)
		if err != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(quickSub, sub) {
			t.Fatalf("case %+v, %v\nwant %+v", got, err, want)
		}
		if err := quick.VerifyEvents(t.Context(), o.Case.ID); err != nil {
			t.Error(err)
		}
	}
	if n, err := db.OutboxDepth(t.Context()); n != 6 || err != nil {
		t.Errorf("%d messages, %v; want 6", n, err)
	}
	n, _, err := quick.FireDue(t.Context(), pgtest.Monday().Add(time.Hour), time.Time{}, 10,
		func(c hub.Case, _ hub.DeadlineKind, _ int) (hub.Case, []hub.Event, []hub.Outgoing, error) {
			return progress(c)
		})
	if n != 3 || err != nil {
		t.Errorf("fired %d, %v; want 3", n, err)
	}
	if err := quick.Preload(t.Context(), batch); hub.CodeOf(err) == "" {
		t.Error("cases were stored twice")
	}
}
