// Package kafkain is the channel that reads a Kafka topic of somebody else's.
//
// A record is marked as read only after it is accepted or kept, one after the
// other within a partition; after a crash the last ones come again as
// duplicates. Start with Spec.
package kafkain

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/IBM/sarama"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/decode"
)

// Spec describes the kind.
func Spec() adapters.Spec {
	return adapters.Spec{
		Kind: "kafka", New: New, Wired: true, Doc: "读对方的 Kafka 主题",
		Options: func() any { c := Default(); return &c },
	}
}

type adapter struct {
	*adapters.Wired
	config Config
	sarama *sarama.Config
}

// New makes the adapter of c.
func New(c adapters.Config, in adapters.Intake, d adapters.Deps) (adapters.Adapter, error) {
	config := Default()
	if err := c.Options.Decode(&config); err != nil {
		return nil, err
	}
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if config.Group == "" {
		config.Group = "mashang-" + string(c.Code)
	}
	w, err := adapters.Wire(c, in, d)
	if err != nil {
		return nil, err
	}
	sc, err := config.sarama(w.Deps)
	if err != nil {
		return nil, err
	}
	return &adapter{Wired: w, config: config, sarama: sc}, nil
}

func (c Config) sarama(d adapters.Deps) (*sarama.Config, error) {
	sc := sarama.NewConfig()
	sc.ClientID = "mashang"
	sc.Version = sarama.V2_8_0_0
	sc.Consumer.Offsets.Initial = sarama.OffsetOldest
	if c.Start == "newest" {
		sc.Consumer.Offsets.Initial = sarama.OffsetNewest
	}
	sc.Consumer.Return.Errors = true
	sc.Consumer.Offsets.AutoCommit.Interval = 500 * time.Millisecond
	sc.Consumer.Group.Rebalance.Timeout = 30 * time.Second
	sc.Consumer.Retry.Backoff = 250 * time.Millisecond
	if c.TLS {
		sc.Net.TLS.Enable = true
		sc.Net.TLS.Config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if c.User == "" {
		return sc, sc.Validate()
	}
	password, err := c.Password.Reveal(d)
	if err != nil {
		return nil, fmt.Errorf("password: %w", err)
	}
	sc.Net.SASL.Enable, sc.Net.SASL.User, sc.Net.SASL.Password = true, c.User, password
	sc.Net.SASL.Mechanism = sarama.SASLMechanism(c.Mechanism)
	sc.Net.SASL.SCRAMClientGeneratorFunc = scramClient(c.Mechanism)
	return sc, sc.Validate()
}

// Handler is nil: nothing is pushed.
func (a *adapter) Handler() http.Handler { return nil }

// Run reads until ctx ends.
func (a *adapter) Run(ctx context.Context) error {
	log := a.Deps.Log.With("channel", string(a.Channel))
	return adapters.Rounds{Every: time.Second, Max: time.Minute, Log: log}.Run(ctx, a.member)
}

// member is a member of the group until something breaks.
func (a *adapter) member(ctx context.Context) (more bool, err error) {
	group, err := sarama.NewConsumerGroup(a.config.Brokers, a.config.Group, a.sarama)
	if err != nil {
		return false, fmt.Errorf("connect to Kafka %v: %w", a.config.Brokers, err)
	}
	drained := make(chan error, 1)
	go func() {
		var first error
		for err := range group.Errors() {
			if first == nil {
				first = err
			}
		}
		drained <- first
	}()
	for err == nil && ctx.Err() == nil {
		err = group.Consume(ctx, []string{a.config.Topic}, claims{a})
	}
	err = errors.Join(err, group.Close())
	return false, errors.Join(err, <-drained)
}

// claims reads the partitions that a member was given.
type claims struct{ a *adapter }

// Setup implements sarama.ConsumerGroupHandler.
func (claims) Setup(sarama.ConsumerGroupSession) error { return nil }

// Cleanup implements sarama.ConsumerGroupHandler.
func (claims) Cleanup(sarama.ConsumerGroupSession) error { return nil }

// ConsumeClaim takes one record after the other. One that must come again is
// tried until it is taken, so that order holds.
func (c claims) ConsumeClaim(s sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	log := c.a.Deps.Log.With("channel", string(c.a.Channel), "partition", claim.Partition())
	for {
		select {
		case <-s.Context().Done():
			return nil
		case m, open := <-claim.Messages():
			if !open {
				return nil
			}
			ctx, cancel := context.WithCancel(s.Context())
			taken := false
			err := adapters.Rounds{Every: 200 * time.Millisecond, Max: 10 * time.Second, Log: log}.Run(ctx, func(ctx context.Context) (bool, error) {
				err := c.a.record(ctx, m)
				if taken = err == nil; taken {
					cancel()
				}
				return false, err
			})
			cancel()
			if err != nil || !taken {
				return err
			}
			s.MarkMessage(m, "")
		}
	}
}

func (a *adapter) record(ctx context.Context, m *sarama.ConsumerMessage) error {
	in := decode.Input{Body: m.Value, MediaType: a.config.MediaType}
	head := map[string]any{"key": string(m.Key)}
	for _, h := range m.Headers {
		if string(h.Key) == "content-type" {
			in.MediaType = string(h.Value)
		}
		head[string(h.Key)] = string(h.Value)
	}
	_, err := a.Take(ctx, in, head)
	if err != nil && !adapters.Passing(err) {
		return nil // kept
	}
	return err
}
