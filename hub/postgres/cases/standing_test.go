package cases_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

// What is told of all departments at once is what each would count in its own
// list.
func TestStandingsAgreeWithTheLists(t *testing.T) {
	t.Parallel()
	store, db := open(t)
	openCases(t, store, 40)
	for _, sql := range []string{
		"update cases set due_at = timestamptz '2026-11-23 08:00Z' + (('x' || substr(md5(id), 1, 4))::bit(16)::int % 40) * interval '1 hour'",
		"update cases set due_at = null where id in (select id from cases order by id limit 3)",
		"update cases set closed_at = now() where id in (select id from cases order by id desc limit 5)",
	} {
		if _, err := db.Pool().Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	now := pgtest.Monday().Add(20 * time.Hour)
	all, err := store.Standings(t.Context(), now, 4)
	if err != nil || len(all) == 0 {
		t.Fatalf("%d departments, %v", len(all), err)
	}
	for dept, got := range all {
		list, err := store.Cases(t.Context(), hub.Filter{Department: dept, Open: true, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		states, overdue := map[hub.Status]int{}, 0
		for _, c := range list {
			states[c.Status]++
			if !c.Due.IsZero() && c.Due.Before(now) {
				overdue++
			}
		}
		slices.SortStableFunc(list, func(a, b hub.Summary) int {
			if a.Due.IsZero() != b.Due.IsZero() {
				return map[bool]int{true: 1, false: -1}[a.Due.IsZero()]
			}
			return a.Due.Compare(b.Due)
		})
		if !maps.Equal(got.States, states) || got.Overdue != overdue || len(got.First) != min(4, len(list)) {
			t.Errorf("%s: %v, %d overdue, %d first; the list has %v, %d", dept, got.States, got.Overdue, len(got.First), states, overdue)
		}
		for i, c := range got.First {
			if !c.Due.Equal(list[i].Due) || c.ID == "" || c.Title == "" {
				t.Errorf("%s: first %d is %s due %v, want %v", dept, i, c.ID, c.Due, list[i].Due)
			}
		}
	}
}
