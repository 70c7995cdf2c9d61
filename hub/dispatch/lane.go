package dispatch

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/mashang-hub/mashang/hub"
)

// A Lane (推送通道) delivers the alerts of one department, one call at a time.
type Lane struct {
	dept    hub.DepartmentCode
	store   Store
	to      Department
	clock   hub.Clock
	log     *slog.Logger
	opts    Options
	breaker *gobreaker.CircuitBreaker[[]hub.Receipt]
	wake    chan struct{}
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
	l.breaker = gobreaker.NewCircuitBreaker[[]hub.Receipt](gobreaker.Settings{
		Name:        string(dept),
		Timeout:     opts.Rest,
		ReadyToTrip: func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= opts.Failures },
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
	last := ""
	for ctx.Err() == nil {
		n, err := l.Step(ctx)
		if msg := errText(err); msg != last && ctx.Err() == nil {
			if err != nil {
				l.log.Error("deliver alerts", "err", err)
			}
			last = msg
		}
		if n > 0 && err == nil {
			continue // there may be more
		}
		l.wait(ctx)
	}
	return nil
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (l *Lane) wait(ctx context.Context) {
	t := time.NewTimer(l.opts.Poll)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-l.wake:
	case <-t.C:
	}
}

// Step claims one batch, delivers and settles it, and returns how many alerts
// it claimed. It claims nothing while the breaker is open.
func (l *Lane) Step(ctx context.Context) (int, error) {
	if l.Resting() {
		return 0, nil
	}
	start := l.clock.Now()
	lease := 2*l.opts.Timeout + 10*time.Second
	ds, err := l.store.ClaimDeliveries(ctx, l.dept, start, l.opts.Batch, lease)
	if err != nil {
		return 0, fmt.Errorf("claim deliveries: %w", err)
	}
	if len(ds) == 0 {
		return 0, nil
	}
	receipts, callErr := l.call(ctx, ds)
	if callErr != nil && ctx.Err() != nil {
		return len(ds), ctx.Err() // stopped in mid-call: the lease gives them back
	}
	// What was delivered is settled even when we are told to stop.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	now := l.clock.Now()
	l.judge(ctx, ds, receipts, callErr, start, now)
	if err := l.store.SettleDeliveries(ctx, l.dept, now, ds); err != nil {
		return len(ds), fmt.Errorf("settle deliveries: %w", err)
	}
	if callErr != nil {
		return len(ds), fmt.Errorf("call department: %w", callErr)
	}
	return len(ds), nil
}

func (l *Lane) call(ctx context.Context, ds []hub.Delivery) ([]hub.Receipt, error) {
	alerts := make([]hub.Alert, len(ds))
	for i, d := range ds {
		alerts[i] = d.Alert
	}
	return l.breaker.Execute(func() ([]hub.Receipt, error) {
		ctx, cancel := context.WithTimeout(ctx, l.opts.Timeout)
		defer cancel()
		return l.to.Deliver(ctx, alerts)
	})
}
