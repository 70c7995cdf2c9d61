package app

import (
	"context"
	"fmt"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/almanac"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/oversight"
	"github.com/mashang-hub/mashang/hub/postgres/clocks"
)

// openAlmanac adds the imported years to those of the city's folder.
func (a *App) openAlmanac(ctx context.Context) error {
	a.dates = almanac.New(a.city.Almanac, clocks.New(a.db), a.clock)
	if err := a.dates.Reload(ctx); err != nil {
		return fmt.Errorf("read the calendar: %w", err)
	}
	return nil
}

// calendarPause is how often a node looks for what another one imported.
const calendarPause = time.Minute

// reloadCalendar keeps the calendar that of all nodes until ctx ends. It begins
// with what an import did not come to.
func (a *App) reloadCalendar(ctx context.Context) error {
	moved, err := a.dates.Finish(hub.WithScope(ctx, hub.Everything()), a.desk)
	if err != nil && ctx.Err() == nil {
		a.log.Warn("count provisional clocks again", "err", err)
	} else if moved > 0 {
		a.log.Info("clocks that an import left provisional are counted again", "clocks", moved)
	}
	pause := time.NewTicker(calendarPause)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pause.C:
		}
		if err := a.dates.Reload(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("reload the calendar", "err", err)
		}
	}
}

// clockRoutes are the routes about calendars, deadlines and orders.
func (a *App) clockRoutes() []api.Route {
	own := api.Clocks{
		Almanac: a.dates, Watch: a.watcher, Store: a.cases, Desk: a.desk, Clock: a.clock,
		Facts: func(ctx context.Context, c hub.Case) (hub.Facts, error) { return a.know.Facts(ctx, c.Channel, c.Place) },
	}.Routes()
	return append(own, api.OversightRoutes(a.office())...)
}

// office is the supervision office.
func (a *App) office() *oversight.Office {
	return oversight.New(clocks.New(a.db), a.desk, a.clock, func() hub.Calendar { return a.dates.Calendar() })
}
