package app

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/cmd/mashang/channels"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/deputy"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/postgres/civic"
	"github.com/mashang-hub/mashang/hub/web/followup"
	"github.com/mashang-hub/mashang/hub/web/frame"
	auditpages "github.com/mashang-hub/mashang/hub/web/ledger"
	"github.com/mashang-hub/mashang/hub/web/people"
	"github.com/mashang-hub/mashang/hub/web/scores"
	"github.com/mashang-hub/mashang/hub/web/telling"
)

// mountConsole mounts the pages that are rows of the console's rights table.
func (a *App) mountConsole(mux *http.ServeMux, names frame.Names, assessing *api.Assessing, manager *channels.Manager) {
	mount := func(f *frame.Frame, routes []frame.Route) {
		f.Mount(mux, a.gate, routes...)
		a.pages = append(a.pages, routes...)
	}
	mount(a.rulePages(names).Routes())
	mount(scores.Config{Names: names, Assessing: assessing}.Routes())
	mount(a.warningPages(names).Routes())
	mount(people.Config{Names: names, People: &api.People{Accounts: a.people, Secrets: a.people, Clock: a.clock}}.Routes())
	mount(a.followUp(names).Routes())
	mount(manager.Pages(names))
	mount(a.tellingPages(names))
	mount(auditpages.Config{Names: names, Clock: a.clock, Ledger: a.ledger(), Checkpoints: a.checkpoints}.Routes())
}

// tellingPages are the pages of notices and silences.
func (a *App) tellingPages(names frame.Names) (*frame.Frame, []frame.Route) {
	return telling.Config{
		Names: names, Telling: a.telling(), Silencing: a.silencing(), Topics: topics(),
		Person: func(id hub.PersonID) string { return a.staff[id].Name },
	}.Routes()
}

// topics are what cases are about.
func topics() []frame.Option {
	var out []frame.Option
	for _, t := range glossary.Terms() {
		if code, ok := strings.CutPrefix(t.Code, "topic."); ok {
			out = append(out, frame.Option{Value: code, Label: t.Zh})
		}
	}
	return out
}

// followUp are the pages of orders, return visits and deputies' activity.
func (a *App) followUp(names frame.Names) followup.Config {
	store := civic.New(a.db)
	return followup.Config{
		Names: names, Topics: topics(), Clock: a.clock, Office: a.office(), Visits: &api.Visiting{Visits: store, Desk: a.desk, Clock: a.clock},
		Acts: func(ctx context.Context, since, until time.Time, limit int) ([]deputy.Act, error) {
			return store.Acts(ctx, "", "", since, until, limit)
		},
	}
}
