package app

import (
	"slices"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/duplicate"
	"github.com/mashang-hub/mashang/hub/postgres/deliveries"
	leaves "github.com/mashang-hub/mashang/hub/postgres/leave"
	"github.com/mashang-hub/mashang/hub/postgres/warnings"
)

// routes are the routes of the API beside those about cases.
func (a *App) routes(printed codes) []api.Route {
	pushing := api.Pushing{Store: deliveries.New(a.db), Departments: a.departmentCodes(), Clock: a.clock, Notify: a.notify}
	return slices.Concat(
		a.accessRoutes(), pushing.Routes(), a.feedbackRoutes(), a.silencing().Routes(), a.rules.Routes(a.released), ScoreRoutes(a.db, a.clock), a.codeRoutes(printed),
		api.PluginRoutes(plugins{a, a.pluginDir}), api.WarningRoutes(warnings.New(a.db), a.records(), a.closeWarning),
		api.DuplicateRoutes(duplicate.New(a.cases)), a.clockRoutes(),
		a.telling().Routes(),
		api.LeaveRoutes(leaves.New(a.db), a.clock, a.know.forget),
	)
}

func (a *App) codeRoutes(printed codes) []api.Route {
	return api.CodeRoutes(api.CodeConfig{
		Codes: printed.store, Signer: printed.signer, Clock: a.clock,
		Place:   func(p hub.PlaceCode) bool { _, ok := a.places[p]; return ok },
		Address: a.outside().address,
	})
}
