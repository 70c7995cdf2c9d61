package store

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/egress"
)

// A TopicConfig is the configuration of a Kafka topic.
type TopicConfig struct {
	// Brokers are host:port of the department's own Kafka.
	Brokers []string `json:"brokers"`
	// Topic must exist.
	Topic string `json:"topic"`
	// Allow lists private networks that may be reached.
	Allow []netip.Prefix `json:"allow"`
}

// Validate says the first thing that is wrong.
func (c TopicConfig) Validate() error {
	if len(c.Brokers) == 0 || c.Topic == "" {
		return hub.Errorf(hub.CodeInvalid, "topic.incomplete")
	}
	return nil
}

// A Topic takes one record per alert, keyed by its case, so that the order per
// case holds; the record's header ce_id is what a reader knows a repetition by.
// It is safe for concurrent use.
type Topic struct {
	config TopicConfig

	mu       sync.Mutex
	producer sarama.SyncProducer // nil until the first use
}

// NewTopic checks config and returns its topic; it connects when it is used.
func NewTopic(c TopicConfig) (*Topic, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Topic{config: c}, nil
}

// Close disconnects.
func (t *Topic) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.producer == nil {
		return nil
	}
	return t.producer.Close()
}

// Send publishes alerts and waits until all in-sync replicas have them.
func (t *Topic) Send(_ context.Context, alerts []hub.Alert) []hub.Receipt {
	producer, err := t.connect()
	if err != nil {
		return receipts(alerts, err)
	}
	msgs := make([]*sarama.ProducerMessage, len(alerts))
	for i, a := range alerts {
		body, err := event(a)
		if err != nil {
			return receipts(alerts, err)
		}
		msgs[i] = &sarama.ProducerMessage{
			Topic: t.config.Topic, Key: sarama.StringEncoder(a.Case), Value: sarama.ByteEncoder(body),
			Headers: []sarama.RecordHeader{
				{Key: []byte("content-type"), Value: []byte("application/cloudevents+json")},
				{Key: []byte("ce_id"), Value: []byte(a.ID)},
			},
		}
	}
	return receipts(alerts, producer.SendMessages(msgs))
}

func (t *Topic) connect() (sarama.SyncProducer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.producer != nil {
		return t.producer, nil
	}
	c := sarama.NewConfig()
	c.ClientID, c.Version = "mashang-relay", sarama.V2_8_0_0
	c.Net.MaxOpenRequests = 1 // order within a partition
	c.Net.DialTimeout, c.Net.ReadTimeout, c.Net.WriteTimeout = 5*time.Second, 15*time.Second, 15*time.Second
	c.Net.Proxy.Enable, c.Net.Proxy.Dialer = true, egress.New(t.config.Allow...).Dialer()
	c.Producer.RequiredAcks, c.Producer.Idempotent = sarama.WaitForAll, true
	c.Producer.Return.Successes = true
	c.Metadata.AllowAutoTopicCreation = false
	c.Metadata.Retry.Max, c.Metadata.Timeout = 2, 10*time.Second
	producer, err := sarama.NewSyncProducer(t.config.Brokers, c)
	if err != nil {
		return nil, err
	}
	t.producer = producer
	return producer, nil
}
