package web

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/mask"
)

//go:embed template/*.html style.css
var files embed.FS

// A view is a page to be rendered: its template, title and data.
type view struct {
	Name   string // template without .html
	Title  string
	Nav    string // the entry of the menu that is current
	Data   any
	Status int // 0 means 200
	City   string
	Big    bool
	Public bool // a citizen's page: no console menu
	Path   string
	Who    string // who is logged in, "" without an account
	Banner string
}

type pages map[string]*template.Template

// parse reads every page together with the layout.
func (s *server) parse() pages {
	out := pages{}
	for _, name := range []string{
		"home", "cases", "case", "departments", "department", "channels", "track", "error", "login",
		"account", "deputies", "deputy", "reveal",
	} {
		out[name] = template.Must(template.New("layout.html").Funcs(s.funcs()).
			ParseFS(files, "template/layout.html", "template/"+name+".html"))
	}
	return out
}

func (s *server) funcs() template.FuncMap {
	return template.FuncMap{
		"word":       func(area string, name any) string { return word(area, name) },
		"department": s.departmentName, "channel": s.channelName, "place": s.placeName,
		"time": stamp, "day": dayStamp, "mask": mask.Text, "budget": budgetText,
		"left": s.left, "late": func(due time.Time) bool { return due.Before(s.clock.Now()) }, "actor": s.actorName, "tell": s.tell, "tone": tone, "picture": picture,
		"percent": func(f float64) int { return int(f*100 + 0.5) },
		"last":    last,
	}
}

// page renders what f returns, or the error page.
func (s *server) page(f func(*http.Request) (view, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r)
		if err != nil {
			v = s.errorView(err)
			v.Public = strings.HasPrefix(r.URL.Path, "/t")
		}
		s.render(w, r, v)
	}
}

func (s *server) render(w http.ResponseWriter, r *http.Request, v view) {
	c, err := r.Cookie("big")
	v.Big = err == nil && c.Value == "1"
	v.City, v.Path, v.Who = s.names.City, r.URL.RequestURI(), who(r)
	if s.names.Banner != nil && !v.Public && access.Of(r.Context()).Account != "" {
		v.Banner = s.names.Banner()
	}
	var b bytes.Buffer
	if err := s.pages[v.Name].Execute(&b, v); err != nil {
		http.Error(w, glossary.Message(""), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if v.Status != 0 {
		w.WriteHeader(v.Status)
	}
	_, _ = w.Write(b.Bytes()) // the reader left: nobody to tell
}

// errorView shows err in plain words; the cause stays inside.
func (s *server) errorView(err error) view {
	code := hub.CodeOf(err)
	title := glossary.In("code", string(code))
	return view{Name: "error", Title: title, Status: status(code), Data: sentence(err)}
}

// sentence says err in Chinese.
func sentence(err error) string {
	if e, ok := errors.AsType[*hub.Error](err); ok && e.Code != hub.CodeInternal {
		return glossary.Message(e.Key, e.Args...)
	}
	return glossary.Message("")
}

func status(code hub.ErrorCode) int {
	if n, ok := map[hub.ErrorCode]int{
		hub.CodeInvalid: http.StatusUnprocessableEntity, hub.CodeNotFound: http.StatusNotFound,
		hub.CodeConflict: http.StatusConflict, hub.CodeForbidden: http.StatusForbidden,
		hub.CodeUnauthorized: http.StatusUnauthorized, hub.CodeTooLarge: http.StatusRequestEntityTooLarge,
		hub.CodeUnavailable: http.StatusServiceUnavailable,
	}[code]; ok {
		return n
	}
	return http.StatusInternalServerError
}

func style(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=300")
	http.ServeFileFS(w, r, files, "style.css")
}

// big switches the large type (大字版) on or off and goes back.
func (s *server) big(w http.ResponseWriter, r *http.Request) {
	value := "1"
	if c, err := r.Cookie("big"); err == nil && c.Value == "1" {
		value = "0"
	}
	http.SetCookie(w, &http.Cookie{Name: "big", Value: value, Path: "/", MaxAge: 365 * 86400, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, local(r.URL.Query().Get("back")), http.StatusSeeOther)
}

// local returns a path of this site, "/" for everything else.
func local(back string) string {
	if !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") || strings.ContainsAny(back, "\\\r\n") {
		return "/"
	}
	return back
}

// isKey reports whether err carries key.
func isKey(err error, key string) bool {
	e, ok := errors.AsType[*hub.Error](err)
	return ok && e.Key == key
}
