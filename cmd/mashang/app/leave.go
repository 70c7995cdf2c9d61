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

// Revision grows with every change of posts and leaves.
func (c covered) Revision(ctx context.Context) (int64, error) { return c.leaves.Revision(ctx) }

// Turns returns when a post or a leave next begins or ends by itself.
func (c covered) Turns(ctx context.Context, after time.Time) (time.Time, error) {
	return c.leaves.Turns(ctx, after)
}
