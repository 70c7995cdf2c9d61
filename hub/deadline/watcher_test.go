package deadline_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/hub/deadline"
)

// A memory keeps cases as the store's contract asks; the store on PostgreSQL
// has tests of its own.
type memory struct {
	mu     sync.Mutex
	cases  map[hub.CaseID]hub.Case
	events []hub.Event
	sent   []hub.Outgoing
	fail   error
	lows   []time.Time
}

func (m *memory) FireDue(_ context.Context, now, low time.Time, n int, decide deadline.DecideFunc) (int, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lows = append(m.lows, low)
	if m.fail != nil {
		return 0, time.Time{}, m.fail
	}
	type row struct {
		id    hub.CaseID
		kind  hub.DeadlineKind
		epoch int
		at    time.Time
	}
	var due []row
	for id, c := range m.cases {
		for _, d := range c.Deadlines {
			if at, ok := d.FireAt(); ok && !at.After(now) && !at.Before(low) {
				due = append(due, row{id, d.Kind, d.Epoch, at})
			}
		}
	}
	slices.SortFunc(due, func(a, b row) int { return a.at.Compare(b.at) })
	due = due[:min(n, len(due))]
	var last time.Time
	for _, r := range due {
		c, events, out, err := decide(m.cases[r.id], r.kind, r.epoch)
		if err != nil {
			return 0, time.Time{}, err
		}
		m.cases[r.id], last = c, r.at
		m.events, m.sent = append(m.events, events...), append(m.sent, out...)
	}
	return len(due), last, nil
}

func (m *memory) types() []hub.EventType {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []hub.EventType
	for _, e := range m.events {
		out = append(out, e.Type)
	}
	return out
}

var minutes = func(n int) hub.Budget { return hub.Budget{N: n, Unit: hub.Minute} }

func facts(context.Context, hub.Case, time.Time) (hub.Facts, error) {
	ladder := hub.Ladder{}
	var duties []hub.Duty
	for r := hub.Rung(1); r <= 7; r++ {
		ladder = append(ladder, hub.Step{Rung: r, Post: "post", Title: "职务", Level: hub.LevelVillage, Wait: minutes(30)})
		duties = append(duties, hub.Duty{Rung: r, Post: "post", Person: "p"})
	}
	return hub.Facts{
		Calendar: calendar.New(), Ladder: ladder, Duties: duties,
		Policy: []hub.Allowance{
			{Kind: hub.ClockContact, Budget: minutes(30), Warn: minutes(10)},
			{Kind: hub.ClockClose, Budget: hub.Budget{N: 30, Unit: hub.Day}},
		},
	}, nil
}

func know() deadline.FactsFunc { return facts }

func out(c hub.Case, events []hub.Event) []hub.Outgoing {
	return []hub.Outgoing{{Topic: "events", Key: string(c.ID), ID: string(events[0].Type)}}
}

// opened returns a case received at start.
func opened(t *testing.T, id hub.CaseID, start time.Time) hub.Case {
	t.Helper()
	f, _ := facts(t.Context(), hub.Case{}, start)
	events, err := hub.Decide(hub.Case{}, hub.Receive{
		Submission: hub.Submission{Case: id, Channel: "qr", ExternalID: string(id), ReceivedAt: start, SubmittedAt: start},
		Decision:   hub.Decision{Lead: "heating"},
	}, f, start)
	if err != nil {
		t.Fatal(err)
	}
	var c hub.Case
	for _, e := range events {
		c = hub.Apply(c, e)
	}
	return c
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func TestClimbsOneRungAtATime(t *testing.T) {
	now := start
	m := &memory{cases: map[hub.CaseID]hub.Case{"A": opened(t, "A", start)}}
	w := deadline.New(m, know, out, hub.ClockFunc(func() time.Time { return now }), quiet())
	for range 250 {
		now = now.Add(time.Minute)
		if _, err := w.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := []hub.EventType{hub.Warned, hub.Overran, hub.Escalated, hub.Escalated, hub.Escalated, hub.Escalated, hub.Escalated, hub.Escalated, hub.Reminded}
	if got := m.types(); !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	if m.cases["A"].Rung != 7 || len(m.sent) == 0 {
		t.Errorf("rung %d, %d messages", m.cases["A"].Rung, len(m.sent))
	}
}

func TestCatchesUpOldestFirst(t *testing.T) {
	m := &memory{cases: map[hub.CaseID]hub.Case{}}
	for i := range 450 {
		id := hub.CaseID(rune('一' + i))
		m.cases[id] = opened(t, id, start.Add(time.Duration(i)*time.Second))
	}
	now := start.Add(20 * 24 * time.Hour)
	w := deadline.New(m, know, out, hub.ClockFunc(func() time.Time { return now }), quiet())
	if n, err := w.Tick(t.Context()); n != 450 || err != nil {
		t.Fatalf("fired %d, %v", n, err)
	}
	i := 0
	for _, e := range m.events {
		if e.Type == hub.Overran {
			if e.Case != hub.CaseID(rune('一'+i)) {
				t.Fatalf("overrun %d is of case %s", i, e.Case)
			}
			i++
		}
	}
	if i != 450 {
		t.Errorf("%d overruns", i)
	}
}

// A clock set below the low-water mark fires within the promised 5 seconds.
func TestSweepsBelowTheMark(t *testing.T) {
	now := start.Add(20 * time.Minute)
	m := &memory{cases: map[hub.CaseID]hub.Case{"A": opened(t, "A", start)}}
	w := deadline.New(m, know, out, hub.ClockFunc(func() time.Time { return now }), quiet())
	tick := func() int {
		t.Helper()
		n, err := w.Tick(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	tick()
	m.cases["B"] = opened(t, "B", start.Add(-10*time.Minute))
	if n := tick(); n != 0 {
		t.Errorf("fired %d below the mark without a sweep", n)
	}
	now = now.Add(4 * time.Second)
	if n := tick(); n != 1 {
		t.Errorf("fired %d after the sweep, want 1", n)
	}
	if m.lows[1].IsZero() || !m.lows[2].IsZero() {
		t.Errorf("low-water marks %v", m.lows)
	}
}

func TestRunSurvivesTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{cases: map[hub.CaseID]hub.Case{"A": opened(t, "A", time.Now())}, fail: errors.New("no connection")}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- deadline.New(m, know, out, hub.ClockFunc(time.Now), quiet()).Run(ctx) }()
		<-time.After(25 * time.Minute)
		m.mu.Lock()
		m.fail = nil
		m.mu.Unlock()
		<-time.After(time.Second)
		if got := m.types(); !slices.Equal(got, []hub.EventType{hub.Warned}) {
			t.Errorf("events %v", got)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
