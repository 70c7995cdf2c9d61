package cases_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

// open returns an empty store.
func open(t testing.TB) (*cases.Store, *postgres.DB) {
	t.Helper()
	db := pgtest.Open(t)
	return cases.New(db), db
}

func openCases(t *testing.T, store *cases.Store, n int) {
	t.Helper()
	var batch []hub.Opening
	for i := range n {
		batch = append(batch, pgtest.Opening(i))
	}
	if got, err := store.InsertCases(t.Context(), batch); err != nil || got != n {
		t.Fatalf("InsertCases = %d, %v, want %d", got, err, n)
	}
}

// progress appends one event.
func progress(c hub.Case) (hub.Case, []hub.Event, []hub.Outgoing, error) {
	c.Version++
	c.Status = hub.StatusHandling
	e := hub.Event{Case: c.ID, Seq: c.Version, Type: hub.Progressed, At: pgtest.Monday(), By: hub.System()}
	out := hub.Outgoing{Topic: "events", Key: string(c.ID), ID: fmt.Sprintf("%s/%d", c.ID, c.Version)}
	return c, []hub.Event{e}, []hub.Outgoing{out}, nil
}

func TestInsertCasesOnce(t *testing.T) {
	t.Parallel()
	store, db := open(t)
	ctx := t.Context()
	a, b := pgtest.Opening(1), pgtest.Opening(2)
	if n, err := store.InsertCases(ctx, []hub.Opening{b, a, a}); n != 2 || err != nil {
		t.Fatalf("first: %d, %v", n, err)
	}
	if n, err := store.InsertCases(ctx, []hub.Opening{a, b, pgtest.Opening(3)}); n != 1 || err != nil {
		t.Fatalf("again: %d, %v", n, err)
	}
	sent, err := db.RelayOutbox(ctx, 100, func([]hub.Outgoing) error { return nil })
	if sent != 6 || err != nil {
		t.Errorf("outbox has %d messages, %v, want 6", sent, err)
	}
}

func TestChangeCaseOncePerMessage(t *testing.T) {
	t.Parallel()
	store, _ := open(t)
	ctx := t.Context()
	openCases(t, store, 1)
	for range 2 {
		c, err := store.ChangeCase(ctx, "BY0000", "m1", pgtest.Monday(),
			func(c hub.Case, s hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
				if s.Reporter.Name != "张三" {
					t.Errorf("submission %+v", s)
				}
				c.Assignments = []hub.Assignment{
					{Department: "housing", Role: hub.RoleLead, AssignedAt: pgtest.Monday()},
					{Department: "heating", Role: hub.RoleCo, AssignedAt: pgtest.Monday()},
				}
				c.Deadlines = nil
				return progress(c)
			})
		if err != nil || c.Version != 3 || c.Lead() != "housing" {
			t.Fatalf("ChangeCase = %+v, %v", c, err)
		}
	}
	if _, ok, err := store.NextDue(ctx); ok || err != nil {
		t.Errorf("a clock is still set (%v)", err)
	}
	wrong := errors.New("no")
	_, err := store.ChangeCase(ctx, "BY0000", "m2", pgtest.Monday(),
		func(c hub.Case, _ hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
			return c, nil, nil, wrong
		})
	if !errors.Is(err, wrong) {
		t.Errorf("decide's error = %v", err)
	}
	if _, err := store.ChangeCase(ctx, "none", "", pgtest.Monday(), nil); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("missing case: %v", err)
	}
}

func TestFireDueOnce(t *testing.T) {
	t.Parallel()
	store, _ := open(t)
	ctx := t.Context()
	openCases(t, store, 20)
	due := pgtest.Monday().Add(time.Hour)
	results := make(chan int)
	for range 4 {
		go func() {
			total := 0
			for {
				n, _, err := store.FireDue(ctx, due, time.Time{}, 3,
					func(c hub.Case, _ hub.DeadlineKind, _ int) (hub.Case, []hub.Event, []hub.Outgoing, error) {
						c.Deadlines = nil
						return progress(c)
					})
				if err != nil {
					t.Errorf("FireDue: %v", err)
				}
				total += n
				if _, more, err := store.NextDue(ctx); err != nil || !more {
					break
				}
			}
			results <- total
		}()
	}
	sum := 0
	for range 4 {
		sum += <-results
	}
	if sum != 20 {
		t.Errorf("%d clocks fired, want 20", sum)
	}
}

// Clocks of one case that are due at once each see what the one before did,
// whether one claim takes them all or several do.
func TestClocksOfOneCaseFireInTurn(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 10} {
		store, _ := open(t)
		openCases(t, store, 2)
		due := pgtest.Monday().Add(time.Hour)
		more := []hub.DeadlineKind{hub.ClockContact, hub.ClockClose}
		_, err := store.ChangeCase(t.Context(), "BY0001", "", pgtest.Monday(),
			func(c hub.Case, _ hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
				for i, kind := range more {
					c.Deadlines = append(c.Deadlines, hub.Deadline{Kind: kind, Start: pgtest.Monday(), Due: due.Add(time.Duration(i+1) * time.Second), Epoch: 2 + i})
				}
				return progress(c)
			})
		if err != nil {
			t.Fatal(err)
		}
		var low time.Time
		var seen []string
		for len(seen) < 4 {
			fired, last, err := store.FireDue(t.Context(), due.Add(time.Minute), low, n,
				func(c hub.Case, kind hub.DeadlineKind, epoch int) (hub.Case, []hub.Event, []hub.Outgoing, error) {
					seen = append(seen, fmt.Sprintf("%s %s %d after %d", c.ID, kind, epoch, c.Version))
					return progress(c)
				})
			if err != nil || fired == 0 {
				t.Fatalf("%d at a time: fired %d, %v after %q", n, fired, err, seen)
			}
			low = last
		}
		slices.Sort(seen)
		want := []string{"BY0000 sign 1 after 2", "BY0001 close 3 after 5", "BY0001 contact 2 after 4", "BY0001 sign 1 after 3"}
		if !slices.Equal(seen, want) {
			t.Errorf("%d at a time: %q, want %q", n, seen, want)
		}
		if at, left, err := store.NextDue(t.Context()); left || err != nil {
			t.Errorf("%d at a time: a clock is left for %v, %v", n, at, err)
		}
		if err := store.VerifyEvents(t.Context(), "BY0001"); err != nil {
			t.Error(err)
		}
	}
}

func TestFireDueKeepsTheOthers(t *testing.T) {
	t.Parallel()
	store, _ := open(t)
	ctx := t.Context()
	openCases(t, store, 3)
	due := pgtest.Monday().Add(time.Hour)
	n, last, err := store.FireDue(ctx, due, time.Time{}, 10,
		func(c hub.Case, kind hub.DeadlineKind, epoch int) (hub.Case, []hub.Event, []hub.Outgoing, error) {
			if c.ID == "BY0001" {
				return c, nil, nil, errors.New("broken")
			}
			if kind != hub.ClockSign || epoch != 1 {
				t.Errorf("fired %s/%d", kind, epoch)
			}
			return progress(c)
		})
	if n != 2 || err == nil || !last.Equal(due) {
		t.Fatalf("FireDue = %d, %v, %v", n, last, err)
	}
	if at, ok, err := store.NextDue(ctx); !ok || !at.Equal(due.Add(time.Minute)) {
		t.Errorf("next clock %v, %v, %v", at, ok, err)
	}
}
