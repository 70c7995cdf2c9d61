package kafka_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
)

// Everybody who follows sees every message, and nothing from before.
func TestFollowersAllSeeWhatComes(t *testing.T) {
	wide := bus.Topic{Name: "wide", Partitions: 3, Retention: time.Hour}
	b := startBroker(t, wide)
	pub := newPublisher(t, b.Addr())
	if err := pub.Publish(wide.Name, message.NewMessage("before", nil)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	seen := [2]chan string{make(chan string, 100), make(chan string, 100)}
	for i := range seen {
		go func() {
			f := kafka.Follower{Brokers: []string{b.Addr()}, Log: slog.New(slog.DiscardHandler)}
			ended <- f.Follow(ctx, []string{wide.Name}, func(m *message.Message) { seen[i] <- m.UUID })
		}()
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(patience)
	for done := 0; done < len(seen); {
		select {
		case <-tick.C: // a follower sees what comes after it has arrived: knock until it opens
			if err := pub.Publish(wide.Name, message.NewMessage("after", nil)); err != nil {
				t.Fatal(err)
			}
		case got := <-seen[done]:
			if got != "after" {
				t.Errorf("follower %d saw %s", done, got)
			}
			done++
		case <-timeout:
			t.Fatal("a follower saw nothing")
		}
	}
	cancel()
	for range seen {
		if err := <-ended; err != nil {
			t.Errorf("follow ended with %v", err)
		}
	}
}
