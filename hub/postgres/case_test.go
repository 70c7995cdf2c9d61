package postgres_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func monday() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// opening returns case n with a sign clock of an hour.
func opening(n int) hub.Opening {
	id := fmt.Sprintf("BY%04d", n)
	s := hub.Submission{
		Content: hub.Content{Title: "暖气不热", Text: "家里冷", Reporter: hub.Reporter{Name: "张三"}},
		Receipt: hub.ReceiptID("r" + id), Case: hub.CaseID(id), Channel: "qr", ExternalID: id,
		Place: "620402001001", SubmittedAt: monday(), ReceivedAt: monday(),
		Raw: []byte{0, 1, 2}, MediaType: "application/json",
	}
	c := hub.Case{
		ID: s.Case, Version: 2, Status: hub.StatusAssigned, Channel: s.Channel, ExternalID: id,
		Receipt: s.Receipt, Place: s.Place, Round: 1, OpenedAt: monday(), Epoch: 1,
		Assignments: []hub.Assignment{{Department: "heating", Role: hub.RoleLead, AssignedAt: monday()}},
		Deadlines: []hub.Deadline{{
			Kind: hub.ClockSign, Start: monday(), Due: monday().Add(time.Hour), Epoch: 1,
		}},
	}
	return hub.Opening{
		Submission: s, Case: c,
		Events: []hub.Event{
			{Case: c.ID, Seq: 1, Type: hub.Received, At: monday(), By: hub.System()},
			{Case: c.ID, Seq: 2, Type: hub.Assigned, At: monday(), By: hub.System(), Data: hub.Data{Lead: "heating"}},
		},
		Out: []hub.Outgoing{
			{Topic: "events", Key: id, ID: id + "/1", Payload: []byte("1")},
			{Topic: "events", Key: id, ID: id + "/2", Payload: []byte("2")},
		},
	}
}

func openCases(t *testing.T, db *postgres.DB, n int) {
	t.Helper()
	var batch []hub.Opening
	for i := range n {
		batch = append(batch, opening(i))
	}
	if got, err := db.InsertCases(t.Context(), batch); err != nil || got != n {
		t.Fatalf("InsertCases = %d, %v, want %d", got, err, n)
	}
}

// progress appends one event.
func progress(c hub.Case) (hub.Case, []hub.Event, []hub.Outgoing, error) {
	c.Version++
	c.Status = hub.StatusHandling
	e := hub.Event{Case: c.ID, Seq: c.Version, Type: hub.Progressed, At: monday(), By: hub.System()}
	out := hub.Outgoing{Topic: "events", Key: string(c.ID), ID: fmt.Sprintf("%s/%d", c.ID, c.Version)}
	return c, []hub.Event{e}, []hub.Outgoing{out}, nil
}

func TestInsertCasesOnce(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	a, b := opening(1), opening(2)
	if n, err := db.InsertCases(ctx, []hub.Opening{b, a, a}); n != 2 || err != nil {
		t.Fatalf("first: %d, %v", n, err)
	}
	if n, err := db.InsertCases(ctx, []hub.Opening{a, b, opening(3)}); n != 1 || err != nil {
		t.Fatalf("again: %d, %v", n, err)
	}
	sent, err := db.RelayOutbox(ctx, 100, func([]hub.Outgoing) error { return nil })
	if sent != 6 || err != nil {
		t.Errorf("outbox has %d messages, %v, want 6", sent, err)
	}
}

func TestChangeCaseOncePerMessage(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	openCases(t, db, 1)
	for range 2 {
		c, err := db.ChangeCase(ctx, "BY0000", "m1", monday(),
			func(c hub.Case, s hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
				if s.Reporter.Name != "张三" {
					t.Errorf("submission %+v", s)
				}
				c.Assignments = []hub.Assignment{
					{Department: "housing", Role: hub.RoleLead, AssignedAt: monday()},
					{Department: "heating", Role: hub.RoleCo, AssignedAt: monday()},
				}
				c.Deadlines = nil
				return progress(c)
			})
		if err != nil || c.Version != 3 || c.Lead() != "housing" {
			t.Fatalf("ChangeCase = %+v, %v", c, err)
		}
	}
	if _, ok, err := db.NextDue(ctx); ok || err != nil {
		t.Errorf("a clock is still set (%v)", err)
	}
	wrong := errors.New("no")
	_, err := db.ChangeCase(ctx, "BY0000", "m2", monday(),
		func(c hub.Case, _ hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
			return c, nil, nil, wrong
		})
	if !errors.Is(err, wrong) {
		t.Errorf("decide's error = %v", err)
	}
	if _, err := db.ChangeCase(ctx, "none", "", monday(), nil); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("missing case: %v", err)
	}
}

func TestFireDueOnce(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	openCases(t, db, 20)
	due := monday().Add(time.Hour)
	results := make(chan int)
	for range 4 {
		go func() {
			total := 0
			for {
				n, _, err := db.FireDue(ctx, due, time.Time{}, 3,
					func(c hub.Case, _ hub.DeadlineKind, _ int) (hub.Case, []hub.Event, []hub.Outgoing, error) {
						c.Deadlines = nil
						return progress(c)
					})
				if err != nil {
					t.Errorf("FireDue: %v", err)
				}
				total += n
				if _, more, err := db.NextDue(ctx); err != nil || !more {
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

func TestFireDueKeepsTheOthers(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	openCases(t, db, 3)
	due := monday().Add(time.Hour)
	n, last, err := db.FireDue(ctx, due, time.Time{}, 10,
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
	if at, ok, err := db.NextDue(ctx); !ok || !at.Equal(due.Add(time.Minute)) {
		t.Errorf("next clock %v, %v, %v", at, ok, err)
	}
}
