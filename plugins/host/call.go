package host

import (
	"context"
	"fmt"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/grpc"
)

// The limits of one call.
const (
	maxAlerts = 256
	maxBytes  = 1 << 20
)

// Deliver hands alerts to the department, in calls of at most 256 alerts or
// 1 MiB, and returns one receipt per alert, in their order. It fails with
// hub.CodeUnavailable while the process is down or when it does not answer in
// time; the receipts returned with an error are of the calls before it.
func (p *Plugin) Deliver(ctx context.Context, alerts []hub.Alert) ([]hub.Receipt, error) {
	receipts := make([]hub.Receipt, 0, len(alerts))
	for len(alerts) > 0 {
		n := fit(alerts)
		got, err := p.deliver(ctx, alerts[:n])
		if err != nil {
			return receipts, err
		}
		receipts = append(receipts, match(alerts[:n], got)...)
		alerts = alerts[n:]
	}
	return receipts, nil
}

func (p *Plugin) deliver(ctx context.Context, alerts []hub.Alert) ([]hub.Receipt, error) {
	dept, leave := p.enter()
	defer leave()
	if dept == nil {
		return nil, hub.Errorf(hub.CodeUnavailable, "plugin.down", string(p.department))
	}
	ctx, cancel := context.WithTimeout(ctx, p.timing.Call)
	defer cancel()
	receipts, err := dept.Deliver(ctx, alerts)
	if err != nil {
		return nil, fmt.Errorf("deliver %d alerts to %s: %w", len(alerts), p.department, err)
	}
	return receipts, nil
}

// fit returns how many of alerts go into one call: at least one.
func fit(alerts []hub.Alert) int {
	size := 0
	for i := range alerts {
		size += grpc.Bound(&alerts[i])
		if i == maxAlerts || i > 0 && size > maxBytes {
			return i
		}
	}
	return len(alerts)
}

// match puts receipts in the order of alerts. An alert without a valid receipt
// is to be tried again.
func match(alerts []hub.Alert, receipts []hub.Receipt) []hub.Receipt {
	by := make(map[hub.AlertID]hub.Receipt, len(receipts))
	for _, r := range receipts {
		by[r.Alert] = r
	}
	out := make([]hub.Receipt, len(alerts))
	for i, a := range alerts {
		r, ok := by[a.ID]
		switch r.Outcome {
		case hub.Delivered, hub.RetryLater, hub.Refused, hub.Gone, hub.NotTried:
		default:
			ok = false
		}
		if !ok {
			r = hub.Receipt{Alert: a.ID, Outcome: hub.RetryLater, Reason: "plugin gave no receipt"}
		}
		out[i] = r
	}
	return out
}

// Updates hands what the department reports to handle, over all restarts of the
// process, until ctx ends; it returns nil then. handle returns nil once the
// update is durable, a hub.Error with CodeUnavailable to get it again, and
// another error to have it dropped. Department is always that of the plugin,
// whatever the plugin said.
func (p *Plugin) Updates(ctx context.Context, handle func(hub.Update) error) error {
	for ctx.Err() == nil {
		dept, changed := p.current()
		if dept != nil {
			err := dept.Updates(ctx, func(u hub.Update) error {
				u.Department = p.department
				return handle(u)
			})
			if err != nil && ctx.Err() == nil {
				p.log.Debug("updates ended", "error", err)
			}
		}
		// Until another process runs, or for a while if this one still does.
		again := time.NewTimer(p.timing.BackOff)
		if dept == nil {
			again.Stop()
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-again.C:
		}
		again.Stop()
	}
	return nil
}

// Health asks the running process how the department is.
func (p *Plugin) Health(ctx context.Context) error {
	dept, leave := p.enter()
	defer leave()
	if dept == nil {
		return hub.Errorf(hub.CodeUnavailable, "plugin.down", string(p.department))
	}
	ctx, cancel := context.WithTimeout(ctx, p.timing.Health)
	defer cancel()
	return dept.Health(ctx)
}
