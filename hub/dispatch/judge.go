package dispatch

import (
	"context"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// maxRetryAfter bounds the wait that a department may ask for.
const maxRetryAfter = 24 * time.Hour

// judge writes into each delivery what became of it.
func (l *Lane) judge(ctx context.Context, ds []hub.Delivery, receipts []hub.Receipt, callErr error, start, now time.Time) {
	byAlert := make(map[hub.AlertID]*hub.Receipt, len(receipts))
	for i := range receipts {
		byAlert[receipts[i].Alert] = &receipts[i]
	}
	for i := range ds {
		r := byAlert[ds[i].Alert.ID]
		if callErr != nil {
			r = nil
		}
		l.judgeOne(ctx, &ds[i], r, callErr, start, now)
	}
}

func (l *Lane) judgeOne(ctx context.Context, d *hub.Delivery, r *hub.Receipt, callErr error, start, now time.Time) {
	result, wait := "", time.Duration(0)
	switch {
	case callErr != nil:
		result = callErr.Error()
	case r == nil:
		result = "no receipt"
	case r.Outcome == hub.Delivered:
		d.Status, d.NextAt, d.Receipt = hub.DeliveryDone, time.Time{}, r
		if err := l.feedBack(ctx, d.Alert, r, now); err == nil {
			d.Attempts = append(d.Attempts, attempt(d, start, now, string(hub.Delivered)))
			return
		} else { // tell the hub again: the department knows the alert by its id
			result = "feedback: " + err.Error()
		}
	case r.Outcome == hub.NotTried:
		d.NextAt = start
		if r.RetryAfter > 0 {
			d.NextAt = now.Add(min(r.RetryAfter, maxRetryAfter))
		}
		return
	case r.Outcome == hub.Gone: // kept for the day when the lane is resumed
		d.Receipt, d.NextAt, d.Status = r, now, hub.DeliveryPending
		d.Attempts = append(d.Attempts, attempt(d, start, now, orElse(r.Reason, string(hub.Gone))))
		return
	case r.Outcome == hub.Refused && r.Suggest != "" && d.Alert.Event == hub.Assigned:
		if result = l.sendBack(ctx, d.Alert, r, now); result == "" { // answered: nothing is left to push
			d.Status, d.NextAt, d.Receipt = hub.DeliveryDone, time.Time{}, r
			d.Attempts = append(d.Attempts, attempt(d, start, now, orElse(r.Reason, string(hub.Refused))))
			return
		}
	case r.Outcome == hub.Refused:
		d.Status, d.NextAt, d.Receipt = hub.DeliveryDead, time.Time{}, r
		d.Attempts = append(d.Attempts, attempt(d, start, now, orElse(r.Reason, string(hub.Refused))))
		return
	default:
		d.Receipt = r
		result, wait = orElse(r.Reason, string(hub.RetryLater)), min(r.RetryAfter, maxRetryAfter)
	}
	d.Attempts = append(d.Attempts, attempt(d, start, now, result))
	l.again(d, wait, now)
}

// again plans the next attempt of d, or gives it up after the last one.
func (l *Lane) again(d *hub.Delivery, wait time.Duration, now time.Time) {
	n := d.Attempts[len(d.Attempts)-1].N - d.Base
	if n >= len(l.opts.Schedule) {
		d.Status, d.NextAt = hub.DeliveryDead, time.Time{}
		return
	}
	if wait <= 0 {
		wait = l.opts.Schedule[n]
		if l.opts.Jitter != nil {
			wait += time.Duration((l.opts.Jitter()*2 - 1) * 0.1 * float64(wait))
		}
	}
	d.Status, d.NextAt = hub.DeliveryPending, now.Add(wait)
}

// sendBack reports an assignment that the department refused in favour of
// another as sent back (退单), with an id that stays the same over retries. It
// returns why the hub does not have it, "" if it has.
func (l *Lane) sendBack(ctx context.Context, a hub.Alert, r *hub.Receipt, now time.Time) string {
	err := l.Report(ctx, hub.Update{
		ID: string(a.ID) + ":sent_back", Department: l.dept, Case: a.Case,
		Step: hub.SentBack, Text: orElse(r.Reason, string(hub.Refused)), Suggest: r.Suggest, At: now,
	})
	if err != nil {
		return "feedback: " + err.Error()
	}
	return ""
}

// feedBack hands a critical receipt on as an update whose id stays the same
// over retries.
func (l *Lane) feedBack(ctx context.Context, a hub.Alert, r *hub.Receipt, now time.Time) error {
	switch a.Event { //nolint:exhaustive // the rest tells of one case
	case hub.Gathered, hub.Digested, hub.Endpoint:
		return nil
	}
	if !r.Critical {
		return nil
	}
	return l.Report(ctx, hub.Update{
		ID: string(a.ID) + ":critical", Department: l.dept, Case: a.Case,
		Step: hub.Escalated, Text: r.Reason, At: now,
	})
}

// Report passes what the department reports on its own to Feedback. The
// department of u is always that of the lane: no plugin speaks for another.
func (l *Lane) Report(ctx context.Context, u hub.Update) error {
	if l.opts.Feedback == nil {
		return nil
	}
	u.Department = l.dept
	if u.At.IsZero() {
		u.At = l.clock.Now()
	}
	return l.opts.Feedback(ctx, u)
}

func attempt(d *hub.Delivery, start, now time.Time, result string) hub.Attempt {
	n := 1
	if k := len(d.Attempts); k > 0 {
		n = d.Attempts[k-1].N + 1
	}
	return hub.Attempt{N: n, At: start, Took: now.Sub(start), Result: result}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
