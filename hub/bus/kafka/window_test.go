package kafka_test

import (
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/embedded"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
)

func TestWindow(t *testing.T) {
	topic := bus.Topic{Name: "w", Partitions: 3, Retention: bus.KeepWork}
	b, err := embedded.Start(t.Context(), t.TempDir(), "127.0.0.1:0", []bus.Topic{topic})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	pub, err := kafka.NewPublisher([]string{b.Addr()}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pub.Close() })
	publish := func(from, n int) {
		var msgs []*message.Message
		for i := from; i < from+n; i++ {
			m := message.NewMessage(fmt.Sprint(i), []byte("x"))
			m.Metadata.Set(bus.MetaKey, fmt.Sprint(i))
			msgs = append(msgs, m)
		}
		if err := pub.Publish("w", msgs...); err != nil {
			t.Fatal(err)
		}
	}
	count := func(from, to time.Time) int {
		n := 0
		err := kafka.Window(t.Context(), []string{b.Addr()}, kafka.Security{}, "w", from, to, func(*message.Message) error { n++; return nil })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	start := time.Now()
	publish(0, 20)
	middle := nextMilli()
	publish(20, 10)
	end := time.Now().Add(time.Second)
	if a, b, c, none := count(start.Add(-time.Hour), middle), count(middle, end), count(start.Add(-time.Second), end), count(end, end.Add(time.Hour)); a != 20 || b != 10 || c != 30 || none != 0 {
		t.Errorf("windows hold %d, %d, %d and %d, want 20, 10, 30 and 0", a, b, c, none)
	}
}

// nextMilli returns the begin of the next millisecond, the unit of the records'
// times, when it has come.
func nextMilli() time.Time {
	next := time.Now().Truncate(time.Millisecond).Add(time.Millisecond)
	for time.Now().Before(next) {
		runtime.Gosched()
	}
	return next
}
