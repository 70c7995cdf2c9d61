package cases_test

import (
	"context"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/deliveries"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

// seen counts what can be read about case 0 under ctx, one by one.
func seen(t *testing.T, ctx context.Context, store *cases.Store, pushed *deliveries.Store) map[string]int {
	t.Helper()
	got := map[string]int{}
	count := func(what string, n int, err error) {
		if err != nil && hub.CodeOf(err) != hub.CodeNotFound {
			t.Fatalf("%s: %v", what, err)
		}
		got[what] = n
	}
	list, err := store.Cases(ctx, hub.Filter{})
	count("list", len(list), err)
	n, err := store.CountCases(ctx, hub.Filter{Department: "heating"})
	count("count", n, err)
	c, _, err := store.Case(ctx, "BY0000")
	count("case", int(c.Version), err)
	events, err := store.Events(ctx, "BY0000")
	count("events", len(events), err)
	ds, err := pushed.Deliveries(ctx, "BY0000")
	count("deliveries", len(ds), err)
	ds, err = pushed.RecentDeliveries(ctx, "", "", 10)
	count("recent", len(ds), err)
	counts, err := pushed.DeliveryCounts(ctx, "heating")
	count("counts", counts[hub.DeliveryPending], err)
	err = pushed.RedoDelivery(ctx, "BY0000.2.heating", pgtest.Monday())
	count("redo", map[bool]int{true: 1}[err == nil], err)
	c, err = store.ChangeCase(ctx, "BY0000", "", pgtest.Monday(), func(c hub.Case, _ hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
		return c, nil, nil, nil
	})
	count("change", int(c.Version), err)
	return got
}

// TestScopeIsInEveryStatement reads and changes with the same calls under
// different scopes; no call was told of them.
func TestScopeIsInEveryStatement(t *testing.T) {
	t.Parallel()
	store, db := open(t)
	openCases(t, store, 1)
	alert := hub.Alert{ID: "BY0000.2.heating", Department: "heating", Case: "BY0000", Seq: 2, At: pgtest.Monday()}
	if err := deliveries.New(db).AddDeliveries(t.Context(), []hub.Alert{alert}, pgtest.Monday()); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]struct {
		scope hub.Scope
		sees  bool
	}{
		"nothing":              {hub.Scope{}, false},
		"everything":           {hub.Everything(), true},
		"township":             {hub.Scope{{Place: "620402001"}}, true},
		"other township":       {hub.Scope{{Place: "620402002"}}, false},
		"department":           {hub.Scope{{Department: "heating"}}, true},
		"other department":     {hub.Scope{{Department: "housing"}}, false},
		"department elsewhere": {hub.Scope{{Department: "heating", Place: "620403"}}, false},
		"second grant":         {hub.Scope{{Department: "housing"}, {Place: "620402"}}, true},
	} {
		for what, n := range seen(t, hub.WithScope(t.Context(), v.scope), store, deliveries.New(db)) {
			if (n > 0) != v.sees {
				t.Errorf("%s: %s = %d, want seen %v", name, what, n, v.sees)
			}
		}
	}
}

// TestScopeHidesOtherDepartmentsDeliveries: a helper sees the case, and of the
// deliveries its own.
func TestScopeHidesOtherDepartmentsDeliveries(t *testing.T) {
	t.Parallel()
	store, db := open(t)
	openCases(t, store, 1)
	var alerts []hub.Alert
	for _, d := range []hub.DepartmentCode{"heating", "housing"} {
		alerts = append(alerts, hub.Alert{ID: hub.AlertID("BY0000.2." + d), Department: d, Case: "BY0000", Seq: 2, At: pgtest.Monday()})
	}
	if err := deliveries.New(db).AddDeliveries(t.Context(), alerts, pgtest.Monday()); err != nil {
		t.Fatal(err)
	}
	ctx := hub.WithScope(t.Context(), hub.Scope{{Department: "heating"}})
	ds, err := deliveries.New(db).Deliveries(ctx, "BY0000")
	if err != nil || len(ds) != 1 || ds[0].Alert.Department != "heating" {
		t.Errorf("deliveries %+v, %v", ds, err)
	}
}
