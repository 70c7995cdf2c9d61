package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/oklog/run"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/all"
	"github.com/mashang-hub/mashang/adapters/lint"
	"github.com/mashang-hub/mashang/cmd/mashang/channels"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
	"github.com/mashang-hub/mashang/hub/intake"
	"github.com/mashang-hub/mashang/hub/petition"
	"github.com/mashang-hub/mashang/hub/postgres/channel"
	"github.com/mashang-hub/mashang/hub/postgres/lease"
)

// channels opens the city's channels, mounts them and adds their loops.
func (a *App) channels(ctx context.Context, g *run.Group, mux *http.ServeMux, printed codes, in adapters.Intake) (*channels.Manager, error) {
	configs, err := lint.Load(a.city.Channels, all.Registry())
	if err != nil {
		return nil, fmt.Errorf("read the channels: %w", err)
	}
	deps := a.deps()
	deps.Codes, deps.Public, deps.Named = printed, a.outside(), a.city.FindNamed
	deps.Earlier = petition.Earlier{Register: a.cases, Clock: a.clock, Department: func(d hub.DepartmentCode) string { return a.outside().agencies[d] }}.Notes
	leases := lease.New(a.db, a.log)
	deps.Alone = func(ctx context.Context, code hub.ChannelCode, work func(context.Context) error) error {
		return leases.Hold(ctx, "channel/"+string(code), work)
	}
	m := channels.New(channels.Config{
		Registry: all.Registry(), Channels: configs, Intake: in, Deps: deps,
		Store: channel.New(a.db, a.clock, a.keys), Decide: a.rules.Rollout().Decide, Case: a.cases.Case, Merged: a.cases.MergedInto,
		Check:   intake.Check,
		Publish: a.republish, Window: a.window, Seen: a.cases.FindReceipts, Again: a.again,
		Log: a.log, Clock: a.clock, Keys: a.keys,
	})
	if err := m.Open(ctx); err != nil {
		return nil, err
	}
	m.Mount(mux)
	for _, loop := range m.Loops() {
		actor(ctx, g, loop)
	}
	for code, handle := range m.Callbacks() {
		a.consume(ctx, g, "mashang.callback."+string(code), []string{bus.Events}, handle)
	}
	return m, nil
}

// republish puts a dead record back where it failed.
func (a *App) republish(topic, key string, payload []byte) error {
	m := message.NewMessage("", payload)
	if topic == bus.Submissions {
		var s hub.Submission
		if json.Unmarshal(payload, &s) == nil {
			m.UUID = string(s.Receipt)
		}
	}
	m.Metadata.Set(bus.MetaKey, key)
	return a.pub.Publish(topic, m)
}

// window reads what intake accepted in a window of time.
func (a *App) window(ctx context.Context, from, to time.Time, visit func([]byte, hub.Submission) error) error {
	return kafka.Window(ctx, a.brokers, a.opts.KafkaSecurity, bus.Submissions, from, to, func(m *message.Message) error {
		var s hub.Submission
		if json.Unmarshal(m.Payload, &s) != nil {
			return nil // is in the dead letters
		}
		return visit(m.Payload, s)
	})
}

// again puts a submission on the bus as it was; the desk opens one case.
func (a *App) again(_ context.Context, raw []byte, s hub.Submission) error {
	m := message.NewMessage(string(s.Receipt), raw)
	m.Metadata.Set(bus.MetaKey, string(s.Channel)+"/"+s.ExternalID)
	return a.pub.Publish(bus.Submissions, m)
}
