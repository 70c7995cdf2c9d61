package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill/message"
)

// Window hands every record of topic that was published from from until to to
// visit, partition by partition in their order, and joins no group. It sees
// what the topic still keeps.
func Window(ctx context.Context, brokers []string, security Security, topic string, from, to time.Time,
	visit func(*message.Message) error,
) error {
	cfg, err := secured(security)
	if err != nil {
		return err
	}
	client, err := sarama.NewClient(brokers, cfg)
	if err != nil {
		return fmt.Errorf("connect to Kafka %v: %w", brokers, err)
	}
	defer func() { _ = client.Close() }() // read only
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		return fmt.Errorf("make consumer: %w", err)
	}
	defer func() { _ = consumer.Close() }()
	partitions, err := client.Partitions(topic)
	if err != nil {
		return fmt.Errorf("list partitions of %s: %w", topic, err)
	}
	w := window{client, consumer, topic, from, to}
	for _, p := range partitions {
		if err := w.partition(ctx, p, visit); err != nil {
			return fmt.Errorf("read %s/%d: %w", topic, p, err)
		}
	}
	return nil
}

// A window is a stretch of a topic.
type window struct {
	client   sarama.Client
	consumer sarama.Consumer
	topic    string
	from, to time.Time
}

func (w window) partition(ctx context.Context, partition int32, visit func(*message.Message) error) error {
	first, err := w.client.GetOffset(w.topic, partition, w.from.UnixMilli())
	if err != nil {
		return err
	}
	end, err := w.client.GetOffset(w.topic, partition, sarama.OffsetNewest)
	if err != nil || first < 0 || first >= end {
		return err
	}
	claim, err := w.consumer.ConsumePartition(w.topic, partition, first)
	if err != nil {
		return err
	}
	defer func() { _ = claim.Close() }()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-claim.Errors():
			return err
		case r := <-claim.Messages():
			if r.Timestamp.Before(w.to) && !r.Timestamp.Before(w.from) {
				if err := visit(decode(ctx, r)); err != nil {
					return err
				}
			}
			if r.Offset >= end-1 || !r.Timestamp.Before(w.to.Add(time.Minute)) {
				return nil
			}
		}
	}
}
