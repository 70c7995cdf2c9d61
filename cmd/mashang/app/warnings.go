package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/oklog/run"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/postgres/warnings"
	"github.com/mashang-hub/mashang/hub/warning"
	"github.com/mashang-hub/mashang/hub/web/frame"
	pages "github.com/mashang-hub/mashang/hub/web/warnings"
)

// earlyWarning adds the watch that reads what happens to cases, and the loop
// that ends warnings when they are quiet.
func (a *App) earlyWarning(ctx context.Context, g *run.Group) error {
	if len(a.city.Warnings) == 0 {
		return nil
	}
	reader := warning.NewReader(func(p hub.PlaceCode) string { return a.places[p].Name })
	watch, err := warning.New(warnings.New(a.db), a.city.Warnings, reader, bus.Alerts, a.clock, a.log)
	if err != nil {
		return err
	}
	a.warnings = watch
	a.consume(ctx, g, "mashang.warning", []string{bus.Events}, func(ctx context.Context, msgs []*message.Message) error {
		events, err := openings(msgs)
		if err != nil {
			return err
		}
		return watch.See(ctx, events)
	})
	actor(ctx, g, watch.Run)
	return nil
}

// openings decodes the events that give a case its topic and passes over all
// others unread: they are most of the traffic.
func openings(msgs []*message.Message) ([]hub.Event, error) {
	var events []hub.Event
	for _, m := range msgs {
		if !bytes.Contains(m.Payload[:min(len(m.Payload), 200)], []byte(`"mashang.case.assigned.v1"`)) &&
			!bytes.Contains(m.Payload[:min(len(m.Payload), 200)], []byte(`"mashang.case.queued.v1"`)) {
			continue
		}
		var envelope struct {
			Data hub.Event `json:"data"`
		}
		if err := json.Unmarshal(m.Payload, &envelope); err != nil {
			return nil, fmt.Errorf("decode event %s: %w", m.UUID, err)
		}
		events = append(events, envelope.Data)
	}
	return events, nil
}

// closeWarning ends a warning by hand.
func (a *App) closeWarning(ctx context.Context, id, by, why string) (warning.Warning, error) {
	if a.warnings == nil {
		return warning.Warning{}, hub.Errorf(hub.CodeConflict, "warning.off")
	}
	return a.warnings.Close(ctx, id, by, why)
}

// warningPages are the pages of early warnings.
func (a *App) warningPages(names frame.Names) pages.Config {
	return pages.Config{
		Names: names, Clock: a.clock, Store: warnings.New(a.db), Case: a.records().Case, Close: a.closeWarning,
		Policy: func(topic string) (warning.Policy, bool) {
			if a.warnings == nil {
				return warning.Policy{}, false
			}
			return a.warnings.Policy(topic)
		},
	}
}
