// Package kafka carries messages over Kafka with sarama, behind Watermill's
// Publisher and Subscriber.
//
// It is built for not losing and not stalling: a publish returns when every
// in-sync replica has the records; an offset is committed soon after its message
// was handled; a message that can never be handled goes to the dead letters
// with its bytes, so that it does not hold up its partition. It may hand out a
// message twice; whoever handles it must make the second time harmless.
//
// The hot path is [Subscriber.Consume], which hands over batches; Subscribe is
// for low rates and for Watermill's router.
package kafka

import (
	"time"

	"github.com/IBM/sarama"
)

// commitEvery is how often the offsets of what was handled are committed: after
// a crash the messages of that time come again.
const commitEvery = 200 * time.Millisecond

// Config returns the settings that everything here runs on. The library's own
// defaults acknowledge on one broker, may write twice and stall for two
// seconds after a broker restart.
func Config() *sarama.Config {
	c := sarama.NewConfig()
	c.ClientID = "mashang"
	c.Version = sarama.V2_8_0_0
	c.Metadata.AllowAutoTopicCreation = false // an auto-created topic has no retention of its own
	c.Metadata.Retry.Max = 5
	c.Metadata.Retry.Backoff = 200 * time.Millisecond
	c.Metadata.Timeout = 10 * time.Second
	c.Net.DialTimeout = 5 * time.Second
	c.Net.ReadTimeout = 30 * time.Second
	c.Net.WriteTimeout = 30 * time.Second
	c.Admin.Timeout = 10 * time.Second
	c.ChannelBufferSize = 1024 // a whole batch lies ready when the one before it is done
	produce(c)
	consume(c)
	return c
}

func produce(c *sarama.Config) {
	c.Net.MaxOpenRequests = 1 // order within a partition
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Idempotent = true
	c.Producer.Timeout = 10 * time.Second
	c.Producer.Compression = sarama.CompressionSnappy // the JSON of a batch repeats itself
	c.Producer.Retry.Max = 10
	c.Producer.Retry.Backoff = 100 * time.Millisecond
	c.Producer.Return.Successes = true
	c.Producer.Return.Errors = true
	c.Producer.Partitioner = sarama.NewMurmur2Partitioner // as Java clients do
}

func consume(c *sarama.Config) {
	c.Consumer.Retry.Backoff = 200 * time.Millisecond
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	// Only what was handled is marked, and what is marked is committed together:
	// a commit of its own for each batch is a flush of the broker's disk for each.
	c.Consumer.Offsets.AutoCommit.Enable = true
	c.Consumer.Offsets.AutoCommit.Interval = commitEvery
	c.Consumer.Offsets.Retry.Max = 5
	c.Consumer.Return.Errors = true
	c.Consumer.MaxProcessingTime = time.Second
	c.Consumer.MaxWaitTime = time.Second // a record ends the wait: only an idle hub feels it
	c.Consumer.Group.Session.Timeout = 10 * time.Second
	c.Consumer.Group.Heartbeat.Interval = time.Second
	c.Consumer.Group.Rebalance.Timeout = 30 * time.Second
	c.Consumer.Group.Rebalance.Retry.Backoff = 500 * time.Millisecond
}
