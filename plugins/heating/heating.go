// Package heating is being written.
// its own: it passes alerts on by signed webhook, or takes them as they come
// when the department reads its cases in the console.
//
// It refuses to read the text. Start with New.
package heating

import (
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
	link  atomic.Pointer[webhook.Link]
}

// New returns a relay that waits for its configuration.
func New(clock hub.Clock, log *slog.Logger) *Department {
	return &Department{clock: clock, log: log}
}

// Configure takes a webhook.Config.
func (d *Department) Configure(_ context.Context, raw json.RawMessage) error {
	var config webhook.Config
	if err := webhook.Decode(raw, &config); err != nil {
		return err
	}
	link, err := webhook.NewLink(config, d.clock, d.log)
	if err != nil {
		return err
	}
	d.link.Store(link)
	return nil
}

// Deliver passes alerts on.
func (d *Department) Deliver(ctx context.Context, alerts []hub.Alert) ([]hub.Receipt, error) {
	items := make([]webhook.Item, len(alerts))
	for i, a := range alerts {
		items[i].Alert = a
	}
	return d.link.Load().Push(ctx, items), nil
}

// Updates hands over what the department's system answered.
func (d *Department) Updates(ctx context.Context, send func(hub.Update) error) error {
	return d.link.Load().Updates(ctx, send)
}

// Health is good once configured.
func (d *Department) Health(context.Context) error {
	if d.link.Load() == nil {
		return hub.Errorf(hub.CodeUnavailable, "plugin.not_configured")
	}
	return nil
}
