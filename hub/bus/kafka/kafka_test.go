package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"go.uber.org/goleak"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/embedded"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The metrics library that sarama uses keeps one ticker for ever.
		goleak.IgnoreAnyFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

const patience = 30 * time.Second

var topic = bus.Topic{Name: "test", Partitions: 1, Retention: time.Hour}

func startBroker(t *testing.T, topics ...bus.Topic) *embedded.Broker {
	t.Helper()
	topics = append(topics, bus.Topic{Name: bus.DeadLetters, Partitions: 1, Retention: time.Hour})
	b, err := embedded.Start(t.Context(), t.TempDir(), "127.0.0.1:0", topics)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func newPublisher(t *testing.T, addr string) *kafka.Publisher {
	t.Helper()
	p, err := kafka.NewPublisher([]string{addr}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func newSubscriber(t *testing.T, addr, group string) *kafka.Subscriber {
	t.Helper()
	s, err := kafka.NewSubscriber(kafka.SubscriberConfig{
		Brokers: []string{addr}, Group: group, MaxAttempts: 3, RetryWait: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// consume runs handle until it calls stop, and fails when that takes too long.
func consume(t *testing.T, s *kafka.Subscriber, topic string, handle func(ctx context.Context, msgs []*message.Message, stop func()) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stopped := make(chan struct{})
	stop := sync.OnceFunc(func() { close(stopped) })
	var run sync.WaitGroup
	run.Go(func() {
		err := s.Consume(ctx, []string{topic}, func(ctx context.Context, msgs []*message.Message) error {
			return handle(ctx, msgs, stop)
		})
		if err != nil {
			t.Errorf("consume: %v", err)
		}
	})
	select {
	case <-stopped:
	case <-ctx.Done():
		t.Error("the handler was not done in time")
	}
	cancel()
	run.Wait()
}

// readAll reads n messages as a new group.
func readAll(t *testing.T, addr, topic string, n int) []*message.Message {
	t.Helper()
	var got []*message.Message
	consume(t, newSubscriber(t, addr, "read-"+topic), topic, func(_ context.Context, msgs []*message.Message, stop func()) error {
		got = append(got, msgs...)
		if len(got) >= n {
			stop()
		}
		return nil
	})
	return got
}

func numbered(n int) []*message.Message {
	msgs := make([]*message.Message, n)
	for i := range msgs {
		msgs[i] = message.NewMessage("id-"+strconv.Itoa(i), []byte(strconv.Itoa(i)))
		msgs[i].Metadata.Set(bus.MetaKey, "case-"+strconv.Itoa(i%3))
	}
	return msgs
}

func TestRoundTripKeepsEverythingInOrder(t *testing.T) {
	b := startBroker(t, topic)
	in := message.NewMessage("id", []byte("暖气不热\x00\xff"))
	in.Metadata = message.Metadata{bus.MetaKey: "案-1", bus.MetaType: "assigned", "bin": "\x00\xff"}
	msgs := append([]*message.Message{in}, numbered(1200)...)
	if err := newPublisher(t, b.Addr()).Publish(topic.Name, msgs...); err != nil {
		t.Fatal(err)
	}
	got := readAll(t, b.Addr(), topic.Name, len(msgs))
	if len(got) != len(msgs) {
		t.Fatalf("got %d messages, want %d", len(got), len(msgs))
	}
	for i := range got {
		if !got[i].Equals(msgs[i]) {
			t.Fatalf("message %d is %+v, want %+v", i, got[i], msgs[i])
		}
		if p, ok := bus.PositionOf(got[i].Context()); !ok || p.Topic != topic.Name || p.Offset != int64(i) {
			t.Fatalf("message %d says it is at %+v", i, p)
		}
	}
}

func TestPoisonBecomesADeadLetterAndStopsNothing(t *testing.T) {
	b := startBroker(t, topic)
	const n = 100
	if err := newPublisher(t, b.Addr()).Publish(topic.Name, numbered(n)...); err != nil {
		t.Fatal(err)
	}
	var order []string
	tries := 0
	consume(t, newSubscriber(t, b.Addr(), "g"), topic.Name, func(_ context.Context, msgs []*message.Message, stop func()) error {
		for _, m := range msgs {
			switch string(m.Payload) {
			case "17":
				if len(msgs) == 1 {
					tries++
				}
				return errors.New("cannot read this")
			case "42":
				panic("nor this")
			}
		}
		for _, m := range msgs {
			order = append(order, string(m.Payload))
		}
		if len(order) == n-2 {
			stop()
		}
		return nil
	})
	if len(order) != n-2 || tries != 3 {
		t.Fatalf("handled %d and tried the poison %d times, want %d and 3", len(order), tries, n-2)
	}
	for i := 1; i < len(order); i++ {
		before, _ := strconv.Atoi(order[i-1])
		after, _ := strconv.Atoi(order[i])
		if before >= after {
			t.Fatalf("%s was handled after %s", order[i], order[i-1])
		}
	}
	dead := readAll(t, b.Addr(), bus.DeadLetters, 2)
	if len(dead) != 2 || string(dead[0].Payload) != "17" || string(dead[1].Payload) != "42" {
		t.Fatalf("dead letters: %v", dead)
	}
	for k, want := range map[string]string{
		bus.MetaKey: "case-2", bus.DeadTopic: topic.Name, bus.DeadPartition: "0", bus.DeadOffset: "17",
		bus.DeadGroup: "g", bus.DeadReason: "cannot read this", bus.DeadAttempts: "3",
	} {
		if got := dead[0].Metadata.Get(k); got != want {
			t.Errorf("dead letter has %s = %q, want %q", k, got, want)
		}
	}
	if dead[0].UUID != "id-17" {
		t.Errorf("dead letter has UUID %s", dead[0].UUID)
	}
}

func TestUnavailableIsTriedUntilItWorks(t *testing.T) {
	b := startBroker(t, topic)
	if err := newPublisher(t, b.Addr()).Publish(topic.Name, numbered(5)...); err != nil {
		t.Fatal(err)
	}
	calls := 0
	s := newSubscriber(t, b.Addr(), "g")
	consume(t, s, topic.Name, func(_ context.Context, msgs []*message.Message, stop func()) error {
		if calls++; calls <= 8 { // more than MaxAttempts
			return fmt.Errorf("write case: %w", hub.Errorf(hub.CodeUnavailable, "store.unavailable"))
		}
		if len(msgs) != 5 {
			t.Errorf("the batch was taken apart: %d messages", len(msgs))
		}
		stop()
		return nil
	})
}

func TestCommittedIsNotSeenAgainAndUncommittedIs(t *testing.T) {
	b := startBroker(t, topic)
	pub := newPublisher(t, b.Addr())
	if err := pub.Publish(topic.Name, numbered(10)...); err != nil {
		t.Fatal(err)
	}
	first := newSubscriber(t, b.Addr(), "g")
	consume(t, first, topic.Name, func(ctx context.Context, msgs []*message.Message, stop func()) error {
		if p, _ := bus.PositionOf(msgs[0].Context()); p.Offset == 0 && len(msgs) == 10 {
			_ = pub.Publish(topic.Name, message.NewMessage("last", []byte("last")))
			return nil // committed
		}
		stop()
		<-ctx.Done() // dies in the middle
		return ctx.Err()
	})
	consume(t, newSubscriber(t, b.Addr(), "g"), topic.Name, func(_ context.Context, msgs []*message.Message, stop func()) error {
		if msgs[0].UUID != "last" {
			t.Errorf("starts again with %s", msgs[0].UUID)
		}
		stop()
		return nil
	})
}

func TestNackedTooOftenBecomesADeadLetter(t *testing.T) {
	b := startBroker(t, topic)
	if err := newPublisher(t, b.Addr()).Publish(topic.Name, numbered(2)...); err != nil {
		t.Fatal(err)
	}
	s := newSubscriber(t, b.Addr(), "g")
	msgs, err := s.Subscribe(t.Context(), topic.Name)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		m := <-msgs
		if m.UUID != "id-0" {
			t.Fatalf("got %s", m.UUID)
		}
		m.Nack()
	}
	m := <-msgs
	if m.UUID != "id-1" {
		t.Fatalf("after the poison came %s", m.UUID)
	}
	m.Ack()
	if dead := readAll(t, b.Addr(), bus.DeadLetters, 1); dead[0].UUID != "id-0" {
		t.Errorf("dead letter is %s", dead[0].UUID)
	}
}

func TestPublishErrorsHaveCodes(t *testing.T) {
	b := startBroker(t, topic)
	pub := newPublisher(t, b.Addr())
	big := message.NewMessage("big", make([]byte, 2<<20))
	if err := pub.Publish(topic.Name, big); hub.CodeOf(err) != hub.CodeTooLarge {
		t.Errorf("too large: %v", err)
	}
	if err := pub.Close(); err != nil {
		t.Fatal(err)
	}
	if err := pub.Publish(topic.Name, numbered(1)...); hub.CodeOf(err) != hub.CodeUnavailable {
		t.Errorf("closed: %v", err)
	}
	if _, err := kafka.NewPublisher([]string{"127.0.0.1:1"}, nil); hub.CodeOf(err) != hub.CodeUnavailable {
		t.Errorf("no broker: %v", err)
	}
}
