// Package api is the JSON face of the hub: cases, their events and deliveries,
// commands, and the citizen's view of a case.
//
// It shows personal data masked only, answers problems (RFC 9457) in Chinese,
// and decides nothing: commands go to the desk. Start with [New].
package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"strings"

	"github.com/mashang-hub/mashang/hub"
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

// A Config says what the API stands on. Store and Desk are required.
type Config struct {
	Store Store
	Desk  Desk
	// Token must come as "Authorization: Bearer"; "" leaves the API open,
	// which is for demonstrations only.
	Token string
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

// New returns the handler of /api/v1/, /healthz and /readyz.
func New(opts Config) http.Handler {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Department == nil {
		opts.Department = func(d hub.DepartmentCode) string { return string(d) }
	}
	s := &server{store: opts.Store, desk: opts.Desk, opts: opts}
	m := http.NewServeMux()
	m.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, map[string]string{"status": "ok"}) })
	m.HandleFunc("GET /readyz", s.ready)
	m.HandleFunc("GET /api/v1/status/{tracking}", s.handle(s.status))
	m.HandleFunc("GET /api/v1/cases", s.private(s.list))
	m.HandleFunc("GET /api/v1/cases/{id}", s.private(s.show))
	m.HandleFunc("GET /api/v1/cases/{id}/events", s.private(s.events))
	m.HandleFunc("GET /api/v1/cases/{id}/deliveries", s.private(s.deliveries))
	m.HandleFunc("POST /api/v1/cases/{id}/commands", s.private(s.command))
	m.HandleFunc("/api/", s.handle(func(*http.Request) (any, error) { return nil, hub.Errorf(hub.CodeNotFound, "api.no_such_path") }))
	return m
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

// handle writes what f returns, as JSON or as a problem.
func (s *server) handle(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r)
		if err != nil {
			if hub.CodeOf(err) == hub.CodeInternal {
				s.opts.Log.Error("answer request", "method", r.Method, "path", r.URL.Path, "err", err)
			}
			writeProblem(w, err)
			return
		}
		writeJSON(w, http.StatusOK, v)
	}
}

// private lets only those pass who know the token.
func (s *server) private(f func(*http.Request) (any, error)) http.HandlerFunc {
	next := s.handle(f)
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.knows(r.Header.Get("Authorization")) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="mashang"`)
			writeProblem(w, hub.Errorf(hub.CodeUnauthorized, "api.token"))
			return
		}
		next(w, r)
	}
}

func (s *server) knows(header string) bool {
	if s.opts.Token == "" {
		return true
	}
	scheme, token, _ := strings.Cut(header, " ")
	got, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(s.opts.Token))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}
