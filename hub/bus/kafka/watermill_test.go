package kafka_test

import (
	"os"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"

	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
)

// keyed gives every message its payload as key: the order that the
// suite expects is that of equal payloads.
type keyed struct{ *kafka.Publisher }

func (k keyed) Publish(topic string, msgs ...*message.Message) error {
	copies := make([]*message.Message, len(msgs))
	for i, m := range msgs {
		copies[i] = m.Copy()
		copies[i].Metadata.Set(bus.MetaKey, string(m.Payload))
	}
	return k.Publisher.Publish(topic, copies...)
}

// creating makes the topic before the suite uses it: we never auto-create.
type creating struct {
	*kafka.Subscriber
	t    *testing.T
	addr string
}

func (c creating) SubscribeInitialize(topic string) error {
	return kafka.EnsureTopics(c.t.Context(), []string{c.addr},
		[]bus.Topic{{Name: topic, Partitions: 8, Retention: time.Hour}})
}

// A wiring makes publishers and subscribers of ours for the suite.
type wiring struct{ addr string }

func (w wiring) group(t *testing.T, group string) (message.Publisher, message.Subscriber) {
	s, err := kafka.NewSubscriber(kafka.SubscriberConfig{
		Brokers: []string{w.addr}, Group: group, Heartbeat: 200 * time.Millisecond,
		MaxAttempts: 100_000, // the suite nacks more than we would bear
		RetryWait:   time.Millisecond, RetryMax: 10 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // TestPublishSubscribeInOrder leaves some open
	return keyed{newPublisher(t, w.addr)}, creating{s, t, w.addr}
}

// one uses one group for each test.
func (w wiring) one(t *testing.T) (message.Publisher, message.Subscriber) {
	return w.group(t, t.Name())
}

func features() tests.Features {
	return tests.Features{ConsumerGroups: true, GuaranteedOrder: true, Persistent: true, ForceShort: testing.Short()}
}

func TestWatermillSuiteOnEmbedded(t *testing.T) {
	if testing.Short() {
		t.Skip("short: skipping Watermill's suite, which takes a minute")
	}
	w := wiring{startBroker(t).Addr()}
	tests.TestPubSub(t, features(), w.one, w.group)
}

func TestWatermillStressOnEmbedded(t *testing.T) {
	if os.Getenv("MASHANG_TEST_STRESS") == "" {
		t.Skip("set MASHANG_TEST_STRESS=1 for Watermill's stress test, which takes minutes")
	}
	w := wiring{startBroker(t).Addr()}
	tests.TestPubSubStressTest(t, features(), w.one, w.group)
}

func TestWatermillSuiteOnKafka(t *testing.T) {
	addr := os.Getenv("MASHANG_TEST_KAFKA")
	if addr == "" {
		t.Skip("MASHANG_TEST_KAFKA is not set to the host:port of an Apache Kafka")
	}
	w := wiring{addr}
	tests.TestPubSub(t, features(), w.one, w.group)
}
