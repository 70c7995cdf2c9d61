// Package labor is the plugin of the labour inspection (劳动监察): it reads who
// owes wages, to how many, how much and for how long, and asks for the third
// rung at once when many workers or a gathering are at stake.
//
// It refuses to judge who is right. Start with New.
package labor

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync/atomic"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// A Config is the configuration of the plugin.
type Config struct {
	webhook.Config
	// CriticalWorkers is the number of workers from which on a case is
	// critical: 30.
	CriticalWorkers int `json:"critical_workers"`
}

// Default returns the usual configuration.
func Default() Config { return Config{CriticalWorkers: 30} }

// Validate says the first thing that is wrong.
func (c Config) Validate() error {
	if c.CriticalWorkers < 1 {
		return hub.Errorf(hub.CodeInvalid, "labor.critical_workers", "want at least 1")
	}
	return c.Config.Validate()
}

// Department is the labour inspection.
type Department struct {
	clock  hub.Clock
	log    *slog.Logger
	reader *reader
	set    atomic.Pointer[setup]
}

// setup is what Configure leaves.
type setup struct {
	link     *webhook.Link
	critical int
}

// New returns the department, to be configured.
func New(clock hub.Clock, log *slog.Logger) *Department {
	return &Department{clock: clock, log: log, reader: newReader()}
}

// Configure takes a Config.
func (d *Department) Configure(_ context.Context, raw json.RawMessage) error {
	config := Default()
	if err := webhook.Decode(raw, &config); err != nil {
		return err
	}
	if err := config.Validate(); err != nil {
		return err
	}
	link, err := webhook.NewLink(config.Config, d.clock, d.log)
	if err != nil {
		return err
	}
	d.set.Store(&setup{link, config.CriticalWorkers})
	return nil
}

// Deliver reads the alerts and passes them on.
func (d *Department) Deliver(ctx context.Context, alerts []hub.Alert) ([]hub.Receipt, error) {
	set := d.set.Load()
	items := make([]webhook.Item, len(alerts))
	for i, a := range alerts {
		items[i] = webhook.Item{Alert: a, Reading: d.reader.read(a.Content, set.critical)}
	}
	return set.link.Push(ctx, items), nil
}

// Updates hands over what the department's system answered.
func (d *Department) Updates(ctx context.Context, send func(hub.Update) error) error {
	return d.set.Load().link.Updates(ctx, send)
}

// Health is good once configured.
func (d *Department) Health(context.Context) error {
	if d.set.Load() == nil {
		return hub.Errorf(hub.CodeUnavailable, "plugin.not_configured")
	}
	return nil
}
