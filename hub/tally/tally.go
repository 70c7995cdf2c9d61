// Package tally counts recent cases by topic and place, for rules that ask
// whether others said the same lately (同类近期).
//
// It counts what is stored, a few seconds late, and keeps the counts in memory.
// Start with [New] and [Tally.Count].
package tally

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

const (
	// Keep is how far back cases are counted.
	Keep = 60 * 24 * time.Hour
	// fresh is how old the counts may be.
	fresh = 5 * time.Second
	// overlap is how long a case may take from being opened to being stored.
	overlap = 2 * time.Minute
	// patience bounds a look at the store.
	patience = 2 * time.Second
)

// An Opened is a case as far as it is counted.
type Opened struct {
	ID    hub.CaseID
	Topic string
	Place hub.PlaceCode
	At    time.Time
}

// A Store lists the cases with a topic that were opened since a moment.
type Store interface {
	Opened(ctx context.Context, since time.Time) ([]Opened, error)
}

// A Tally counts cases. It is safe for concurrent use.
type Tally struct {
	store Store
	clock hub.Clock
	log   *slog.Logger

	looking sync.Mutex // held by the one that looks at the store

	mu     sync.RWMutex
	byName map[string][]Opened // by topic, oldest first
	seen   map[hub.CaseID]time.Time
	looked time.Time
}

// New returns a Tally over store; it looks at nothing before it is asked.
func New(store Store, clock hub.Clock, log *slog.Logger) *Tally {
	return &Tally{store: store, clock: clock, log: log, byName: map[string][]Opened{}, seen: map[hub.CaseID]time.Time{}}
}

// Count returns how many cases of topic were opened in places that begin with
// prefix, from since until the moment. When the store does not answer, it
// counts what it knew before.
func (t *Tally) Count(topic, prefix string, since, until time.Time) int {
	t.refresh()
	t.mu.RLock()
	defer t.mu.RUnlock()
	list := t.byName[topic]
	from, _ := slices.BinarySearchFunc(list, since, func(o Opened, at time.Time) int { return o.At.Compare(at) })
	n := 0
	for _, o := range list[from:] {
		if !o.At.Before(until) {
			break
		}
		if strings.HasPrefix(string(o.Place), prefix) {
			n++
		}
	}
	return n
}

// refresh looks at the store if nobody else does and the counts are old. The
// first to ask waits for the first look.
func (t *Tally) refresh() {
	t.mu.RLock()
	looked := t.looked
	t.mu.RUnlock()
	now := t.clock.Now()
	if now.Sub(looked) < fresh {
		return
	}
	if looked.IsZero() {
		t.looking.Lock()
	} else if !t.looking.TryLock() {
		return
	}
	defer t.looking.Unlock()
	t.mu.RLock()
	looked = t.looked
	t.mu.RUnlock()
	if now.Sub(looked) < fresh {
		return
	}
	since := now.Add(-Keep)
	if !looked.IsZero() {
		since = looked.Add(-overlap)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	found, err := t.store.Opened(ctx, since)
	if err != nil {
		t.log.Warn("count recent cases", "err", err)
	}
	t.add(found, now)
}

func (t *Tally) add(found []Opened, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.looked = now
	touched := map[string]bool{}
	for _, o := range found {
		if _, known := t.seen[o.ID]; known {
			continue
		}
		t.seen[o.ID] = o.At
		t.byName[o.Topic] = append(t.byName[o.Topic], o)
		touched[o.Topic] = true
	}
	for topic := range touched {
		slices.SortFunc(t.byName[topic], func(a, b Opened) int { return a.At.Compare(b.At) })
	}
	t.forget(now.Add(-Keep))
}

// forget drops what is older than before.
func (t *Tally) forget(before time.Time) {
	for topic, list := range t.byName {
		n, _ := slices.BinarySearchFunc(list, before, func(o Opened, at time.Time) int { return o.At.Compare(at) })
		for _, o := range list[:n] {
			delete(t.seen, o.ID)
		}
		t.byName[topic] = list[n:]
	}
}
