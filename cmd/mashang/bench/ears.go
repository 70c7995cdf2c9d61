package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
)

// ears hear every event that comes out from when they were made. They measure
// and are no part of what is measured, so they look at ids only and keep no
// place in the log.
type ears struct {
	consumer sarama.Consumer
	claims   []sarama.PartitionConsumer
}

func newEars(brokers []string) (*ears, error) {
	cfg := kafka.Config()
	cfg.Consumer.Return.Errors = false // it goes on by itself
	consumer, err := sarama.NewConsumer(brokers, cfg)
	if err != nil {
		return nil, fmt.Errorf("listen to %v: %w", brokers, err)
	}
	e := &ears{consumer: consumer}
	partitions, err := consumer.Partitions(bus.Events)
	if err != nil {
		e.close()
		return nil, fmt.Errorf("partitions of %s: %w", bus.Events, err)
	}
	for _, p := range partitions {
		claim, err := consumer.ConsumePartition(bus.Events, p, sarama.OffsetNewest)
		if err != nil {
			e.close()
			return nil, fmt.Errorf("listen to %s/%d: %w", bus.Events, p, err)
		}
		e.claims = append(e.claims, claim)
	}
	return e, nil
}

func (e *ears) close() {
	for _, c := range e.claims {
		_ = c.Close()
	}
	_ = e.consumer.Close()
}

// hear calls came with the id of each event until ctx ends; calls overlap.
func (e *ears) hear(ctx context.Context, came func(id string, at time.Time)) error {
	var all sync.WaitGroup
	for _, c := range e.claims {
		all.Go(func() {
			for r := range c.Messages() {
				came(idOf(r), time.Now())
			}
		})
	}
	<-ctx.Done()
	e.close()
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
