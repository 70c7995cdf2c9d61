// Package frame is what all pages of the console stand in: layout, menu, style
// sheet, words, error page and the rights table that says who may open what.
//
// It knows no page: packages of pages hand in their templates and answer with
// a [View]. Start with [New] and [Protect].
package frame

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
)

//go:embed template/*.html style.css
var files embed.FS

// Names (名称) says what codes are called in this city.
type Names struct {
	City        string // such as 白银市
	Departments map[hub.DepartmentCode]string
	Channels    map[hub.ChannelCode]string
	// Places returns the name of a place, "" if unknown; nil knows none.
	Places func(hub.PlaceCode) string
	// Banner is what everybody at the console must know; nil or "" is nothing.
	Banner func() string
	// Report keeps an internal error for the operators and returns the number
	// under which they find it; nil keeps none.
	Report func(r *http.Request, err error) string
}

// A Frame renders the pages of one package. It is safe for concurrent use.
type Frame struct {
	Names Names
	Clock hub.Clock
	pages map[string]*template.Template
}

// New returns a frame for the pages template/*.html of pages, each of which
// defines "body"; files template/_*.html are parts that all of them may use,
// more are functions that only they need. It panics when a template is broken.
func New(names Names, clock hub.Clock, pages fs.FS, more template.FuncMap) *Frame {
	f := &Frame{Names: names, Clock: clock, pages: map[string]*template.Template{}}
	funcs := f.funcs()
	maps.Copy(funcs, more)
	layout := template.Must(template.New("layout.html").Funcs(funcs).ParseFS(files, "template/layout.html"))
	f.parse(layout, files)
	if pages != nil {
		if parts, _ := fs.Glob(pages, "template/_*.html"); len(parts) > 0 {
			template.Must(layout.ParseFS(pages, parts...))
		}
		f.parse(layout, pages)
	}
	return f
}

// parse adds pages, each in its own copy of the layout.
func (f *Frame) parse(layout *template.Template, pages fs.FS) {
	found, err := fs.Glob(pages, "template/[a-z]*.html")
	if err != nil {
		panic(fmt.Sprintf("pages: %v", err))
	}
	for _, name := range found {
		if path.Base(name) == "layout.html" {
			continue
		}
		page := template.Must(template.Must(layout.Clone()).ParseFS(pages, name))
		f.pages[strings.TrimSuffix(path.Base(name), ".html")] = page
	}
}

func (f *Frame) funcs() template.FuncMap {
	return template.FuncMap{
		"word":       func(area string, name any) string { return Word(area, name) },
		"department": f.Department, "channel": f.Channel, "place": f.Place, "actor": f.Actor,
		"time": Stamp, "day": dayStamp, "date": dateStamp, "mask": mask.Text, "budget": Budget,
		"left": f.Left, "late": func(due time.Time) bool { return due.Before(f.Clock.Now()) }, "tone": tone,
		"percent": func(f float64) int { return int(f*100 + 0.5) },
	}
}

// An Option is a choice of a list in a form.
type Option struct{ Value, Label string }

// DepartmentOptions lists the departments of the city by code.
func (f *Frame) DepartmentOptions() []Option {
	out := make([]Option, 0, len(f.Names.Departments))
	for _, code := range slices.Sorted(maps.Keys(f.Names.Departments)) {
		out = append(out, Option{string(code), f.Department(code)})
	}
	return out
}

// ChannelOptions lists the channels of the city by code.
func (f *Frame) ChannelOptions() []Option {
	out := make([]Option, 0, len(f.Names.Channels))
	for _, code := range slices.Sorted(maps.Keys(f.Names.Channels)) {
		out = append(out, Option{string(code), f.Channel(code)})
	}
	return out
}

// Guard refuses forms of other sites and sets the headers that every page
// carries.
func (f *Frame) Guard(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(f.Page(func(*http.Request) (View, error) {
		return View{}, hub.Errorf(hub.CodeForbidden, "form.cross_origin")
	}))
	next = guard.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
