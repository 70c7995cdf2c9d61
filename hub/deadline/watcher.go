// Package deadline watches the clocks of cases and tells each case when one of
// them reaches its time (时限): a warning, an overrun, the next rung of the
// ladder (七级责任链), a reminder, the end of a wait, the archive.
//
// What then happens is decided by hub.Decide, in the transaction that takes the
// clock off the list; so each step takes effect exactly once, whichever node
// fires it, and what fell due while the hub was down fires on start, oldest
// first. The package refuses to know how clocks are stored or how anybody is
// told. Start with [Watcher].
package deadline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// Batch is how many clocks one transaction fires at most. Larger ones would
// wait for the disk less often, but hold their cases for longer.
const Batch = 500

const (
	// pause is how long the watcher rests when nothing is due.
	pause = 500 * time.Millisecond
	// sweep is how often the watcher looks below its low-water mark too. A
	// clock may be set below it, as when a backlog is taken in late; no step
	// may take effect more than 5 seconds late.
	sweep = 4 * time.Second
)

// A DecideFunc decides what a case does when its clock kind reaches its time.
// It returns the case after the events, the events and what is to be sent. No
// events mean that the clock has been moved or closed since. It must be called
// at most once for each clock of a transaction that commits.
type DecideFunc = func(c hub.Case, kind hub.DeadlineKind, epoch int) (hub.Case, []hub.Event, []hub.Outgoing, error)

// A Store holds the open clocks of all cases. It is safe for concurrent use, by
// several nodes too.
type Store interface {
	// FireDue takes at most n clocks whose time is not after now and not
	// before low, oldest first, skipping those that another node is firing.
	// For each it locks the case, asks decide, and writes case, events, clocks
	// and outgoing messages together with the removal of the clock. A clock
	// without events is removed all the same. It returns how many clocks it
	// took and the time of the last. A count beside an error means that the
	// others were saved and the clocks named in the error rest for a while;
	// no count means that nothing was saved. Calling again is safe.
	FireDue(ctx context.Context, now, low time.Time, n int, decide func(c hub.Case, kind hub.DeadlineKind, epoch int) (hub.Case, []hub.Event, []hub.Outgoing, error)) (fired int, last time.Time, err error)
}

// A FactsFunc gathers what Decide may know about c at now. It is asked under the
// lock of the case.
type FactsFunc = func(ctx context.Context, c hub.Case, now time.Time) (hub.Facts, error)

// A KnowFunc returns the FactsFunc of one transaction. What that one learns may
// be kept until the transaction ends and no longer: who holds a post must be
// right when a rung is told.
type KnowFunc = func() FactsFunc

// An OutFunc lists the messages that events, applied to c already, give rise
// to.
type OutFunc = func(c hub.Case, events []hub.Event) []hub.Outgoing

// A Watcher (时限守望) fires clocks as they fall due. Run and Tick must not be
// called at the same time; several nodes may each run one.
type Watcher struct {
	store Store
	know  KnowFunc
	out   OutFunc
	clock hub.Clock
	log   *slog.Logger

	low   time.Time // nothing due before it when last looked
	swept time.Time

	mu     sync.Mutex // guards looked and hold
	looked time.Time
	hold   Hold
}

// New returns a Watcher; nothing is started.
func New(store Store, know KnowFunc, out OutFunc, clock hub.Clock, log *slog.Logger) *Watcher {
	return &Watcher{store: store, know: know, out: out, clock: clock, log: log}
}

// Run fires clocks until ctx ends, and then returns nil. An error of the store
// is logged when it changes, and the clocks are tried again.
func (w *Watcher) Run(ctx context.Context) error {
	said := ""
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		_, err := w.Tick(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && err.Error() != said:
			said = err.Error()
			w.log.ErrorContext(ctx, "deadlines stand still", "err", err)
		case err == nil && said != "":
			said = ""
			w.log.InfoContext(ctx, "deadlines run again")
		}
		timer.Reset(pause)
	}
}

// Tick fires all that is due now, oldest first, and returns how many clocks it
// took. It takes none while the clock is not to be relied on, see [Hold]. It is
// legal after an error.
func (w *Watcher) Tick(ctx context.Context) (fired int, err error) {
	now := w.clock.Now()
	if !w.look(ctx, now) {
		return 0, nil
	}
	if now.Sub(w.swept) >= sweep || now.Before(w.swept) {
		w.low, w.swept = time.Time{}, now
	}
	var errs []error
	for {
		n, last, err := w.store.FireDue(ctx, now, w.low, Batch, w.decide(ctx, now))
		fired += n
		if err != nil {
			w.swept = time.Time{} // what was not taken may lie below the mark
			errs = append(errs, err)
		}
		if n > 0 {
			w.low = last
		}
		if n < Batch {
			return fired, errors.Join(errs...)
		}
	}
}

// decide returns the DecideFunc for one transaction at now.
func (w *Watcher) decide(ctx context.Context, now time.Time) DecideFunc {
	ask := w.know()
	return func(c hub.Case, kind hub.DeadlineKind, epoch int) (hub.Case, []hub.Event, []hub.Outgoing, error) {
		facts, err := ask(ctx, c, now)
		if err != nil {
			return c, nil, nil, fmt.Errorf("facts of case %s: %w", c.ID, err)
		}
		cmd := hub.Fire{By: hub.By{Actor: hub.System()}, Clock: kind, Epoch: epoch}
		events, err := hub.Decide(c, cmd, facts, now)
		if err != nil {
			return c, nil, nil, fmt.Errorf("fire %s of case %s: %w", kind, c.ID, err)
		}
		if len(events) == 0 {
			return c, nil, nil, nil
		}
		for _, e := range events {
			c = hub.Apply(c, e)
		}
		return c, events, w.out(c, events), nil
	}
}
