package dispatch

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
)

// How many alerts Ahead files at once, and how many it remembers to have filed
// until the bus brings them.
const (
	aheadBatch = 500
	aheadKept  = 1 << 16
)

// Ahead (先行入库) files the alerts among out while they are on their way to
// the bus, so that a lane has them before the bus has written them to its disk
// and given them back. Record then passes over what this node filed itself.
//
// The relay of the outbox calls it, in the order of the outbox, and takes
// nothing away from there before it returned nil: so no alert overtakes an
// earlier one of its case that is still on the bus. It fails only when the
// store is away; an alert that the store refuses, or that cannot be read, comes
// to Record over the bus and becomes a dead letter there. It may be called
// again with the same messages.
func (i *Intake) Ahead(ctx context.Context, out []hub.Outgoing) error {
	for len(out) > 0 {
		n := min(len(out), aheadBatch)
		if err := i.fileAhead(ctx, out[:n]); err != nil {
			return fmt.Errorf("file %d alerts ahead of the bus: %w", n, err)
		}
		out = out[n:]
	}
	return nil
}

func (i *Intake) fileAhead(ctx context.Context, out []hub.Outgoing) error {
	alerts, ids := make([]hub.Alert, 0, len(out)), make([]string, 0, len(out))
	for _, o := range out {
		if a, err := readAlert(o.Payload); err == nil {
			alerts, ids = append(alerts, a), append(ids, o.ID)
		}
	}
	if len(alerts) == 0 {
		return nil
	}
	err := i.store.AddDeliveries(ctx, alerts, i.clock.Now())
	switch {
	case err == nil:
		i.filed.add(ids)
		i.tell(alerts)
		return nil
	case ctx.Err() != nil || hub.CodeOf(err) == hub.CodeUnavailable:
		return err
	case len(out) == 1:
		return nil // the bus brings it to Record, which says what is wrong
	}
	for k := range out {
		if err := i.fileAhead(ctx, out[k:k+1]); err != nil {
			return err
		}
	}
	return nil
}

// filed remembers the messages that were filed ahead, the last aheadKept of
// them. It is safe for concurrent use.
type filed struct {
	mu   sync.Mutex
	ids  map[string]bool
	ring []string // in the order of filing, from next on
	next int
}

func (f *filed) add(ids []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ids == nil {
		f.ids = map[string]bool{}
	}
	for _, id := range ids {
		f.ids[id] = true
		if len(f.ring) < aheadKept {
			f.ring = append(f.ring, id)
			continue
		}
		delete(f.ids, f.ring[f.next])
		f.ring[f.next], f.next = id, (f.next+1)%aheadKept
	}
}

// take reports whether a message was filed, and forgets it: one that comes a
// second time is filed like any other.
func (f *filed) take(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ids[id] {
		return false
	}
	delete(f.ids, id)
	return true
}

// Beside returns what the relay of the outbox publishes with: it files alerts
// ahead while publish is under way, and fails if either does.
func (i *Intake) Beside(ctx context.Context, publish func([]hub.Outgoing) error) func([]hub.Outgoing) error {
	return func(out []hub.Outgoing) error {
		if len(out) == 0 || !bus.IsAlerts(out[0].Topic) {
			return publish(out) // the messages of one call are of one topic
		}
		var both errgroup.Group
		both.Go(func() error { return i.Ahead(ctx, out) })
		both.Go(func() error { return publish(out) })
		return both.Wait()
	}
}
