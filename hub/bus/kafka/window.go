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
func Window(ctx context.Context, brokers []string, topic string, from, to time.Time, visit func(*message.Message) error) error {
	client, err := sarama.NewClient(brokers, Config())
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
	for _, p := range partitions {
		if err := window(ctx, client, consumer, topic, p, from, to, visit); err != nil {
			return fmt.Errorf("read %s/%d: %w", topic, p, err)
		}
	}
	return nil
}

func window(ctx context.Context, client sarama.Client, consumer sarama.Consumer, topic string, partition int32,
	from, to time.Time, visit func(*message.Message) error,
) error {
	first, err := client.GetOffset(topic, partition, from.UnixMilli())
	if err != nil {
		return err
	}
	end, err := client.GetOffset(topic, partition, sarama.OffsetNewest)
	if err != nil || first < 0 || first >= end {
		return err
	}
	claim, err := consumer.ConsumePartition(topic, partition, first)
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
			if r.Timestamp.Before(to) && !r.Timestamp.Before(from) {
				if err := visit(decode(ctx, r)); err != nil {
					return err
				}
			}
			if r.Offset >= end-1 || !r.Timestamp.Before(to.Add(time.Minute)) {
				return nil
			}
		}
	}
}
