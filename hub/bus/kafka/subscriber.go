package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
)

// A SubscriberConfig says who consumes and how. Brokers and Group are
// required; zero fields take the value that their comment names.
type SubscriberConfig struct {
	Brokers []string
	Group   string // consumer group: each message goes to one member of it
	Log     *slog.Logger

	Security Security

	BatchSize   int           // most messages in one call of a batch handler: 500
	BatchWait   time.Duration // longest wait for a batch to fill: 5ms
	MaxAttempts int           // tries before a message is a dead letter: 5
	RetryWait   time.Duration // wait after the first failure, then doubled: 100ms
	RetryMax    time.Duration // longest wait between two tries: 10s
	Heartbeat   time.Duration // of the group; bounds how fast it rebalances: 1s
}

func (c SubscriberConfig) withDefaults() SubscriberConfig {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.BatchSize = or(c.BatchSize, 500)
	c.BatchWait = or(c.BatchWait, 5*time.Millisecond)
	c.MaxAttempts = or(c.MaxAttempts, 5)
	c.RetryWait = or(c.RetryWait, 100*time.Millisecond)
	c.RetryMax = or(c.RetryMax, 10*time.Second)
	c.Heartbeat = or(c.Heartbeat, time.Second)
	return c
}

func or[T int | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

// A Subscriber consumes from Kafka as a member of a group. It implements
// Watermill's message.Subscriber and is safe for concurrent use.
type Subscriber struct {
	cfg  SubscriberConfig
	dead *graveyard
	done chan struct{}
	runs sync.WaitGroup

	mu     sync.Mutex // guards closed and the start of runs
	closed bool
}

var _ message.Subscriber = (*Subscriber)(nil)

// NewSubscriber checks the configuration; it connects when it is used.
func NewSubscriber(cfg SubscriberConfig) (*Subscriber, error) {
	if len(cfg.Brokers) == 0 || cfg.Group == "" {
		return nil, hub.Errorf(hub.CodeInvalid, "bus.subscriber_invalid", "brokers and group are required")
	}
	if err := cfg.Security.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	return &Subscriber{
		cfg:  cfg,
		dead: &graveyard{brokers: cfg.Brokers, security: cfg.Security, group: cfg.Group, log: cfg.Log},
		done: make(chan struct{}),
	}, nil
}

// Consume hands the messages of topics to handle, in batches of one partition
// and in its order, until ctx ends or the subscriber is closed; then it
// returns nil after every call of handle has returned. It waits for brokers
// that are away. Partitions are handled concurrently.
//
// When handle returns nil, its batch is committed, within a moment and at the end
// of the session at the latest. When it returns an error
// with hub.CodeUnavailable or one of a context, the batch is tried again for
// as long as it takes.
// After any other error, or a panic, the batch is halved until the messages
// at fault stand alone; one that fails MaxAttempts times becomes a dead letter
// with the error as its reason. handle may therefore see a message more than
// once, and must return soon when its ctx ends.
func (s *Subscriber) Consume(ctx context.Context, topics []string, handle func(ctx context.Context, msgs []*message.Message) error) error {
	return s.run(ctx, topics, &batches{s: s, handle: handle})
}

// Subscribe delivers the messages of topic one by one: the next of a partition
// comes after the last was acked. A nacked message is delivered again, and
// becomes a dead letter after MaxAttempts. The channel is closed when ctx ends
// or the subscriber is closed.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	out := make(chan *message.Message)
	if !s.begin() {
		return nil, hub.Errorf(hub.CodeUnavailable, "bus.closed")
	}
	go func() {
		defer s.runs.Done()
		defer close(out)
		s.members(ctx, []string{topic}, &singles{s: s, out: out})
	}()
	return out, nil
}

// Close ends all consuming, waits for it and flushes offsets. It may be called
// again.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	s.mu.Unlock()
	s.runs.Wait()
	return s.dead.Close()
}

// begin counts one more run in; it is false after Close.
func (s *Subscriber) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.runs.Add(1)
	return true
}

func (s *Subscriber) run(ctx context.Context, topics []string, h sarama.ConsumerGroupHandler) error {
	if !s.begin() {
		return hub.Errorf(hub.CodeUnavailable, "bus.closed")
	}
	defer s.runs.Done()
	s.members(ctx, topics, h)
	return nil
}

// members is a member of the group again and again until ctx or s ends.
func (s *Subscriber) members(ctx context.Context, topics []string, h sarama.ConsumerGroupHandler) {
	ctx, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-s.done:
			cancel()
		case <-ctx.Done():
		}
	})
	defer watch.Wait()
	defer cancel()
	log := changes{log: s.cfg.Log.With("group", s.cfg.Group, "topics", topics)}
	for failures := 0; ctx.Err() == nil; failures++ {
		joined, err := s.member(ctx, topics, h, &log)
		if joined {
			failures = 0
		}
		log.report(err)
		s.pause(ctx, failures)
	}
}

// member connects and consumes until something breaks; joined reports whether
// it got as far as consuming.
func (s *Subscriber) member(ctx context.Context, topics []string, h sarama.ConsumerGroupHandler, log *changes) (joined bool, err error) {
	cfg, err := secured(s.cfg.Security)
	if err != nil {
		return false, err
	}
	cfg.Consumer.Group.Heartbeat.Interval = s.cfg.Heartbeat
	group, err := sarama.NewConsumerGroup(s.cfg.Brokers, s.cfg.Group, cfg)
	if err != nil {
		return false, fmt.Errorf("connect consumer to Kafka %v: %w", s.cfg.Brokers, err)
	}
	var drain sync.WaitGroup
	drain.Go(func() {
		for err := range group.Errors() {
			log.report(err)
		}
	})
	defer drain.Wait()
	defer func() { _ = group.Close() }()
	for ctx.Err() == nil {
		if err := group.Consume(ctx, topics, h); err != nil {
			return joined, fmt.Errorf("consume as group %s: %w", s.cfg.Group, err)
		}
		joined = true
		log.report(nil)
	}
	return joined, nil
}

// pause waits before try n+2; it returns false when ctx ended.
func (s *Subscriber) pause(ctx context.Context, n int) bool {
	wait := s.cfg.RetryMax
	if n < 20 {
		wait = min(wait, s.cfg.RetryWait<<n)
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// changes logs an error once until another one comes.
type changes struct {
	log  *slog.Logger
	mu   sync.Mutex
	last string
}

func (c *changes) report(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil:
		c.last = ""
	case err.Error() != c.last:
		c.last = err.Error()
		c.log.Warn("consume", "error", err)
	}
}
