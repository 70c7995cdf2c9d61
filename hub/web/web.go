// Package web is the Chinese console (受理台): lists, case pages with actions,
// deliveries, and the citizen's page of a case.
//
// Pages are rendered here and work without scripts; nothing is loaded from
// elsewhere. Personal data is masked on every page. The package decides
// nothing: forms become commands for the desk. Start with [New].
package web

import (
	"context"
	"embed"
	"html/template"
	"net/http"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// A Store reads cases and deliveries. Its methods are safe for concurrent use
// and return an Error of CodeNotFound for a case that does not exist.
type Store interface {
	Cases(ctx context.Context, f hub.Filter) ([]hub.Summary, error)
	CountCases(ctx context.Context, f hub.Filter) (int, error)
	Case(ctx context.Context, id hub.CaseID) (hub.Case, hub.Submission, error)
	Events(ctx context.Context, id hub.CaseID) ([]hub.Event, error)
	Deliveries(ctx context.Context, id hub.CaseID) ([]hub.Delivery, error)
	// RecentDeliveries returns at most limit deliveries of dept, newest first;
	// an empty status means all.
	RecentDeliveries(ctx context.Context, dept hub.DepartmentCode, status hub.DeliveryStatus, limit int) ([]hub.Delivery, error)
}

// A Desk carries out commands and returns the case as it then is.
type Desk interface {
	Do(ctx context.Context, id hub.CaseID, cmd hub.Command) (hub.Case, error)
}

type server struct {
	*frame.Frame
	store Store
	desk  Desk
}

//go:embed template/*.html
var files embed.FS

func newServer(store Store, desk Desk, names frame.Names, clock hub.Clock) *server {
	s := &server{store: store, desk: desk}
	s.Frame = frame.New(names, clock, files, template.FuncMap{"tell": s.tell, "picture": picture, "last": last, "facts": facts})
	return s
}

// New returns the handler of all pages. It panics if the built-in templates
// are broken.
func New(store Store, desk Desk, names frame.Names, clock hub.Clock) http.Handler {
	s := newServer(store, desk, names, clock)
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", s.Page(s.home))
	m.HandleFunc("GET /cases", s.Page(s.cases))
	m.HandleFunc("GET /cases/{id}", s.Page(s.showCase))
	m.HandleFunc("POST /cases/{id}/do", s.do)
	m.HandleFunc("POST /redo/{id}", s.redo)
	m.HandleFunc("GET /cases/{id}/attachments/{sha}", s.attachment)
	m.HandleFunc("GET /departments", s.Page(s.departments))
	m.HandleFunc("GET /departments/{code}", s.Page(s.department))
	m.HandleFunc("GET /t", s.Page(s.track))
	m.HandleFunc("GET /t/{tracking}", s.Page(s.track))
	m.HandleFunc("GET /big", frame.Big)
	m.HandleFunc("GET /assets/style.css", frame.Style)
	m.HandleFunc("/", s.Page(func(*http.Request) (frame.View, error) {
		return frame.View{}, hub.Errorf(hub.CodeNotFound, "page.not_found")
	}))
	return s.Guard(m)
}
