package dispatch

import (
	"log/slog"
	"sync"
)

// health is what a lane remembers of its department.
type health struct {
	mu     sync.Mutex
	last   string // the error that was logged last
	failed int    // attempts in a row that failed
	told   bool   // an alarm is on
}

// note logs err when it is another one than before.
func (h *health) note(log *slog.Logger, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	h.mu.Lock()
	changed := text != h.last
	h.last = text
	h.mu.Unlock()
	if changed && err != nil {
		log.Error("deliver alerts", "err", err)
	}
}

// count adds the outcome of a call and returns the alarm that it is, if any.
func (h *health) count(taken, failed int, reason string, after int) (Alarm, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if taken > 0 {
		h.failed = 0
		if h.told {
			h.told = false
			return Alarm{State: EndpointWell}, true
		}
		return Alarm{}, false
	}
	h.failed += failed
	if h.failed >= after && !h.told {
		h.told = true
		return Alarm{State: EndpointFailing, Reason: reason, Failures: h.failed}, true
	}
	return Alarm{}, false
}
