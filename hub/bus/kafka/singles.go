package kafka

import (
	"context"
	"errors"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill/message"
)

// errNacked is the reason of a dead letter from Subscribe: a nack says no more.
var errNacked = errors.New("message was nacked")

// singles consumes a partition message by message, for Subscriber.Subscribe.
type singles struct {
	s   *Subscriber
	out chan<- *message.Message
}

// Setup does nothing.
func (c *singles) Setup(sarama.ConsumerGroupSession) error { return nil }

// Cleanup commits what was acked since the last commit.
func (c *singles) Cleanup(session sarama.ConsumerGroupSession) error {
	session.Commit()
	return nil
}

// ConsumeClaim consumes one partition until the session ends. It commits when
// a batch was acked or nothing is waiting.
func (c *singles) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	ctx := session.Context()
	for acked := 1; ; acked++ {
		select {
		case <-ctx.Done():
			return nil
		case r, ok := <-claim.Messages():
			if !ok || !c.settle(ctx, r) {
				return nil
			}
			session.MarkMessage(r, "")
		}
		if acked >= c.s.cfg.BatchSize || len(claim.Messages()) == 0 {
			session.Commit()
			acked = 0
		}
	}
}

// settle is true when r was acked or is a dead letter, false when ctx ended.
func (c *singles) settle(ctx context.Context, r *sarama.ConsumerMessage) bool {
	for attempt := 1; ; attempt++ {
		acked, ok := c.deliver(ctx, r)
		switch {
		case !ok:
			return false
		case acked:
			return true
		case attempt >= c.s.cfg.MaxAttempts && r.Topic != deadTopic:
			return c.s.bury(ctx, r, errNacked, attempt) == nil
		}
		if !c.s.pause(ctx, attempt-1) {
			return false
		}
	}
}

// deliver hands r over once; ok is false when ctx ended before an answer.
func (c *singles) deliver(ctx context.Context, r *sarama.ConsumerMessage) (acked, ok bool) {
	mctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := decode(mctx, r)
	select {
	case c.out <- m:
	case <-ctx.Done():
		return false, false
	}
	select {
	case <-m.Acked():
		return true, true
	case <-m.Nacked():
		return false, true
	case <-ctx.Done():
		return false, false
	}
}
