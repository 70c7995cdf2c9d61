package app

import (
	"net/http"

	"github.com/mashang-hub/mashang/hub/web/frame"
)

// mountConsole mounts the pages that are rows of the console's rights table.
func (a *App) mountConsole(mux *http.ServeMux, names frame.Names) {
	mount := func(f *frame.Frame, routes []frame.Route) {
		f.Mount(mux, a.gate, routes...)
		a.pages = append(a.pages, routes...)
	}
	mount(a.rulePages(names).Routes())
}
