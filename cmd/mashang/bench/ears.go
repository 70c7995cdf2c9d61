package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
)

// ears hear every event that comes out from when they were made. They measure
// and are no part of what is measured: at full load they only look how far the
// log has grown, and read what is in it once it has come to rest. They keep no
// place in the log and look at ids only.
type ears struct {
	client   sarama.Client
	from     []int64 // where each partition ended when they were made
	sights   []sight
	consumer sarama.Consumer
}

// A sight is how far each partition of the log reached at a time.
type sight struct {
	at   time.Time
	ends []int64
}

// calm is how long the log must not have grown to be at rest.
const calm = 300 * time.Millisecond

func newEars(brokers []string) (*ears, error) {
	cfg := kafka.Config()
	cfg.Consumer.Return.Errors = false // it goes on by itself
	client, err := sarama.NewClient(brokers, cfg)
	if err != nil {
		return nil, fmt.Errorf("listen to %v: %w", brokers, err)
	}
	e := &ears{client: client}
	if err := e.open(); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

func (e *ears) open() error {
	partitions, err := e.client.Partitions(bus.Events)
	if err != nil {
		return fmt.Errorf("partitions of %s: %w", bus.Events, err)
	}
	e.from = make([]int64, len(partitions))
	if err := e.look(); err != nil {
		return err
	}
	copy(e.from, e.sights[0].ends)
	e.consumer, err = sarama.NewConsumerFromClient(e.client)
	return err
}

func (e *ears) close() {
	if e.consumer != nil {
		_ = e.consumer.Close()
	}
	_ = e.client.Close()
}

// look takes a sight.
func (e *ears) look() error {
	ends := make([]int64, len(e.from))
	for p := range ends {
		end, err := e.client.GetOffset(bus.Events, int32(p), sarama.OffsetNewest) //nolint:gosec // a topic has few partitions
		if err != nil {
			return fmt.Errorf("end of %s/%d: %w", bus.Events, p, err)
		}
		ends[p] = end
	}
	e.sights = append(e.sights, sight{time.Now(), ends})
	return nil
}

// rest reports whether n events or more came out and the log is at rest.
func (e *ears) rest(n int) bool {
	last := e.sights[len(e.sights)-1]
	grew := e.reached(last.ends)
	return total(last.ends)-total(e.from) >= int64(n) && last.at.Sub(grew) >= calm
}

func total(ends []int64) (n int64) {
	for _, end := range ends {
		n += end
	}
	return n
}

// reached is when the log was first seen to reach ends, the zero time if it
// never was.
func (e *ears) reached(ends []int64) time.Time {
	var at time.Time
	for _, s := range slices.Backward(e.sights) {
		for p, end := range ends {
			if s.ends[p] < end {
				return at
			}
		}
		at = s.at
	}
	return at
}

// hear calls came with each event, from the first on, until ctx ends; calls
// overlap. Call it once.
func (e *ears) hear(ctx context.Context, came func(*sarama.ConsumerMessage)) error {
	claims := make([]sarama.PartitionConsumer, len(e.from))
	for p, from := range e.from {
		claim, err := e.consumer.ConsumePartition(bus.Events, int32(p), from) //nolint:gosec // a topic has few partitions
		if err != nil {
			return fmt.Errorf("listen to %s/%d: %w", bus.Events, p, err)
		}
		claims[p] = claim
	}
	var all sync.WaitGroup
	for _, c := range claims {
		all.Go(func() {
			for r := range c.Messages() {
				came(r)
			}
		})
	}
	<-ctx.Done()
	for _, c := range claims {
		c.AsyncClose() // each waits for the answer to its last fetch
	}
	all.Wait()
	return nil
}

func idOf(r *sarama.ConsumerMessage) string {
	for _, h := range r.Headers {
		if string(h.Key) == kafka.HeaderUUID {
			return string(h.Value)
		}
	}
	return ""
}
