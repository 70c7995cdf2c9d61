package app

import (
	"context"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/oklog/run"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
	"github.com/mashang-hub/mashang/hub/deadline"
	"github.com/mashang-hub/mashang/hub/desk"
	"github.com/mashang-hub/mashang/hub/postgres/channel"
)

// consumers adds the desk's two doors: submissions and departments' updates.
func (a *App) consumers(ctx context.Context, g *run.Group) {
	a.consumeBatches(ctx, g, kafka.SubscriberConfig{Group: "mashang.desk", BatchSize: desk.BatchSize},
		[]string{bus.Submissions}, a.desk.Receive)
	a.consume(ctx, g, "mashang.updates", []string{bus.Updates}, a.desk.Update)
	a.consume(ctx, g, "mashang.dead", []string{bus.DeadLetters}, a.keepDead)
}

// keepDead files dead letters where people can list and repair them.
func (a *App) keepDead(ctx context.Context, msgs []*message.Message) error {
	store := channel.New(a.db, a.clock, a.keys)
	for _, m := range msgs {
		letter := channel.Letter{
			Stage: m.Metadata.Get(bus.DeadTopic), Key: m.Metadata.Get(bus.MetaKey),
			Reason: m.Metadata.Get(bus.DeadReason), Payload: m.Payload,
		}
		if err := store.KeepLetter(ctx, letter); err != nil {
			return fmt.Errorf("keep a dead letter: %w", err)
		}
	}
	return nil
}

func (a *App) consume(ctx context.Context, g *run.Group, group string, topics []string, handle func(context.Context, []*message.Message) error) {
	a.consumeBatches(ctx, g, kafka.SubscriberConfig{Group: group}, topics, handle)
}

func (a *App) consumeBatches(ctx context.Context, g *run.Group, cfg kafka.SubscriberConfig, topics []string, handle func(context.Context, []*message.Message) error) {
	cfg.Brokers, cfg.Security, cfg.Log = a.brokers, a.opts.KafkaSecurity, a.log
	actor(ctx, g, func(ctx context.Context) error {
		sub, err := kafka.NewSubscriber(cfg)
		if err != nil {
			return fmt.Errorf("join group %s: %w", cfg.Group, err)
		}
		defer func() { _ = sub.Close() }()
		return sub.Consume(ctx, topics, handle)
	})
}

// clocks adds due clocks and the outbox.
func (a *App) clocks(ctx context.Context, g *run.Group) {
	out := func(c hub.Case, events []hub.Event) []hub.Outgoing {
		msgs, err := desk.Outgoing(c, hub.Content{}, events)
		if err != nil {
			a.log.Error("encode outgoing messages", "case_id", c.ID, "err", err)
		}
		return msgs
	}
	a.watcher = deadline.New(a.cases, a.know.Firing, out, a.clock, a.log)
	actor(ctx, g, a.watcher.Run)
	actor(ctx, g, a.reloadCalendar)
	actor(ctx, g, a.index)
}
