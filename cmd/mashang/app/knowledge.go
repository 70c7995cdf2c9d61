package app

import (
	"context"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2/expirable"

	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/almanac"
)

// A dutyStore knows who holds which post.
type dutyStore interface {
	Duties(ctx context.Context, place hub.PlaceCode, now time.Time) ([]hub.Duty, error)
}

// knowledge supplies the facts of decisions from the city's folder and the
// posts in the store. Post holders are remembered for half a minute.
type knowledge struct {
	city   *city.City
	store  dutyStore
	clock  hub.Clock
	dates  *almanac.Almanac
	duties *lru.LRU[hub.PlaceCode, []hub.Duty]
	checks map[hub.DepartmentCode]hub.CheckRule
}

func newKnowledge(c *city.City, store dutyStore, clock hub.Clock, dates *almanac.Almanac) *knowledge {
	return &knowledge{
		city: c, store: store, clock: clock, dates: dates, checks: c.Checks(),
		duties: lru.NewLRU[hub.PlaceCode, []hub.Duty](4096, nil, 30*time.Second),
	}
}

// Facts returns what a decision about a case of this channel and place may use.
func (k *knowledge) Facts(ctx context.Context, channel hub.ChannelCode, place hub.PlaceCode) (hub.Facts, error) {
	if place == "" {
		place = k.city.Code
	}
	duties, ok := k.duties.Get(place)
	if !ok {
		var err error
		if duties, err = k.store.Duties(ctx, place, k.clock.Now()); err != nil {
			return hub.Facts{}, fmt.Errorf("post holders of %s: %w", place, err)
		}
		k.duties.Add(place, duties)
	}
	return hub.Facts{
		Calendar: k.dates.Calendar(), Hours: k.dates.Hours(), Policy: k.city.Allowances(channel),
		SendBack: k.city.SendBack, Extend: k.city.Extend(channel), Checks: k.checks, Ladder: k.city.Ladder, Duties: duties,
	}, nil
}
