package dispatch

import (
	"context"
	"log/slog"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Planner knows when deliveries are due.
type Planner interface {
	// DueDeliveries returns which of depts have something due at now, and
	// when the next is due after that; zero if nothing waits.
	DueDeliveries(ctx context.Context, depts []hub.DepartmentCode, now time.Time) ([]hub.DepartmentCode, time.Time, error)
}

// A Waker (唤醒器) asks the store once for all lanes and wakes those that have
// something due, so that idle lanes need not ask. It sleeps until the next
// delivery is due, Every at the longest.
type Waker struct {
	Planner Planner
	Lanes   []*Lane
	Clock   hub.Clock
	Log     *slog.Logger
	Every   time.Duration // 5 s by default
}

// Run wakes lanes until ctx ends and then returns nil.
func (w *Waker) Run(ctx context.Context) error {
	byDept := make(map[hub.DepartmentCode]*Lane, len(w.Lanes))
	depts := make([]hub.DepartmentCode, len(w.Lanes))
	for i, l := range w.Lanes {
		byDept[l.dept], depts[i] = l, l.dept
	}
	setDuration(&w.Every, 5*time.Second)
	var h health
	for ctx.Err() == nil {
		now := w.Clock.Now()
		due, next, err := w.Planner.DueDeliveries(ctx, depts, now)
		if ctx.Err() == nil {
			h.note(w.Log, err)
		}
		for _, d := range due {
			byDept[d].Notify()
		}
		t := time.NewTimer(w.sleep(now, next, len(due) > 0 || err != nil))
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
	return nil
}

// sleep is the time to the next due delivery. Something that is due and still
// there, such as that of a paused lane, is asked for again after a second.
func (w *Waker) sleep(now, next time.Time, busy bool) time.Duration {
	d := w.Every
	if busy {
		d = min(d, time.Second)
	}
	if !next.IsZero() {
		d = min(d, max(next.Sub(now), time.Millisecond))
	}
	return d
}
