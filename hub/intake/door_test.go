package intake

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
)

// stuck is a bus that takes nothing until it is told to.
type stuck struct{ open, entered chan struct{} }

func (s stuck) Publish(string, ...*message.Message) error {
	s.entered <- struct{}{}
	<-s.open
	return nil
}

func batch(n, size int) []hub.Submission {
	subs := make([]hub.Submission, size)
	for i := range subs {
		subs[i] = hub.Submission{Channel: "qr", ExternalID: strconv.Itoa(n) + "/" + strconv.Itoa(i), Content: hub.Content{Text: "冷"}}
	}
	return subs
}

// A bus that stands still holds nobody for long, and what comes beyond the
// limit is told so at once; when it goes on, the same again is a duplicate.
func TestTheDoorDoesNotQueueForEver(t *testing.T) {
	bus := stuck{make(chan struct{}), make(chan struct{}, 100)}
	i := New(bus, nil, []byte("k"), "BY", hub.ClockFunc(time.Now))
	i.patient = 50 * time.Millisecond
	ctx := context.Background()
	for n := range 2 {
		if _, err := i.Accept(ctx, batch(n, pending/2)); hub.CodeOf(err) != hub.CodeUnavailable {
			t.Fatalf("a bus that stands still: %v", err)
		}
		<-bus.entered
	}
	i.patient = time.Hour
	if _, err := i.Accept(ctx, batch(3, 1)); hub.CodeOf(err) != hub.CodeUnavailable {
		t.Fatalf("beyond the limit: %v", err)
	}
	close(bus.open)
	i.putting.Wait()
	got, err := i.Accept(ctx, batch(0, 1))
	if err != nil || !got[0].Duplicate {
		t.Errorf("sent again after the bus went on: %+v, %v", got, err)
	}
	if got, err := i.Accept(ctx, batch(3, 1)); err != nil || got[0].Duplicate {
		t.Errorf("the one that was turned away: %+v, %v", got, err)
	}
}
