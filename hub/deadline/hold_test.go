package deadline_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/deadline"
)

// A clock that jumps while the hub runs holds everything until it is confirmed
// or set back; a hub that was down fires at once.
func TestAJumpingClockIsHeld(t *testing.T) {
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	now := start
	m := &memory{cases: map[hub.CaseID]hub.Case{"BY1": opened(t, "BY1", start)}}
	w := deadline.New(m, know, out, hub.ClockFunc(func() time.Time { return now }), slog.New(slog.DiscardHandler))
	tick := func() int {
		t.Helper()
		n, err := w.Tick(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	tick()
	now = start.AddDate(0, 0, 3)
	if n := tick(); n != 0 || len(m.types()) != 0 {
		t.Fatalf("%d clocks fired after a jump of three days", n)
	}
	hold, held := w.Held()
	if !held || !hold.From.Equal(start) || !hold.To.Equal(now) {
		t.Fatalf("hold %+v, %v", hold, held)
	}
	now = start.Add(5 * time.Minute)
	if tick(); len(m.types()) != 0 {
		t.Fatal("something fired after the clock was set back")
	}
	if _, held := w.Held(); held {
		t.Fatal("held though the clock is right again")
	}
	now = start.AddDate(0, 0, 3)
	tick()
	if now = now.Add(time.Second); tick() != 0 {
		t.Fatal("a second look took the jump for the truth")
	}
	if !w.Confirm() || w.Confirm() {
		t.Fatal("confirming ends a hold once")
	}
	if tick() == 0 {
		t.Fatal("nothing fired after it was confirmed")
	}
	late := deadline.New(m, know, out, hub.ClockFunc(func() time.Time { return now.AddDate(0, 0, 9) }), slog.New(slog.DiscardHandler))
	if n, err := late.Tick(t.Context()); n == 0 || err != nil {
		t.Fatalf("a hub that was down fired %d, %v", n, err)
	}
}
