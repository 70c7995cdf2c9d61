package bench

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/dispatch"
)

// A stage is a point on the way of an alert that its clock is read at.
type stage int

// The stages, in the order in which an alert passes them.
const (
	committed stage = iota // the outbox row is durable
	taken                  // the relay has it
	filed                  // the delivery is durable
	claimed                // a lane has it
	arrived                // the receiver has it
	stages
)

// stageNames are the stages in the result.
func stageNames() [stages]string {
	return [stages]string{"outbox", "relay", "file", "claim", "push"}
}

// A trail remembers when each alert passed each stage. It is safe for
// concurrent use.
type trail struct {
	mu     sync.Mutex
	passed map[string]*[stages]time.Time
}

func newTrail() *trail { return &trail{passed: map[string]*[stages]time.Time{}} }

// mark notes the first time that alert id passes s.
func (t *trail) mark(s stage, id string) { t.set(s, id, time.Now()) }

func (t *trail) set(s stage, id string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.passed[id]
	if p == nil {
		p = new([stages]time.Time)
		t.passed[id] = p
	}
	if p[s].IsZero() {
		p[s] = now
	}
}

// medians returns the middle time of a series in milliseconds that each stage
// took: from the one before it, the first from when the alert was sent.
func (t *trail) medians(series string, sent map[string]time.Time) map[string]float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var took [stages][]time.Duration
	for id, p := range t.passed {
		if _, number, _ := strings.Cut(id, "-"); !strings.HasPrefix(number, series) {
			continue
		}
		before := sent[id]
		for s, at := range p {
			if !at.IsZero() && !before.IsZero() {
				took[s] = append(took[s], at.Sub(before))
			}
			before = at
		}
	}
	out := make(map[string]float64, stages)
	for s, name := range stageNames() {
		out[name] = middle(took[s])
	}
	return out
}

// middle returns the median in milliseconds, 0 of nothing.
func middle(d []time.Duration) float64 {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return float64(d[len(d)/2].Microseconds()) / 1000
}

// A watchedStore marks what lanes claim.
type watchedStore struct {
	dispatch.Store
	trail *trail
}

// ClaimDeliveries implements dispatch.Store.
func (s watchedStore) ClaimDeliveries(ctx context.Context, dept hub.DepartmentCode, now time.Time, n int, lease time.Duration) ([]hub.Delivery, error) {
	ds, err := s.Store.ClaimDeliveries(ctx, dept, now, n, lease)
	for i := range ds {
		s.trail.mark(claimed, string(ds[i].Alert.ID))
	}
	return ds, err
}

// A watchedAdder marks what has been filed.
type watchedAdder struct {
	dispatch.Adder
	trail *trail
}

// AddDeliveries implements dispatch.Adder.
func (a watchedAdder) AddDeliveries(ctx context.Context, alerts []hub.Alert, now time.Time) error {
	err := a.Adder.AddDeliveries(ctx, alerts, now)
	for i := range alerts {
		a.trail.mark(filed, string(alerts[i].ID))
	}
	return err
}
