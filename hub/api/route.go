package api

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
)

// A Route (接口) is one row of the rights table: the mux is built from it, so
// that there is no path without a rule.
type Route struct {
	Method, Path string
	Right        access.Right
	Reach        access.Reach
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
	if r.Method == "" || !strings.HasPrefix(r.Path, "/") || r.Handle == nil {
		return fmt.Errorf("route %s %s is not complete", r.Method, r.Path)
	}
	if err := access.CheckRule(r.Right, r.Reach); err != nil {
		return fmt.Errorf("route %s %s: %w", r.Method, r.Path, err)
	}
	switch {
	case r.Reach == access.OwnCases && r.Right == access.Public, r.Reach == access.ByNumber && r.Right != access.Public:
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
		req, err := access.Admit(s.opts.Gate, req, r.Right, r.Reach)
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
