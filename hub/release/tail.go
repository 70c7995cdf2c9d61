package release

import (
	"context"
	"net/http"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Judged (判定实况) is one decision as it was made.
type Judged struct {
	Case     hub.CaseID      `json:"case"`
	At       time.Time       `json:"at"`
	Channel  hub.ChannelCode `json:"channel"`
	Place    hub.PlaceCode   `json:"place,omitempty"`
	Title    string          `json:"title"` // masked
	To       string          `json:"to"`
	Decision hub.Decision    `json:"decision"`
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// A JudgedPage (判定实况页) is the answer to a watcher.
type JudgedPage struct {
	Decisions []Judged  `json:"decisions"`
	Next      time.Time `json:"next"` // to ask with, as ?after=
}

// How long a watcher waits for the next decision, how often the store is
// looked at meanwhile, and how late a decision may become visible.
const (
	longPoll = 20 * time.Second
	lookEach = 300 * time.Millisecond
	latest   = 2 * time.Second
)

// tail answers with the decisions after ?after=; without it, from now on. The
// last two seconds are told again, because decisions commit out of order: a
// watcher leaves out the cases that it has seen.
func (m *Manager) tail(r *http.Request, lib Library) (any, error) {
	page := JudgedPage{Decisions: []Judged{}, Next: m.clock.Now()}
	s := r.URL.Query().Get("after")
	if s == "" {
		return page, nil
	}
	after, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "query.invalid", Args: []any{"after"}, Err: err}
	}
	ctx, cancel := context.WithTimeout(r.Context(), longPoll)
	defer cancel()
	tick := time.NewTicker(lookEach)
	defer tick.Stop()
	page.Next = after
	for known := -1; ; {
		list, err := lib.Judged(r.Context(), after.Add(-latest), 500)
		if err != nil {
			return nil, err
		}
		if known < 0 {
			known = len(list) // the watcher was told these, but for those after
		}
		if n := len(list); n > 0 && (list[n-1].At.After(after) || n > known) {
			return JudgedPage{list, later(list[n-1].At, after)}, nil
		}
		page.Decisions = append(page.Decisions[:0], list...)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return page, nil
		}
	}
}
