package postgres

import (
	"context"
	"slices"
	"sync"
)

// Together has the jobs of many callers done in rounds. While fewer than Rounds
// are under way a job is done at once and by itself; what comes while all are
// is done in the next round, at most Most jobs at once. So a round costs its
// fixed part once, the busier the hub the more, and nobody waits for company.
//
// Its methods are safe for concurrent use.
type Together[J any] struct {
	Rounds, Most int
	// Do does the jobs of one round, in the goroutine of one of the callers.
	Do func(jobs []J)

	mu      sync.Mutex
	running int
	waiting []*turn[J]
}

// A turn is one caller who waits.
type turn[J any] struct {
	job  J
	lead chan []*turn[J] // the round that this caller is to do
	done chan struct{}
}

// Join returns when j was done. Its only error is that of ctx, when it ends
// before the round begins; then j is not done. From there on j is seen through,
// even if the caller has gone.
func (g *Together[J]) Join(ctx context.Context, j J) error {
	t := &turn[J]{job: j, lead: make(chan []*turn[J], 1), done: make(chan struct{})}
	if g.enter(t) {
		g.round([]*turn[J]{t})
		return nil
	}
	gone := ctx.Done()
	for {
		select {
		case round := <-t.lead:
			g.round(round)
			return nil
		case <-t.done:
			return nil
		case <-gone:
			if g.leave(t) {
				return ctx.Err()
			}
			gone = nil
		}
	}
}

// Waiting is how many jobs wait for the next round.
func (g *Together[J]) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}

// enter reports whether t begins a round now; else it waits.
func (g *Together[J]) enter(t *turn[J]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running < g.Rounds {
		g.running++
		return true
	}
	g.waiting = append(g.waiting, t)
	return false
}

// leave reports whether t was still waiting.
func (g *Together[J]) leave(t *turn[J]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, t)
	if i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
	return i >= 0
}

// round does a round and has the first of those who wait do the next, whatever
// becomes of this one.
func (g *Together[J]) round(turns []*turn[J]) {
	defer func() {
		for _, t := range turns {
			close(t.done)
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		n := min(len(g.waiting), g.Most)
		if n == 0 {
			g.running--
			return
		}
		next := slices.Clone(g.waiting[:n])
		g.waiting = slices.Delete(g.waiting, 0, n)
		next[0].lead <- next
	}()
	jobs := make([]J, len(turns))
	for i, t := range turns {
		jobs[i] = t.job
	}
	g.Do(jobs)
}
