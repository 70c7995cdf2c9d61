package app

import (
	"context"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/leave"
	leaves "github.com/mashang-hub/mashang/hub/postgres/leave"
	"github.com/mashang-hub/mashang/hub/postgres/places"
)

// covered is who holds which post, with those who stand in.
type covered struct {
	places *places.Store
	leaves *leaves.Store
}

// Duties returns who holds each rung for a place at now.
func (c covered) Duties(ctx context.Context, place hub.PlaceCode, now time.Time) ([]hub.Duty, error) {
	duties, err := c.places.Duties(ctx, place, now)
	if err != nil {
		return nil, err
	}
	open, err := c.leaves.Open(ctx, now)
	return leave.Cover(duties, open, now), err
}
