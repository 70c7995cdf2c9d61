package dispatch

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/mashang-hub/mashang/hub"
)

// A Lane (推送通道) delivers the alerts of one department, a few calls at the
// same time. The claim keeps the order per case over all of them.
type Lane struct {
	dept    hub.DepartmentCode
	store   Store
	to      Department
	clock   hub.Clock
	log     *slog.Logger
	opts    Options
	breaker *gobreaker.CircuitBreaker[int]
	wake    chan struct{}
	health  health
	probed  atomic.Bool // a worker is looking whether the process is back
}

// New returns the lane of dept; it does nothing before Run.
func New(dept hub.DepartmentCode, store Store, d Department, clock hub.Clock, log *slog.Logger, opts Options) *Lane {
	opts = opts.withDefaults()
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	l := &Lane{
		dept: dept, store: store, to: d, clock: clock, opts: opts,
		log:  log.With("department", string(dept)),
		wake: make(chan struct{}, 1),
	}
	l.breaker = gobreaker.NewCircuitBreaker[int](gobreaker.Settings{
		Name:         string(dept),
		Timeout:      opts.Rest,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= opts.Failures },
		IsSuccessful: func(err error) bool { return err == nil },
		IsExcluded:   nothingLearnt,
		OnStateChange: func(_ string, from, to gobreaker.State) {
			l.log.Warn("breaker changed", "from", from.String(), "to", to.String())
		},
	})
	return l
}

// Department returns whose lane l is.
func (l *Lane) Department() hub.DepartmentCode { return l.dept }

// Resting reports whether the breaker keeps l from calling its department.
func (l *Lane) Resting() bool { return l.breaker.State() == gobreaker.StateOpen }

// Notify tells l that there may be something to deliver. It never blocks and
// is safe for concurrent use.
func (l *Lane) Notify() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends and then returns nil. Errors of store and
// department are logged when they change, and tried again.
func (l *Lane) Run(ctx context.Context) error {
	var calls sync.WaitGroup
	for range l.opts.Calls {
		calls.Go(func() { l.work(ctx) })
	}
	calls.Wait()
	return nil
}

// work takes turns until ctx ends. A turn that found a full batch calls the
// next worker in, so that an idle lane costs one.
func (l *Lane) work(ctx context.Context) {
	probing := false // this worker looks whether the process is back
	for ctx.Err() == nil {
		if !probing && l.probed.Load() {
			l.wait(ctx, l.opts.Poll) // another worker looks, and calls in the rest
			continue
		}
		n, err := l.Step(ctx)
		if ctx.Err() == nil {
			l.health.note(l.log, err)
		}
		if probing && !isDown(err) {
			probing = false
			l.probed.Store(false)
		}
		if n >= l.opts.Batch && err == nil {
			continue // there are probably more
		}
		if isDown(err) && l.probed.CompareAndSwap(false, true) {
			probing = true
		}
		l.wait(ctx, l.pause(n, err, probing))
	}
}

// shortly is when a lane looks again that found some, but not a full batch:
// others of the same cases may have waited behind them. What is new is notified.
const shortly = 25 * time.Millisecond

// pause is how long to wait after a turn that brought n, unless it was a batch.
func (l *Lane) pause(n int, err error, probing bool) time.Duration {
	switch {
	case probing:
		return min(l.opts.Poll, 200*time.Millisecond)
	case l.Resting():
		return min(l.opts.Poll, l.opts.Rest+time.Millisecond)
	case err != nil && !isDown(err):
		return min(l.opts.Poll, time.Second)
	case n > 0:
		return min(l.opts.Poll, shortly)
	}
	return l.opts.Poll
}

func (l *Lane) wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-l.wake:
	case <-t.C:
	}
}
