package frame

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// A rule says which right the pages below a path need.
type rule struct {
	path  string
	right access.Right
	reach access.Reach
}

// rules is the rights table of the console; the first that fits holds. A page
// that is not here opens for the installation's own token and the
// demonstration only.
func rules() []rule {
	return []rule{
		{"/cases", access.ReadCases, access.OwnCases},
		{"/redo", access.RedoDeliveries, access.OwnCases},
		{"/departments", access.ReadDeliveries, access.OwnCases},
		{"/board", access.ReadAssessment, access.OwnCases},
		{"/redo", access.RedoDeliveries, access.OwnCases},
		{"/reveal", access.Reveal, access.OwnCases},
		{"/deputy", access.ViewAsDeputy, access.OwnCases},
		{"/account", access.Self, access.NoCases},
		{"/t", access.Public, access.ByNumber},
		{"/login", access.Public, access.NoCases},
		{"/logout", access.Public, access.NoCases},
		{"/big", access.Public, access.NoCases},
		{"/assets", access.Public, access.NoCases},
	}
}

// ruleOf returns the rule of path.
func ruleOf(path string) (rule, bool) {
	if path == "/" {
		return rule{"/", access.ReadCases, access.OwnCases}, true
	}
	for _, r := range rules() {
		if path == r.path || strings.HasPrefix(path, r.path+"/") {
			return r, true
		}
	}
	return rule{}, false
}

// Protect lets only those open a page who have the right to it, and binds what
// the page reads and changes to what they may see. Who has not logged in is
// sent to the log-in page.
func Protect(next http.Handler, gate access.Knower) http.Handler {
	refusing := New(Names{}, nil, nil, nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to, known := ruleOf(r.URL.Path)
		if !known {
			to = rule{r.URL.Path, access.Self, access.OwnCases}
		}
		admitted, err := access.Admit(gate, r, to.right, to.reach)
		if err == nil && !known && !access.Of(admitted.Context()).Service {
			err = hub.Errorf(hub.CodeForbidden, "right.missing", to.path)
		}
		switch {
		case err == nil && !known:
			next.ServeHTTP(w, admitted.WithContext(hub.WithScope(admitted.Context(), hub.Everything())))
		case err == nil:
			next.ServeHTTP(w, admitted)
		case r.URL.Path == "/" && hub.CodeOf(err) == hub.CodeForbidden:
			toOwnPage(w, r, gate, err)
		default:
			refusing.refuse(w, r, gate, err)
		}
	})
}

// askToLogIn sends a reader to the log-in page and tells a program why not.
func askToLogIn(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.Header.Get("Authorization") == "" && strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="mashang", charset="UTF-8"`)
	http.Error(w, glossary.In("code", string(hub.CodeUnauthorized)), http.StatusUnauthorized)
}

// toOwnPage leads those who may not see cases to the first page that is theirs.
func toOwnPage(w http.ResponseWriter, r *http.Request, gate access.Knower, refused error) {
	if p, err := gate.Principal(r); err == nil {
		if own := menu(p); len(own) > 0 {
			http.Redirect(w, r, own[0].Path, http.StatusSeeOther)
			return
		}
	}
	http.Error(w, Sentence(refused), http.StatusForbidden)
}
