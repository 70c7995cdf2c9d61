package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/almanac"
	"github.com/mashang-hub/mashang/hub/deadline"
)

// A dutyStore knows who holds which post.
type dutyStore interface {
	Duties(ctx context.Context, place hub.PlaceCode, now time.Time) ([]hub.Duty, error)
	// Revision grows with every change of that, made by whatever node.
	Revision(ctx context.Context) (int64, error)
	// Turns returns when it next changes by itself, zero when it does not.
	Turns(ctx context.Context, after time.Time) (time.Time, error)
}

// glance is how long a node takes post holders on trust, except when a clock
// fires.
const glance = time.Second

// A dutyKey names post holders as they were at one revision.
type dutyKey struct {
	revision int64
	turns    int64 // when they change by themselves
	place    hub.PlaceCode
}

// knowledge supplies the facts of decisions from the city's folder and the
// posts in the store. It remembers post holders, and looks whether they changed
// once a second and in every transaction that fires clocks.
type knowledge struct {
	city   *city.City
	store  dutyStore
	clock  hub.Clock
	dates  *almanac.Almanac
	duties *lru.Cache[dutyKey, []hub.Duty]
	checks map[hub.DepartmentCode]hub.CheckRule

	mu       sync.Mutex // guards all below
	revision int64
	turns    time.Time
	looked   time.Time
}

func newKnowledge(c *city.City, store dutyStore, clock hub.Clock, dates *almanac.Almanac) *knowledge {
	duties, err := lru.New[dutyKey, []hub.Duty](4096)
	if err != nil {
		panic(err) // of a size below one
	}
	return &knowledge{city: c, store: store, clock: clock, dates: dates, checks: c.Checks(), duties: duties}
}

// Facts returns what a decision about a case of this channel and place may use.
func (k *knowledge) Facts(ctx context.Context, channel hub.ChannelCode, place hub.PlaceCode) (hub.Facts, error) {
	now := k.clock.Now()
	key, err := k.look(ctx, now, glance)
	if err != nil {
		return hub.Facts{}, err
	}
	key.place = place
	return k.facts(ctx, channel, key, now)
}

// forget has the next decision look whether post holders changed.
func (k *knowledge) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.looked = time.Time{}
}

// Firing returns the facts of one transaction that fires clocks: who holds a
// post is what is so once the first case is locked, see [deadline.KnowFunc].
func (k *knowledge) Firing() deadline.FactsFunc {
	var known dutyKey
	looked := false
	return func(ctx context.Context, c hub.Case, now time.Time) (hub.Facts, error) {
		if !looked {
			var err error
			if known, err = k.look(ctx, now, 0); err != nil {
				return hub.Facts{}, err
			}
			looked = true
		}
		key := known
		key.place = c.Place
		return k.facts(ctx, c.Channel, key, now)
	}
}

// look returns the key of what holds at now, without a place. The store is
// asked unless it was less than trust ago.
func (k *knowledge) look(ctx context.Context, now time.Time, trust time.Duration) (dutyKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	turned := !k.turns.IsZero() && !now.Before(k.turns) || now.Before(k.looked)
	if turned || now.Sub(k.looked) >= trust {
		revision, err := k.store.Revision(ctx)
		if err != nil {
			return dutyKey{}, err
		}
		if turned || revision != k.revision {
			if k.turns, err = k.store.Turns(ctx, now); err != nil {
				return dutyKey{}, err
			}
		}
		k.revision, k.looked = revision, now
	}
	return dutyKey{revision: k.revision, turns: k.turns.UnixNano()}, nil
}

func (k *knowledge) facts(ctx context.Context, channel hub.ChannelCode, key dutyKey, now time.Time) (hub.Facts, error) {
	if key.place == "" {
		key.place = k.city.Code
	}
	duties, ok := k.duties.Get(key)
	if !ok {
		var err error
		if duties, err = k.store.Duties(ctx, key.place, now); err != nil {
			return hub.Facts{}, fmt.Errorf("post holders of %s: %w", key.place, err)
		}
		k.duties.Add(key, duties)
	}
	return hub.Facts{
		Calendar: k.dates.Calendar(), Hours: k.dates.Hours(), Policy: k.city.Allowances(channel),
		SendBack: k.city.SendBack, Extend: k.city.Extend(channel), Checks: k.checks, Ladder: k.city.Ladder, Duties: duties,
	}, nil
}
