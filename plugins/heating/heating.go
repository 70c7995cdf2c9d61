// Package heating is the plugin of the heating office (供热部门): it reads where
// the heating fails, files reports under the compound or heat station, and sees
// when many reports of one place mean an outage.
//
// It refuses to decide deadlines. Start with New.
package heating

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/reading"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// A Config is the configuration of the plugin.
type Config struct {
	webhook.Config
	// OutageReports is how many cases of one place are an outage: 5.
	OutageReports int `json:"outage_reports"`
	// WindowMinutes is the time within which they are counted: 60.
	WindowMinutes int `json:"window_minutes"`
}

// Default returns the usual configuration.
func Default() Config { return Config{OutageReports: 5, WindowMinutes: 60} }

// Validate says the first thing that is wrong.
func (c Config) Validate() error {
	if c.OutageReports < 2 || c.WindowMinutes < 1 {
		return hub.Errorf(hub.CodeInvalid, "heating.outage", "want outage_reports ≥ 2 and window_minutes ≥ 1")
	}
	return c.Config.Validate()
}

// Department is the heating office.
type Department struct {
	clock    hub.Clock
	log      *slog.Logger
	patterns *patterns
	set      atomic.Pointer[setup]
}

// setup is what Configure leaves.
type setup struct {
	link   *webhook.Link
	counts *counts
}

// New returns the department, to be configured.
func New(clock hub.Clock, log *slog.Logger) *Department {
	return &Department{clock: clock, log: log, patterns: newPatterns()}
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
	window := time.Duration(config.WindowMinutes) * time.Minute
	d.set.Store(&setup{link, newCounts(window, config.OutageReports)})
	return nil
}

// Deliver reads the alerts and passes them on.
func (d *Department) Deliver(ctx context.Context, alerts []hub.Alert) ([]hub.Receipt, error) {
	set := d.set.Load()
	items := make([]webhook.Item, len(alerts))
	for i, a := range alerts {
		items[i] = webhook.Item{Alert: a, Reading: d.read(set.counts, a)}
	}
	return set.link.Push(ctx, items), nil
}

// read reads one alert; one without the citizen's words has nothing to read.
func (d *Department) read(counts *counts, a hub.Alert) hub.Receipt {
	if a.Content.Title == "" && a.Content.Text == "" {
		return hub.Receipt{}
	}
	text := reading.Text(a.Content)
	facts := map[string]string{}
	place := d.patterns.Place(text)
	place.Facts(facts)
	d.patterns.heat(text, facts)
	r := hub.Receipt{Facts: facts, Group: group(place)}
	for _, key := range []string{place.Compound, place.Station} {
		if key != "" && counts.add(key, a.Case, a.At) {
			facts["outage"] = "true"
		}
	}
	return r
}

// group is the heat station, or the compound and building.
func group(p reading.Place) string {
	switch {
	case p.Station != "":
		return p.Station
	case p.Compound != "" && p.Building != "":
		return p.Compound + p.Building + "号楼"
	}
	return p.Compound
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

// join makes one fact of several words.
func join(words []string) string { return strings.Join(words, "、") }
