package kafka

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
)

// A Publisher publishes to Kafka. It implements Watermill's message.Publisher
// and is safe for concurrent use; calls that overlap share requests.
type Publisher struct {
	log      *slog.Logger
	producer sarama.AsyncProducer
	drains   sync.WaitGroup

	mu     sync.RWMutex // held for reading while a call hands records over
	closed bool
}

var _ message.Publisher = (*Publisher)(nil)

// NewPublisher connects to the brokers; without a Security, in the clear.
func NewPublisher(brokers []string, log *slog.Logger, security ...Security) (*Publisher, error) {
	cfg, err := secured(first(security))
	if err != nil {
		return nil, err
	}
	return newPublisher(brokers, cfg, log)
}

func newPublisher(brokers []string, cfg *sarama.Config, log *slog.Logger) (*Publisher, error) {
	producer, err := sarama.NewAsyncProducer(brokers, cfg)
	if err != nil {
		return nil, unreached(brokers, cfg, fmt.Errorf("connect producer to Kafka %v: %w", brokers, err))
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	p := &Publisher{log: log, producer: producer}
	p.drains.Go(func() {
		for m := range producer.Successes() {
			settle(m, nil)
		}
	})
	p.drains.Go(func() {
		for e := range producer.Errors() {
			settle(e.Msg, e.Err)
		}
	})
	return p, nil
}

// A barrier waits for the acknowledgements of one call.
type barrier struct {
	pending sync.WaitGroup

	mu     sync.Mutex
	failed int
	first  error
}

func settle(m *sarama.ProducerMessage, err error) {
	b, ok := m.Metadata.(*barrier)
	if !ok {
		return
	}
	if err != nil {
		b.mu.Lock()
		b.failed++
		if b.first == nil {
			b.first = err
		}
		b.mu.Unlock()
	}
	b.pending.Done()
}

// Publish returns when all in-sync replicas have all messages, or with an
// error when one or more failed; those that did not fail stay published. A
// message's metadata "key" is the key of its record; messages of one call and
// key keep their order. Trying again is always allowed.
func (p *Publisher) Publish(topic string, msgs ...*message.Message) error {
	records := make([]*sarama.ProducerMessage, len(msgs))
	for i, m := range msgs {
		records[i] = encode(topic, m)
	}
	return p.send(records)
}

func (p *Publisher) send(records []*sarama.ProducerMessage) error {
	if len(records) == 0 {
		return nil
	}
	b := &barrier{}
	if err := p.enqueue(b, records); err != nil {
		return err
	}
	b.pending.Wait()
	if b.first == nil {
		return nil
	}
	err := fmt.Errorf("publish %d of %d messages to %s: %w", b.failed, len(records), records[0].Topic, b.first)
	p.log.Debug("publish", "topic", records[0].Topic, "error", err)
	if tooLarge(b.first) {
		return &hub.Error{Code: hub.CodeTooLarge, Key: "bus.too_large", Err: err}
	}
	return unavailable(err)
}

// tooLarge reports whether the broker or, before it, the producer found the
// record too large; the producer calls that a configuration error.
func tooLarge(err error) bool {
	_, ours := errors.AsType[sarama.ConfigurationError](err)
	return ours || errors.Is(err, sarama.ErrMessageSizeTooLarge)
}

func (p *Publisher) enqueue(b *barrier, records []*sarama.ProducerMessage) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return hub.Errorf(hub.CodeUnavailable, "bus.closed")
	}
	b.pending.Add(len(records))
	for _, r := range records {
		r.Metadata = b
		p.producer.Input() <- r
	}
	return nil
}

// Close waits for what is under way and disconnects. It may be called again.
func (p *Publisher) Close() error {
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	p.mu.Unlock()
	if first {
		p.producer.AsyncClose()
	}
	p.drains.Wait()
	return nil
}
