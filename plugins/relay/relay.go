// Package relay is the department plugin for every department without logic of
// its own: it passes alerts on by signed webhook, group robot, e-mail, short
// message, Kafka topic, table or folder, or takes them as they come when the
// department reads its cases in the console.
//
// It refuses to read the text. Start with New; [Kind] lists the ways.
package relay

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"sync/atomic"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// Department relays.
type Department struct {
	clock hub.Clock
	log   *slog.Logger
	way   atomic.Pointer[way]
	// understand reads answers in people's own words; nil reads none.
	understand webhook.Understand
}

// A way is how this department is reached: by link, or by send.
type way struct {
	link *webhook.Link
	send sender
}

// New returns a relay that waits for its configuration.
func New(clock hub.Clock, log *slog.Logger) *Department {
	return &Department{clock: clock, log: log}
}

// Understand has d read answers that name no step, and returns d, which is not
// configured yet.
func (d *Department) Understand(f webhook.Understand) *Department {
	d.understand = f
	return d
}

// Configure takes the configuration of a kind; without "kind" it is a
// webhook.Config.
func (d *Department) Configure(_ context.Context, raw json.RawMessage) error {
	kind, rest, err := kindOf(raw)
	if err != nil {
		return err
	}
	w := &way{}
	if kind == Webhook {
		var config webhook.Config
		if err := webhook.Decode(rest, &config); err != nil {
			return err
		}
		if w.link, err = webhook.NewLink(config, d.clock, d.log); err == nil {
			w.link.Understand(d.understand)
		}
	} else {
		w.send, err = open(kind, rest, d.clock)
	}
	if err != nil {
		return err
	}
	if old := d.way.Swap(w); old != nil && old.send != nil {
		return old.send.Close()
	}
	return nil
}

// Deliver passes alerts on.
func (d *Department) Deliver(ctx context.Context, alerts []hub.Alert) ([]hub.Receipt, error) {
	items := make([]webhook.Item, len(alerts))
	for i, a := range alerts {
		items[i].Alert = a
	}
	return d.Push(ctx, items), nil
}

// Push passes on alerts with what was read from them, and returns a receipt
// with it for each.
func (d *Department) Push(ctx context.Context, items []webhook.Item) []hub.Receipt {
	w := d.way.Load()
	if w.send == nil {
		return w.link.Push(ctx, items)
	}
	if len(items) == 0 {
		return nil
	}
	alerts := make([]hub.Alert, len(items))
	for i, it := range items {
		alerts[i] = it.Alert
	}
	receipts := w.send.Send(ctx, alerts)
	for i, it := range items {
		r := &receipts[i]
		r.Facts, r.Group, r.Critical = it.Reading.Facts, it.Reading.Group, it.Reading.Critical
		r.Reason = cmp.Or(r.Reason, it.Reading.Reason)
	}
	return receipts
}

// Updates hands over what the department's system answered. Only a webhook
// answers; the others' people use the link in the message.
func (d *Department) Updates(ctx context.Context, send func(hub.Update) error) error {
	if w := d.way.Load(); w.link != nil {
		return w.link.Updates(ctx, send)
	}
	<-ctx.Done()
	return nil
}

// Health is good once configured.
func (d *Department) Health(context.Context) error {
	if d.way.Load() == nil {
		return hub.Errorf(hub.CodeUnavailable, "plugin.not_configured")
	}
	return nil
}
