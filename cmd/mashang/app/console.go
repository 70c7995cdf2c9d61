package app

import (
	"net/http"

	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/web/frame"
	"github.com/mashang-hub/mashang/hub/web/scores"
)

// mountConsole mounts the pages that are rows of the console's rights table.
func (a *App) mountConsole(mux *http.ServeMux, names frame.Names, assessing *api.Assessing) {
	mount := func(f *frame.Frame, routes []frame.Route) {
		f.Mount(mux, a.gate, routes...)
		a.pages = append(a.pages, routes...)
	}
	mount(a.rulePages(names).Routes())
	mount(scores.Config{Names: names, Assessing: assessing}.Routes())
	mount(a.warningPages(names).Routes())
}
