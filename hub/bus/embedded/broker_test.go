package embedded_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/embedded"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
)

func start(t *testing.T, dir, addr string) *embedded.Broker {
	t.Helper()
	b, err := embedded.Start(t.Context(), dir, addr, bus.Topics([]hub.DepartmentCode{"heating"}, 4))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func publish(t *testing.T, p *kafka.Publisher, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		m := message.NewMessage(strconv.Itoa(i), []byte("暖气不热"))
		m.Metadata.Set(bus.MetaKey, strconv.Itoa(i))
		if err := p.Publish(bus.Submissions, m); err != nil {
			t.Fatalf("publish %d: %v", i, err)
		}
	}
}

func TestRestartKeepsWhatWasAcknowledged(t *testing.T) {
	dir := t.TempDir()
	b := start(t, dir, ":0")
	addr := b.Addr()
	pub, err := kafka.NewPublisher([]string{addr}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pub.Close() }()
	publish(t, pub, 0, 20)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if b = start(t, dir, addr); b.Addr() != addr {
		t.Fatalf("came back on %s, was on %s", b.Addr(), addr)
	}
	publish(t, pub, 20, 30) // the same publisher goes on

	s, err := kafka.NewSubscriber(kafka.SubscriberConfig{Brokers: []string{addr}, Group: "g"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	seen := make(chan string, 100)
	go func() {
		_ = s.Consume(ctx, []string{bus.Submissions}, func(_ context.Context, msgs []*message.Message) error {
			for _, m := range msgs {
				seen <- m.UUID
			}
			return nil
		})
	}()
	got := map[string]bool{}
	for len(got) < 30 {
		select {
		case id := <-seen:
			got[id] = true
		case <-ctx.Done():
			t.Fatalf("only %d of 30 messages came back", len(got))
		}
	}
}

func TestFolderBelongsToOneBroker(t *testing.T) {
	dir := t.TempDir()
	b := start(t, dir, "127.0.0.1:0")
	_, err := embedded.Start(t.Context(), dir, "127.0.0.1:0", nil)
	if e, ok := errors.AsType[*hub.Error](err); !ok || e.Code != hub.CodeConflict || e.Key != "data.locked" {
		t.Fatalf("second broker: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	start(t, dir, "127.0.0.1:0")
}

func TestRefusesOtherMachines(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:9092", "192.168.1.5:9092", "nonsense"} {
		if _, err := embedded.Start(t.Context(), t.TempDir(), addr, nil); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%s: %v", addr, err)
		}
	}
}
