package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"

	"github.com/IBM/sarama"

	"github.com/mashang-hub/mashang/hub/bus"
)

const (
	deadTopic = bus.DeadLetters
	// deadBytes is the size limit of a dead letter: well above that of the
	// record it holds, which the reason makes longer.
	deadBytes = 4 << 20
)

// A graveyard publishes dead letters; it connects for the first one.
type graveyard struct {
	brokers  []string
	security Security
	group    string
	log      *slog.Logger

	mu  sync.Mutex
	pub *Publisher
}

// bury puts r among the dead letters, however long that takes; it returns an
// error only when ctx ended.
func (s *Subscriber) bury(ctx context.Context, r *sarama.ConsumerMessage, reason error, attempts int) error {
	log := changes{log: s.cfg.Log.With("group", s.cfg.Group)}
	for n := 0; ; n++ {
		err := s.dead.put(r, reason, attempts)
		if err == nil {
			s.cfg.Log.Error("dead letter", "topic", r.Topic, "partition", r.Partition,
				"offset", r.Offset, "attempts", attempts, "error", reason)
			return nil
		}
		log.report(fmt.Errorf("publish dead letter: %w", err))
		if !s.pause(ctx, n) {
			return ctx.Err()
		}
	}
}

func (g *graveyard) put(r *sarama.ConsumerMessage, reason error, attempts int) error {
	pub, err := g.publisher()
	if err != nil {
		return err
	}
	return pub.send([]*sarama.ProducerMessage{g.letter(r, reason, attempts)})
}

func (g *graveyard) publisher() (*Publisher, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pub == nil {
		cfg, err := secured(g.security)
		if err != nil {
			return nil, err
		}
		cfg.Producer.MaxMessageBytes = deadBytes
		pub, err := newPublisher(g.brokers, cfg, g.log)
		if err != nil {
			return nil, err
		}
		g.pub = pub
	}
	return g.pub, nil
}

// letter keeps key, bytes and headers of r as they are and adds why it is here.
func (g *graveyard) letter(r *sarama.ConsumerMessage, reason error, attempts int) *sarama.ProducerMessage {
	p := &sarama.ProducerMessage{Topic: deadTopic, Value: sarama.ByteEncoder(r.Value)}
	if r.Key != nil {
		p.Key = sarama.ByteEncoder(r.Key)
	}
	for _, h := range r.Headers {
		if h != nil {
			p.Headers = append(p.Headers, *h)
		}
	}
	p.Headers = append(p.Headers,
		header(bus.DeadTopic, r.Topic),
		header(bus.DeadPartition, strconv.Itoa(int(r.Partition))),
		header(bus.DeadOffset, strconv.FormatInt(r.Offset, 10)),
		header(bus.DeadGroup, g.group),
		header(bus.DeadReason, clip(reason.Error(), 4096)),
		header(bus.DeadAttempts, strconv.Itoa(attempts)),
	)
	return p
}

// clip shortens s to n bytes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// Close disconnects. It is called after all burying has ended.
func (g *graveyard) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pub == nil {
		return nil
	}
	return g.pub.Close()
}
