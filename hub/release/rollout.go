package release

import (
	"context"
	"encoding/json"
	"slices"
	"sync/atomic"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// Rules (规则集) judge submissions. Decide is pure and safe for concurrent use.
type Rules interface {
	Decide(s *hub.Submission) hub.Decision
	Hash() hub.RuleSetHash
}

// A version is a release whose rules are loaded.
type version struct {
	Release
	rules Rules
}

// decide asks the version and stamps its hash: a decision names the release
// that made it, whatever this program would compute today.
func (v *version) decide(s *hub.Submission) hub.Decision {
	d := v.rules.Decide(s)
	d.RuleSet = v.Hash
	return d
}

// A lineup is who judges what at one moment; canary and shadow may be nil.
type lineup struct{ active, canary, shadow *version }

// pending is how many comparisons may wait to be stored.
const pending = 10000

// A Rollout (规则分流) judges each submission by exactly one rule set and, where
// a shadow runs, lets that judge beside it. It is safe for concurrent use once
// the Manager has started.
type Rollout struct {
	lineup  atomic.Pointer[lineup]
	shadows chan Comparison
	dropped atomic.Int64
	clock   hub.Clock
}

func newRollout(clock hub.Clock) *Rollout {
	return &Rollout{shadows: make(chan Comparison, pending), clock: clock}
}

// Decide judges s by the canary, if s is in its scope, else by the active set.
func (r *Rollout) Decide(s *hub.Submission) hub.Decision {
	l := r.lineup.Load()
	v := l.active
	if l.canary != nil && l.canary.Scope.Has(s) {
		v = l.canary
	}
	d := v.decide(s)
	if l.shadow != nil {
		r.compare(s, d, l.shadow)
	}
	return d
}

func (r *Rollout) compare(s *hub.Submission, d hub.Decision, shadow *version) {
	e := shadow.decide(s)
	c := Comparison{
		Case: s.Case, At: r.clock.Now(), Shadow: shadow.Hash, Live: d.RuleSet,
		Before: d, After: e, Same: alike(&d, &e),
	}
	select {
	case r.shadows <- c:
	default:
		r.dropped.Add(1)
	}
}

// alike reports whether two decisions lead to the same.
func alike(a, b *hub.Decision) bool {
	if a.Destination() != b.Destination() || !slices.Equal(a.Co, b.Co) || a.StartRung != b.StartRung {
		return false
	}
	x, err1 := json.Marshal([]any{a.Class, a.Clocks})
	y, err2 := json.Marshal([]any{b.Class, b.Clocks})
	return err1 == nil && err2 == nil && string(x) == string(y)
}

// A ShadowStore keeps comparisons.
type ShadowStore interface {
	// SaveComparisons stores comparisons; one that is known is left as it is.
	SaveComparisons(ctx context.Context, list []Comparison) error
}

// record stores comparisons as they come, until ctx ends; then it stores what
// is left.
func (r *Rollout) record(ctx context.Context, store ShadowStore, report func(error)) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	var batch []Comparison
	flush := func(ctx context.Context) {
		if len(batch) == 0 {
			return
		}
		err := store.SaveComparisons(ctx, batch)
		report(err)
		if err == nil || len(batch) >= pending {
			batch = nil
		}
	}
	for {
		select {
		case c := <-r.shadows:
			if batch = append(batch, c); len(batch) >= 500 {
				flush(ctx)
			}
		case <-tick.C:
			flush(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			flush(last)
			cancel()
			return
		}
	}
}
