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

// sampleVisits draws return visits of what was closed lately.
func (a *App) sampleVisits(ctx context.Context) error {
	store := civic.New(a.db)
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		_, err := store.Sample(ctx, a.clock.Now().AddDate(0, 0, -7), a.city.Citizen.VisitPercent)
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
