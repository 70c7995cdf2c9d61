package app

import (
	"context"
	"time"

	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/citizen"
	"github.com/mashang-hub/mashang/hub/deputy"
	"github.com/mashang-hub/mashang/hub/postgres/civic"
)

// civicRoutes are the routes of deputies and citizens.
func (a *App) civicRoutes() []api.Route {
	store := civic.New(a.db)
	a.bench = &deputy.Bench{Cases: a.cases, Records: store, Desk: a.desk, Clock: a.clock}
	routes := api.DeputyRoutes(a.bench)
	return append(routes, api.CitizenRoutes(a.counter, store, a.desk, a.clock)...)
}

// openCounter makes the window at which citizens speak about their case.
func (a *App) openCounter(key []byte) {
	a.counter = citizen.New(a.cases, a.desk, a.clock, key, a.city.Citizen.ReopenDays)
}

const (
	visitWeek  = 7 * 24 * time.Hour // in which a rating may lead to a visit
	visitLate  = 10 * time.Minute   // after which a case that was closed is found in its row
	ratingLook = 60                 // looks, of a minute each, until ratings are looked for anew
)

// sampleVisits draws return visits: every minute of what was closed since, and
// every hour of what was rated badly within a week. A look at a week costs a
// large city seconds of its database.
func (a *App) sampleVisits(ctx context.Context) error {
	store := civic.New(a.db)
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for n := 0; ; n++ {
		since := visitLate
		if n%ratingLook == 0 {
			since = visitWeek
		}
		_, err := store.Sample(ctx, a.clock.Now().Add(-since), a.city.Citizen.VisitPercent)
		if err != nil && ctx.Err() == nil {
			a.log.Error("sample return visits", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
