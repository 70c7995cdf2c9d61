// Package housing is the plugin of the housing office (住建部门): it tells
// property management, building quality, title and resettlement apart, and
// files reports by compound.
//
// It refuses to judge a dispute. Start with New.
package housing

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync/atomic"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/reading"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// Department is the housing office.
type Department struct {
	clock    hub.Clock
	log      *slog.Logger
	patterns *reading.Patterns
	link     atomic.Pointer[webhook.Link]
}

// New returns the department, to be configured.
func New(clock hub.Clock, log *slog.Logger) *Department {
	return &Department{clock: clock, log: log, patterns: reading.NewPatterns()}
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

// Deliver reads the alerts and passes them on.
func (d *Department) Deliver(ctx context.Context, alerts []hub.Alert) ([]hub.Receipt, error) {
	items := make([]webhook.Item, len(alerts))
	for i, a := range alerts {
		items[i] = webhook.Item{Alert: a, Reading: read(d.patterns, a.Content)}
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
