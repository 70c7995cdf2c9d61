package kafka

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
)

// batches consumes a partition in batches, for Subscriber.Consume.
type batches struct {
	s      *Subscriber
	handle func(ctx context.Context, msgs []*message.Message) error
}

// Setup does nothing.
func (b *batches) Setup(sarama.ConsumerGroupSession) error { return nil }

// Cleanup does nothing: the end of the session commits what was marked.
func (b *batches) Cleanup(sarama.ConsumerGroupSession) error { return nil }

// ConsumeClaim consumes one partition until the session ends.
func (b *batches) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	ctx := session.Context()
	for {
		batch := b.gather(ctx, claim.Messages())
		if len(batch) == 0 {
			return nil
		}
		if err := b.settle(ctx, batch); err != nil {
			return nil //nolint:nilerr // the session ended: the next owner starts from the last commit
		}
		session.MarkMessage(batch[len(batch)-1], "")
	}
}

// gather waits for a record and takes what follows within BatchWait. It
// returns nothing when the session ended.
func (b *batches) gather(ctx context.Context, records <-chan *sarama.ConsumerMessage) []*sarama.ConsumerMessage {
	var batch []*sarama.ConsumerMessage
	var full <-chan time.Time
	for len(batch) < b.s.cfg.BatchSize {
		select {
		case <-ctx.Done():
			return nil
		case <-full:
			return batch
		case r, ok := <-records:
			if !ok {
				return nil
			}
			batch = append(batch, r)
			if full == nil {
				t := time.NewTimer(b.s.cfg.BatchWait)
				defer t.Stop()
				full = t.C
			}
		}
	}
	return batch
}

// settle returns nil when every record was handled or is a dead letter, and
// ctx's error when it ended before that.
func (b *batches) settle(ctx context.Context, batch []*sarama.ConsumerMessage) error {
	log := changes{log: b.s.cfg.Log.With("group", b.s.cfg.Group, "topic", batch[0].Topic, "partition", batch[0].Partition)}
	for waits, attempts := 0, 1; ; waits++ {
		err := b.call(ctx, batch)
		if ctx.Err() != nil {
			return b.ended(ctx, err)
		}
		if err == nil {
			return nil
		}
		log.report(err)
		if !passing(err) {
			switch {
			case len(batch) > 1:
				return b.halve(ctx, batch)
			case attempts >= b.s.cfg.MaxAttempts && batch[0].Topic != deadTopic:
				return b.s.bury(ctx, batch[0], err, attempts)
			}
			attempts++
		}
		b.s.pause(ctx, waits)
	}
}

// passing reports whether err will go away by itself, so that trying again for
// as long as it takes is right.
func passing(err error) bool {
	return hub.CodeOf(err) == hub.CodeUnavailable ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// ended is the result of a call during which ctx ended: what was handled then
// still counts.
func (b *batches) ended(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return ctx.Err()
}

func (b *batches) halve(ctx context.Context, batch []*sarama.ConsumerMessage) error {
	half := len(batch) / 2
	if err := b.settle(ctx, batch[:half]); err != nil {
		return err
	}
	return b.settle(ctx, batch[half:])
}

// call hands fresh messages to the handler, so that a try that failed leaves
// no traces in the next, and turns a panic into an error.
func (b *batches) call(ctx context.Context, batch []*sarama.ConsumerMessage) (err error) {
	msgs := decodeAll(ctx, batch)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("handler panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return b.handle(ctx, msgs)
}
