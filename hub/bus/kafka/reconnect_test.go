package kafka_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// TestBrokerKilledTwiceLosesNothing kills Apache Kafka with SIGKILL, twice,
// while a hundred publishers and a subscriber use it. It asks what Watermill's
// TestReconnect asks, which compares what was read with what was published
// before the last Publish has returned.
func TestBrokerKilledTwiceLosesNothing(t *testing.T) {
	addr, restart := os.Getenv("MASHANG_TEST_KAFKA"), os.Getenv("MASHANG_TEST_KAFKA_RESTART")
	if addr == "" || restart == "" {
		t.Skip("MASHANG_TEST_KAFKA and MASHANG_TEST_KAFKA_RESTART are not set: .ci/kafka/run sets them")
	}
	const total, publishers = 10_000, 100
	kill := killing(t, restart)
	pub, sub := wiring{addr}.one(t)
	topic := "reconnect-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	if err := (creating{t: t, addr: addr}).SubscribeInitialize(topic); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	messages, err := sub.Subscribe(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}

	var work sync.WaitGroup
	numbers := make(chan int)
	work.Go(func() {
		defer close(numbers)
		for i := range total {
			if i == total/3 || i == total/2 {
				work.Go(kill)
			}
			select {
			case numbers <- i:
			case <-ctx.Done():
				return
			}
		}
	})
	for range publishers {
		work.Go(func() {
			for i := range numbers {
				publishUntilAcked(ctx, t, pub, topic, message.NewMessage(strconv.Itoa(i), []byte("x")))
			}
		})
	}
	read := map[string]bool{}
	for len(read) < total {
		m, ok := <-messages
		if !ok {
			t.Errorf("read %d of %d messages until the time was up", len(read), total)
			break
		}
		read[m.UUID] = true
		m.Ack()
	}
	work.Wait()
	for i := range total {
		if !read[strconv.Itoa(i)] {
			t.Errorf("message %d was acknowledged and never read", i)
		}
	}
}

// killing makes the function that kills the broker and starts it again, one at
// a time. The command's path is relative to the top folder.
func killing(t *testing.T, command string) func() {
	args := strings.Fields(command)
	args[0] = filepath.Join("../../..", args[0])
	var one sync.Mutex
	return func() {
		one.Lock()
		defer one.Unlock()
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Error(fmt.Errorf("restart Kafka: %w: %s", err, out))
		}
	}
}

// publishUntilAcked publishes m again after every failure until ctx ends.
func publishUntilAcked(ctx context.Context, t *testing.T, pub message.Publisher, topic string, m *message.Message) {
	for ctx.Err() == nil {
		if err := pub.Publish(topic, m); err == nil {
			return
		}
	}
	t.Errorf("message %s was never acknowledged", m.UUID)
}
