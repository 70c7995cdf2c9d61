// Package api is the JSON face of the hub: cases, their events and deliveries,
// commands, and the citizen's view of a case.
//
// Every path is a row of one rights table, from which the mux is built: a path
// without a rule cannot be mounted. The API shows personal data masked only,
// answers problems (RFC 9457) in Chinese, and decides nothing: commands go to
// the desk. Start with [New] and [Route].
package api

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/order"
)

// A Store reads cases. Its methods are safe for concurrent use and return an
// Error of CodeNotFound for a case that does not exist.
type Store interface {
	Cases(ctx context.Context, f hub.Filter) ([]hub.Summary, error)
	CountCases(ctx context.Context, f hub.Filter) (int, error)
	Case(ctx context.Context, id hub.CaseID) (hub.Case, hub.Submission, error)
	Events(ctx context.Context, id hub.CaseID) ([]hub.Event, error)
	Deliveries(ctx context.Context, id hub.CaseID) ([]hub.Delivery, error)
}

// A Desk carries out commands and returns the case as it then is.
type Desk interface {
	Do(ctx context.Context, id hub.CaseID, cmd hub.Command) (hub.Case, error)
}

// A Config says what the API stands on. Store, Desk and Gate are required.
type Config struct {
	Store Store
	Desk  Desk
	// Gate finds out who asks.
	Gate access.Knower
	// Routes are those of other packages; they obey the same rules.
	Routes []Route
	// Ready reports whether work can be taken; nil means always.
	Ready func(ctx context.Context) error
	// Department gives the name of a department; nil leaves its code.
	Department func(hub.DepartmentCode) string
	// Log takes the causes of internal errors; nil drops them.
	Log *slog.Logger
}

type server struct {
	store Store
	desk  Desk
	opts  Config
}

// New returns the handler of /api/v1/, /healthz and /readyz. It panics when a
// route has no rule.
func New(opts Config) http.Handler {
	s := newServer(opts)
	m := http.NewServeMux()
	m.HandleFunc("GET /readyz", s.ready)
	for _, r := range s.routes() {
		s.mount(m, r)
	}
	m.HandleFunc("/api/", s.handle(func(*http.Request) (any, error) { return nil, hub.Errorf(hub.CodeNotFound, "api.no_such_path") }))
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(s.handle(func(*http.Request) (any, error) { return nil, hub.Errorf(hub.CodeForbidden, "form.cross_origin") }))
	return guard.Handler(m)
}

func newServer(opts Config) *server {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Department == nil {
		opts.Department = func(d hub.DepartmentCode) string { return string(d) }
	}
	return &server{store: opts.Store, desk: opts.Desk, opts: opts}
}

// Routes returns the rights table of an API with these settings.
func Routes(opts Config) []Route { return newServer(opts).routes() }

// routes is the rights table.
func (s *server) routes() []Route {
	own := append(s.caseRoutes(), s.citizenRoutes()...)
	return append(own, s.opts.Routes...)
}

func (s *server) caseRoutes() []Route {
	return []Route{
		{
			Method: "GET", Path: "/api/v1/cases", Right: access.ReadCases, Reach: access.OwnCases, Handle: s.list,
			Summary: "列出事项，新的在前", Query: listParams(), Answer: List{},
		},
		{
			Method: "GET", Path: "/api/v1/cases/{id}", Right: access.ReadCases, Reach: access.OwnCases, Handle: s.show,
			Summary: "查看一件事项，个人信息已遮盖", Answer: View{},
		},
		{
			Method: "GET", Path: "/api/v1/cases/{id}/events", Right: access.ReadCases, Reach: access.OwnCases, Handle: s.events,
			Summary: "事项的经过", Answer: EventList{},
		},
		{
			Method: "GET", Path: "/api/v1/cases/{id}/deliveries", Right: access.ReadCases, Reach: access.OwnCases, Handle: s.deliveries,
			Summary: "事项的推送记录", Answer: DeliveryList{},
		},
		{
			Method: "POST", Path: "/api/v1/cases/{id}/commands", Right: access.ReadCases, Reach: access.OwnCases, Handle: s.command,
			Summary: "对事项执行一步操作；每种操作另需相应的权限", Body: order.Request{}, Answer: hub.Case{},
		},
		{
			Method: "GET", Path: "/api/v1/me", Right: access.Self, Reach: access.NoCases, Handle: s.me,
			Summary: "我是谁，能做什么", Answer: Me{},
		},
	}
}

func (s *server) citizenRoutes() []Route {
	return []Route{
		{
			Method: "GET", Path: "/healthz", Right: access.Public, Reach: access.NoCases, Summary: "进程是否活着",
			Handle: func(*http.Request) (any, error) { return map[string]string{"status": "ok"}, nil }, Answer: map[string]string{},
		},
		{
			Method: "GET", Path: "/api/openapi.json", Right: access.Public, Reach: access.NoCases, Handle: s.openapi,
			Summary: "接口文档，OpenAPI 3.1", Answer: map[string]any{},
		},
		{
			Method: "GET", Path: "/api/v1/status/{tracking}", Right: access.Public, Reach: access.ByNumber, Handle: s.status,
			Summary: "市民凭编号查询办理进度", Answer: Progress{},
		},
	}
}

// Me (我) is what a caller may know about itself.
type Me struct {
	access.Principal
	Rights []access.Right `json:"rights"`
}

func (s *server) me(r *http.Request) (any, error) {
	p := access.Of(r.Context())
	me := Me{Principal: p, Rights: []access.Right{}}
	for _, right := range access.Rights() {
		if p.Can(right) {
			me.Rights = append(me.Rights, right)
		}
	}
	return me, nil
}

func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	if s.opts.Ready != nil {
		if err := s.opts.Ready(r.Context()); err != nil {
			s.opts.Log.Warn("not ready", "err", err)
			writeProblem(w, &hub.Error{Code: hub.CodeUnavailable, Key: "api.not_ready", Err: err})
			return
		}
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

// handle writes what f returns, as JSON, as a file or as a problem.
func (s *server) handle(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if file, ok := v.(File); ok {
			writeFile(w, file)
			return
		}
		writeJSON(w, http.StatusOK, v)
	}
}

func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if hub.CodeOf(err) == hub.CodeInternal {
		s.opts.Log.Error("answer request", "method", r.Method, "route", r.Pattern, "err", err)
	}
	writeProblem(w, err)
}
