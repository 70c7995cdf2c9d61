package deadline_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/deadline"
	"github.com/mashang-hub/mashang/hub/desk"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// A crashing store dies after some transactions, as a killed hub does: what it
// did not commit is undone.
type crashing struct {
	*cases.Store
	mu   sync.Mutex
	left int
	kill context.CancelFunc
	seen func(now time.Time, c hub.Case, kind hub.DeadlineKind)
}

func (s *crashing) FireDue(ctx context.Context, now, low time.Time, n int, decide deadline.DecideFunc) (int, time.Time, error) {
	s.mu.Lock()
	if s.left--; s.left < 0 {
		s.kill()
	}
	s.mu.Unlock()
	return s.Store.FireDue(ctx, now, low, n, func(c hub.Case, kind hub.DeadlineKind, epoch int) (hub.Case, []hub.Event, []hub.Outgoing, error) {
		s.seen(now, c, kind)
		return decide(c, kind, epoch)
	})
}

// Ten thousand overdue cases all climb to the top, oldest first, on two nodes
// that keep dying, and each step takes effect once.
func TestTenThousandOverdueCasesClimbOnce(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 1200
	}
	db := pgtest.Open(t)
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	var batch []hub.Opening
	for i := range n {
		id := fmt.Sprintf("BY%05d", i)
		at := start.Add(time.Duration(i) * time.Millisecond)
		c := opened(t, hub.CaseID(id), at)
		s := hub.Submission{Case: c.ID, Receipt: hub.ReceiptID(id), Channel: "qr", ExternalID: id, ReceivedAt: at, SubmittedAt: at}
		f, _ := facts(t.Context(), c, at)
		events, err := hub.Decide(hub.Case{}, hub.Receive{Submission: s, Decision: hub.Decision{Lead: "heating"}}, f, at)
		if err != nil {
			t.Fatal(err)
		}
		var folded hub.Case
		for _, e := range events {
			folded = hub.Apply(folded, e)
		}
		batch = append(batch, hub.Opening{Submission: s, Case: folded, Events: events})
	}
	if err := cases.New(db).Preload(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	restarts := 0
	now := start.Add(time.Hour) // all have missed their first contact
	for rung := 2; rung <= 7; rung++ {
		restarts += storm(t, db, now, rung == 2)
		now = now.Add(31 * time.Minute)
	}
	if restarts < 6 {
		t.Errorf("only %d restarts", restarts)
	}
	onceEach(t, db, n)
}

// storm runs two nodes at now until nothing is due, and starts each again when
// it dies. It returns how often that was.
func storm(t *testing.T, db *postgres.DB, now time.Time, inOrder bool) int {
	t.Helper()
	var mu sync.Mutex
	restarts := 0
	var nodes sync.WaitGroup
	for range 2 {
		nodes.Go(func() {
			for life := 1; ; life *= 3 { // more than a batch for each node: one dies in each storm
				ctx, kill := context.WithCancel(t.Context())
				var last time.Time
				s := &crashing{Store: cases.New(db), left: life, kill: kill, seen: func(_ time.Time, c hub.Case, kind hub.DeadlineKind) {
					d, _ := c.Deadline(kind)
					if at, _ := d.FireAt(); inOrder && at.Before(last) {
						t.Errorf("%s of %s fired after a younger one", kind, c.ID)
					} else {
						last = at
					}
				}}
				w := deadline.New(s, know, messages(t), hub.ClockFunc(func() time.Time { return now }), slog.New(slog.DiscardHandler))
				fired, err := w.Tick(ctx)
				kill()
				if err == nil && fired == 0 {
					return
				}
				if err != nil {
					mu.Lock()
					restarts++
					mu.Unlock()
				}
			}
		})
	}
	nodes.Wait()
	return restarts
}

func messages(t *testing.T) func(c hub.Case, events []hub.Event) []hub.Outgoing {
	return func(c hub.Case, events []hub.Event) []hub.Outgoing {
		out, err := desk.Outgoing(c, hub.Content{}, events)
		if err != nil {
			t.Error(err)
		}
		return out
	}
}

// onceEach reads what left the hub: rungs 2 to 7 of every case, each once.
func onceEach(t *testing.T, db *postgres.DB, n int) {
	t.Helper()
	sent := map[string]int{}
	for {
		took, err := db.RelayOutbox(t.Context(), 5000, func(out []hub.Outgoing) error {
			for _, o := range out {
				if o.Topic == "mashang.notices" {
					sent[o.ID]++
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if took == 0 {
			break
		}
	}
	if len(sent) != 6*n {
		t.Errorf("%d notices of %d cases, want 6 of each", len(sent), n)
	}
	for id, times := range sent {
		if times != 1 {
			t.Fatalf("notice %s left %d times", id, times)
		}
	}
	for i := 0; i < n; i += n / 50 {
		id := hub.CaseID(fmt.Sprintf("BY%05d", i))
		c, _, err := cases.New(db).Case(t.Context(), id)
		if err != nil || c.Rung != 7 {
			t.Fatalf("case %s stands on rung %d, %v", id, c.Rung, err)
		}
		if err := cases.New(db).VerifyEvents(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
}
