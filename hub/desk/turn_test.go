package desk_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/desk"
)

// slowStore is one whose database answers when it is let.
type slowStore struct {
	desk.Store
	inside atomic.Int64
	answer chan struct{}
}

func (s *slowStore) InsertCases(_ context.Context, batch []hub.Opening) (int, error) {
	s.inside.Add(1)
	<-s.answer
	s.inside.Add(-1)
	return len(batch), nil
}

func TestBatchesBeyondTheProcessorsWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowStore{answer: make(chan struct{})}
		d := desk.New(s, toHeating{}, plainFacts{}, hub.ClockFunc(func() time.Time { return nine }))
		batch := []*message.Message{envelope(t, cold)}
		var all sync.WaitGroup
		most := runtime.GOMAXPROCS(0) + 1
		for range 3 * most {
			all.Go(func() {
				if err := d.Receive(t.Context(), batch); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if n := int(s.inside.Load()); n != most {
			t.Errorf("%d batches are stored at once, want %d", n, most)
		}
		ctx, cancel := context.WithCancel(t.Context())
		all.Go(func() {
			if err := d.Receive(ctx, batch); !errors.Is(err, context.Canceled) {
				t.Errorf("waited on after the end: %v", err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(s.answer)
		all.Wait()
	})
}
