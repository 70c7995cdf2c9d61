package deadline

import (
	"context"
	"time"
)

// jump is how far the clock may move between two looks of a running watcher
// before nothing fires any more without a person's word. A hub that was down
// is no jump: what fell due meanwhile fires when it starts.
const jump = 6 * time.Hour

// A Hold (停摆待确认) says that the clock jumped and that nothing fires: no
// warning, no reminder and no rung. All of it stays in line.
type Hold struct {
	From time.Time `json:"from"` // what the clock showed before
	To   time.Time `json:"to"`   // and after
}

// Held returns the hold, if there is one. It is safe for concurrent use.
func (w *Watcher) Held() (Hold, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hold, !w.hold.To.IsZero()
}

// Confirm says that the clock is right: what is due fires at the next look. It
// reports whether anything was held, and is safe for concurrent use.
func (w *Watcher) Confirm() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	held := !w.hold.To.IsZero()
	w.hold = Hold{}
	return held
}

// look notes the time and reports whether the clock can be relied on. A clock
// that was set back to where it was ends the hold by itself.
func (w *Watcher) look(ctx context.Context, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := w.looked
	w.looked = now
	switch {
	case !w.hold.To.IsZero():
		if now.Sub(w.hold.From) <= jump {
			w.log.InfoContext(ctx, "the clock is back, deadlines run again", "now", now)
			w.hold = Hold{}
		}
	case !last.IsZero() && now.Sub(last) > jump:
		w.hold = Hold{From: last, To: now}
		w.log.ErrorContext(ctx, "the clock jumped: nothing fires until somebody confirms it (mashang deadline confirm)",
			"from", last, "to", now)
	}
	return w.hold.To.IsZero()
}
