package frame

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// A View is a page to be rendered: its template, title and data.
type View struct {
	Name   string // template without .html
	Title  string
	Nav    string // path of the entry of the menu that is current
	Data   any
	Status int // 0 means 200
	City   string
	Big    bool
	Public bool // a citizen's page: no console menu
	Path   string
	Who    string // who is logged in, "" without an account
	Banner string
	Menu   []Entry
	// Refresh is after how many seconds the page looks again; 0 is never.
	Refresh int
	// To is where to go instead of showing anything.
	To string
	// File is downloaded instead of showing anything.
	File *File
}

// Page renders what show returns, or the error page.
func (f *Frame) Page(show func(*http.Request) (View, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := show(r)
		if err != nil {
			v = f.Failed(r, err)
		}
		f.Render(w, r, v)
	}
}

// Render writes v in its layout, or goes where it says.
func (f *Frame) Render(w http.ResponseWriter, r *http.Request, v View) {
	switch {
	case v.To != "":
		http.Redirect(w, r, v.To, http.StatusSeeOther)
		return
	case v.File != nil:
		download(w, *v.File)
		return
	}
	c, err := r.Cookie("big")
	v.Big = err == nil && c.Value == "1"
	p := access.Of(r.Context())
	v.City, v.Path, v.Menu = f.Names.City, r.URL.RequestURI(), menu(p)
	if !p.Service {
		v.Who = p.Name
	}
	if f.Names.Banner != nil && !v.Public && p.Account != "" {
		v.Banner = f.Names.Banner()
	}
	var b bytes.Buffer
	if err := f.pages[v.Name].Execute(&b, v); err != nil {
		http.Error(w, glossary.Message(""), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if v.Refresh > 0 {
		w.Header().Set("Refresh", strconv.Itoa(v.Refresh))
	}
	if v.Status != 0 {
		w.WriteHeader(v.Status)
	}
	_, _ = w.Write(b.Bytes()) // the reader left: nobody to tell
}

// Failed is the error page for what went wrong with r.
func (f *Frame) Failed(r *http.Request, err error) View {
	v := f.ErrorView(err)
	v.Public = strings.HasPrefix(r.URL.Path, "/t")
	if f.Names.Report != nil && hub.CodeOf(err) == hub.CodeInternal {
		v.Data = Sentence(err) + "错误号 " + f.Names.Report(r, err) + "，报给信息技术员可以查到原因。"
	}
	return v
}

// ErrorView shows err in plain words; the cause stays inside.
func (f *Frame) ErrorView(err error) View {
	code := hub.CodeOf(err)
	return View{Name: "error", Title: glossary.In("code", string(code)), Status: code.HTTPStatus(), Data: Sentence(err)}
}

// Refuse makes v the answer to a form that failed, and says why in Chinese.
func (v *View) Refuse(failed error) string {
	v.Title, v.Status = "错误："+v.Title, hub.CodeOf(failed).HTTPStatus()
	return Sentence(failed)
}

// Sentence says err in Chinese.
func Sentence(err error) string {
	if e, ok := errors.AsType[*hub.Error](err); ok && e.Code != hub.CodeInternal {
		return glossary.Message(e.Key, e.Args...)
	}
	return glossary.Message("")
}

// Style serves the style sheet.
func Style(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=300")
	http.ServeFileFS(w, r, files, "style.css")
}

// Big switches the large type (大字版) on or off and goes back.
func Big(w http.ResponseWriter, r *http.Request) {
	value := "1"
	if c, err := r.Cookie("big"); err == nil && c.Value == "1" {
		value = "0"
	}
	http.SetCookie(w, &http.Cookie{Name: "big", Value: value, Path: "/", MaxAge: 365 * 86400, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, Local(r.URL.Query().Get("back")), http.StatusSeeOther)
}

// Local returns a path of this site, "/" for everything else.
func Local(back string) string {
	if !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") || strings.ContainsAny(back, "\\\r\n") {
		return "/"
	}
	return back
}
