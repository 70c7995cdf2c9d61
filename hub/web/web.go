// Package web is the Chinese console (受理台): lists, case pages with actions,
// deliveries, channels, and the citizen's page of a case.
//
// Pages are rendered here and work without scripts; nothing is loaded from
// elsewhere. Personal data is masked on every page. The package decides
// nothing: forms become commands for the desk. Start with [New].
package web

import (
	"context"
	"net/http"

	"github.com/mashang-hub/mashang/hub"
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

// Names (名称) says what codes are called in this city.
type Names struct {
	City        string // such as 白银市
	Departments map[hub.DepartmentCode]string
	Channels    map[hub.ChannelCode]string
	// Places returns the name of a place, "" if unknown; nil knows none.
	Places func(hub.PlaceCode) string
	// Banner is what everybody at the console must know; nil or "" is nothing.
	Banner func() string
}

type server struct {
	store Store
	desk  Desk
	names Names
	clock hub.Clock
	pages pages
}

// New returns the handler of all pages. It panics if the built-in templates
// are broken.
func New(store Store, desk Desk, names Names, clock hub.Clock) http.Handler {
	s := &server{store: store, desk: desk, names: names, clock: clock}
	s.pages = s.parse()
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", s.page(s.home))
	m.HandleFunc("GET /cases", s.page(s.cases))
	m.HandleFunc("GET /cases/{id}", s.page(s.showCase))
	m.HandleFunc("POST /cases/{id}/do", s.do)
	m.HandleFunc("POST /redo/{id}", s.redo)
	m.HandleFunc("GET /cases/{id}/attachments/{sha}", s.attachment)
	m.HandleFunc("GET /departments", s.page(s.departments))
	m.HandleFunc("GET /departments/{code}", s.page(s.department))
	m.HandleFunc("GET /channels", s.page(s.channels))
	m.HandleFunc("GET /t", s.page(s.track))
	m.HandleFunc("GET /t/{tracking}", s.page(s.track))
	m.HandleFunc("GET /big", s.big)
	m.HandleFunc("GET /assets/style.css", style)
	m.HandleFunc("/", s.page(func(*http.Request) (view, error) {
		return view{}, hub.Errorf(hub.CodeNotFound, "page.not_found")
	}))
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(s.page(func(*http.Request) (view, error) {
		return view{}, hub.Errorf(hub.CodeForbidden, "form.cross_origin")
	}))
	return secure(guard.Handler(m))
}

// secure sets the headers that every page carries.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
