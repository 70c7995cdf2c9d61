package api

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/audit"
)

// A Reach (可及范围) says which cases the statements of a route may touch. Stores
// apply it; handlers cannot leave it out.
type Reach string

// The reaches.
const (
	NoCases  Reach = "none"     // none at all, whatever the caller's rights
	OwnCases Reach = "own"      // those on which the caller has the route's right
	ByNumber Reach = "tracking" // the one whose number the citizen shows
)

// A Route (接口) is one row of the rights table: the mux is built from it, so
// that there is no path without a rule.
type Route struct {
	Method, Path string
	Right        access.Right
	Reach        Reach
	Handle       func(*http.Request) (any, error)

	// The rest is for the OpenAPI document.
	Summary string // what it is for, in Chinese
	Query   []Param
	Body    any // a value of the type that is sent; nil for none
	Answer  any // a value of the type that is answered
	Media   string
}

// A Param (查询参数) is a parameter in the query of a path.
type Param struct {
	Name, Summary string
}

// A File (文件) is an answer that is downloaded.
type File struct {
	Name, Media string
	Data        []byte
}

// check refuses a route that has no rule.
func (r Route) check() error {
	known := r.Right == access.Public || r.Right == access.Self || slices.Contains(access.Rights(), r.Right)
	switch {
	case r.Method == "" || !strings.HasPrefix(r.Path, "/") || r.Handle == nil:
		return fmt.Errorf("route %s %s is not complete", r.Method, r.Path)
	case !known:
		return fmt.Errorf("route %s %s: %q is not a right that some role has", r.Method, r.Path, r.Right)
	case r.Reach != NoCases && r.Reach != OwnCases && r.Reach != ByNumber:
		return fmt.Errorf("route %s %s does not say which cases it may touch", r.Method, r.Path)
	case r.Reach == OwnCases && r.Right == access.Public, r.Reach == ByNumber && r.Right != access.Public:
		return fmt.Errorf("route %s %s: reach %s does not go with right %s", r.Method, r.Path, r.Reach, r.Right)
	case r.Summary == "":
		return fmt.Errorf("route %s %s has no summary", r.Method, r.Path)
	}
	return nil
}

// mount adds a route to m. It panics when the route has no rule, as the mux
// does for a pattern that it cannot read.
func (s *server) mount(m *http.ServeMux, r Route) {
	if err := r.check(); err != nil {
		panic(err)
	}
	handle := s.handle(r.Handle)
	m.HandleFunc(r.Method+" "+r.Path, func(w http.ResponseWriter, req *http.Request) {
		req, err := Admit(s.opts.Gate, req, r.Right, r.Reach)
		if err != nil {
			if hub.CodeOf(err) == hub.CodeUnauthorized {
				w.Header().Set("WWW-Authenticate", `Bearer realm="mashang"`)
			}
			s.fail(w, req, err)
			return
		}
		handle(w, req)
	})
}

// A Gate finds out who sends a request. Nobody is the zero Principal; a proof
// that is wrong is an error of CodeUnauthorized.
type Gate interface {
	Principal(r *http.Request) (access.Principal, error)
}

// Admit lets r pass if its sender has the right, and returns it bound to that
// sender: what is read and changed under its context stays within the reach
// and is recorded as the sender's. The console uses it too.
func Admit(gate Gate, r *http.Request, right access.Right, reach Reach) (*http.Request, error) {
	p, err := gate.Principal(r)
	switch {
	case err != nil && right == access.Public:
		p = access.Principal{}
	case err != nil:
		return r, err
	case !p.Can(right) && p.Account == "":
		return r, hub.Errorf(hub.CodeUnauthorized, "api.token")
	case !p.Can(right):
		return r, hub.Errorf(hub.CodeForbidden, "right.missing", string(right))
	}
	ctx := access.With(r.Context(), p)
	if p.Account != "" {
		ctx = audit.From(ctx, audit.Source{Actor: p.Actor(), Session: p.Session, Remote: remote(r)})
	}
	switch reach {
	case OwnCases:
		ctx = hub.WithScope(ctx, p.Scope(right))
	case NoCases:
		ctx = hub.WithScope(ctx, hub.Scope{})
	case ByNumber: // the number is the key
	}
	return r.WithContext(ctx), nil
}

func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
