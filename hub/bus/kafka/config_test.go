package kafka_test

import (
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/mashang-hub/mashang/hub/bus/kafka"
	"github.com/mashang-hub/mashang/hub/desk"
)

func TestConfigIsSafe(t *testing.T) {
	c := kafka.Config()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	p := c.Producer.Partitioner("t")
	part, err := p.Partition(&sarama.ProducerMessage{Key: sarama.StringEncoder("21")}, 1000)
	for _, want := range []struct {
		what string
		ok   bool
	}{
		{"acknowledged by all in-sync replicas", c.Producer.RequiredAcks == sarama.WaitForAll},
		{"idempotent", c.Producer.Idempotent},
		{"one request in flight", c.Net.MaxOpenRequests == 1},
		{"at least ten retries", c.Producer.Retry.Max >= 10},
		{"successes reported", c.Producer.Return.Successes && c.Producer.Return.Errors},
		// Java: toPositive(murmur2("21")) = toPositive(-973932308)
		{"partitioned as Java does", err == nil && part == (-973932308&0x7fffffff)%1000},
		{"protocol 2.8 or later", c.Version.IsAtLeast(sarama.V2_8_0_0)},
		{"short stall after a broker restart", c.Consumer.Retry.Backoff == 200*time.Millisecond},
		{"from the oldest record", c.Consumer.Offsets.Initial == sarama.OffsetOldest},
		{"little comes again after a crash", c.Consumer.Offsets.AutoCommit.Interval <= 250*time.Millisecond},
		{"a whole batch may lie ready", c.ChannelBufferSize >= desk.BatchSize},
		{"no auto-created topics", !c.Metadata.AllowAutoTopicCreation},
		{"bounded dial", c.Net.DialTimeout <= 10*time.Second},
		{"bounded read and write", c.Net.ReadTimeout <= 30*time.Second && c.Net.WriteTimeout <= 30*time.Second},
		{"bounded metadata", c.Metadata.Timeout > 0 && c.Metadata.Timeout <= 10*time.Second},
		{"bounded produce and admin", c.Producer.Timeout <= 10*time.Second && c.Admin.Timeout <= 10*time.Second},
	} {
		if !want.ok {
			t.Errorf("not safe: %s", want.what)
		}
	}
}
