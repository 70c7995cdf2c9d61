package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/mashang-hub/mashang/hub"
)

// What a turn may end with beside success.
var (
	errIdle    = errors.New("nothing is due")
	errRefused = errors.New("every alert is to be tried again")
	errHeld    = errors.New("no alert was tried")
)

// A downError says that the department's process is not there: nothing was
// tried.
type downError struct{ err error }

func (e *downError) Error() string { return "department is down: " + e.err.Error() }
func (e *downError) Unwrap() error { return e.err }

func isDown(err error) bool {
	_, down := errors.AsType[*downError](err)
	return down
}

// A storeError is the store's fault, not the department's.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// nothingLearnt reports whether err says nothing about the department.
func nothingLearnt(err error) bool {
	_, store := errors.AsType[*storeError](err)
	return store || isDown(err) || errors.Is(err, errIdle) || errors.Is(err, errHeld) || errors.Is(err, context.Canceled)
}

// Step claims one batch, delivers and settles it, and returns how many alerts
// it claimed. It claims nothing while the breaker is open, and one alert while
// it is only tried whether the department or its process is back.
func (l *Lane) Step(ctx context.Context) (int, error) {
	n, err := l.breaker.Execute(func() (int, error) { return l.turn(ctx) })
	switch {
	case errors.Is(err, errIdle), errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return 0, nil
	case errors.Is(err, errRefused), errors.Is(err, errHeld):
		return n, nil // each alert has its next time
	}
	return n, err
}

func (l *Lane) turn(ctx context.Context) (int, error) {
	start, batch := l.clock.Now(), l.opts.Batch
	if l.probed.Load() || l.breaker.State() == gobreaker.StateHalfOpen {
		batch = 1
	}
	lease := 2*l.opts.Timeout + 10*time.Second
	ds, err := l.store.ClaimDeliveries(ctx, l.dept, start, batch, lease)
	if err != nil {
		return 0, &storeError{fmt.Errorf("claim deliveries: %w", err)}
	}
	if len(ds) == 0 {
		return 0, errIdle
	}
	if len(ds) == batch {
		l.Notify() // another call may take the rest
	}
	receipts, callErr := l.call(ctx, ds)
	if callErr != nil && ctx.Err() != nil {
		return len(ds), ctx.Err() // stopped in mid-call: the lease gives them back
	}
	// What was delivered is settled even when we are told to stop.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return len(ds), l.settle(ctx, ds, receipts, callErr, start)
}

// settle writes what became of ds and says what it means for the breaker.
func (l *Lane) settle(ctx context.Context, ds []hub.Delivery, receipts []hub.Receipt, callErr error, start time.Time) error {
	now := l.clock.Now()
	if isDown(callErr) {
		for i := range ds {
			ds[i].NextAt = start // nothing was tried: due as before
		}
	} else {
		l.judge(ctx, ds, receipts, callErr, start, now)
	}
	if err := l.store.SettleDeliveries(ctx, l.dept, now, ds); err != nil {
		return &storeError{fmt.Errorf("settle deliveries: %w", err)}
	}
	if callErr != nil {
		return fmt.Errorf("call department: %w", callErr)
	}
	return l.verdict(ctx, ds, receipts, now)
}

// verdict looks at a whole call: it disables the lane of an endpoint that is
// gone, raises and ends the alarm, and counts a call that brought nothing.
func (l *Lane) verdict(ctx context.Context, ds []hub.Delivery, receipts []hub.Receipt, now time.Time) error {
	taken, failed, held, reason := 0, 0, 0, ""
	for _, r := range receipts {
		switch r.Outcome {
		case hub.Gone:
			return l.disable(ctx, r.Reason, now)
		case hub.RetryLater:
			failed, reason = failed+1, r.Reason
		case hub.Delivered, hub.Refused:
			taken++
		case hub.NotTried:
			held++
		}
	}
	if held == len(ds) {
		return errHeld
	}
	if a, tell := l.health.count(taken, failed, reason, l.opts.AlarmAfter); tell {
		l.alarm(ctx, a, now)
	}
	if taken == 0 && len(ds) > 0 {
		return errRefused
	}
	return nil
}

// disable stops the lane until a person resumes it.
func (l *Lane) disable(ctx context.Context, reason string, now time.Time) error {
	err := l.store.SetLane(ctx, hub.Lane{
		Department: l.dept, Status: hub.LaneDisabled, Reason: orElse(reason, string(hub.Gone)), By: "hub", Since: now,
	})
	if err != nil {
		return &storeError{fmt.Errorf("disable the lane: %w", err)}
	}
	l.alarm(ctx, Alarm{State: EndpointGone, Reason: reason}, now)
	return errRefused
}

func (l *Lane) alarm(ctx context.Context, a Alarm, now time.Time) {
	a.Department, a.At = l.dept, now
	l.log.Warn("endpoint", "state", string(a.State), "failures", a.Failures, "err", a.Reason)
	if l.opts.Alarm != nil {
		l.opts.Alarm(ctx, a)
	}
}

// call returns the receipts. A process that is not there is a downError; one
// that gives no answer in time is a failed attempt.
func (l *Lane) call(ctx context.Context, ds []hub.Delivery) ([]hub.Receipt, error) {
	alerts := make([]hub.Alert, len(ds))
	for i, d := range ds {
		alerts[i] = d.Alert
		if l.opts.Prepare != nil {
			l.opts.Prepare(&alerts[i])
		}
	}
	ctx, cancel := context.WithTimeout(ctx, l.opts.Timeout)
	defer cancel()
	receipts, err := l.to.Deliver(ctx, alerts)
	if hub.CodeOf(err) == hub.CodeUnavailable && ctx.Err() == nil {
		return nil, &downError{err}
	}
	return receipts, err
}
