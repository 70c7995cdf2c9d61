package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill/message"
)

// A Follower reads beside all groups. Brokers and Log are required.
type Follower struct {
	Brokers  []string
	Security Security
	Log      *slog.Logger
}

// Follow hands every message that topics get from now on to handle, until ctx
// ends; then it returns nil. Unlike the members of a group, all who follow see
// all messages. Messages may be missed while the brokers are away: followers
// learn that something happened, and read what from where it is kept.
//
// handle is called by one goroutine for each partition.
func (f Follower) Follow(ctx context.Context, topics []string, handle func(*message.Message)) error {
	report := changes{log: f.Log.With("follow", topics)}
	for ctx.Err() == nil {
		err := f.follow(ctx, topics, handle)
		if ctx.Err() != nil {
			return nil
		}
		report.report(err)
		wait := time.NewTimer(500 * time.Millisecond)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
		}
	}
	return nil
}

// follow follows until ctx ends or a partition is lost.
func (f Follower) follow(ctx context.Context, topics []string, handle func(*message.Message)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cfg, err := secured(f.Security)
	if err != nil {
		return err
	}
	cfg.Consumer.Return.Errors = false
	consumer, err := sarama.NewConsumer(f.Brokers, cfg)
	if err != nil {
		return fmt.Errorf("connect to Kafka %v: %w", f.Brokers, err)
	}
	defer func() { _ = consumer.Close() }()
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	for _, topic := range topics {
		partitions, err := consumer.Partitions(topic)
		if err != nil {
			return fmt.Errorf("partitions of %s: %w", topic, err)
		}
		for _, p := range partitions {
			claim, err := consumer.ConsumePartition(topic, p, sarama.OffsetNewest)
			if err != nil {
				return fmt.Errorf("read %s/%d: %w", topic, p, err)
			}
			all.Go(func() {
				defer cancel() // the loss of one begins all anew
				followOne(ctx, claim, handle)
			})
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

func followOne(ctx context.Context, claim sarama.PartitionConsumer, handle func(*message.Message)) {
	defer func() { _ = claim.Close() }()
	for {
		select {
		case <-ctx.Done():
			return
		case r, ok := <-claim.Messages():
			if !ok {
				return
			}
			handle(decode(ctx, r))
		}
	}
}
