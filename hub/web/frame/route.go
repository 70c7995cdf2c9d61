package frame

import (
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
)

// A Route (页面) is one row of the rights table of the console: the mux is
// built from it, so that there is no page without a rule.
type Route struct {
	Method, Path string
	Right        access.Right
	Reach        access.Reach
	Show         Shower
}

// A Shower answers a request with a page, or with the error to be shown.
type Shower = func(*http.Request) (View, error)

// A File (下载文件) is an answer that is downloaded.
type File struct {
	Name, Media string
	Data        []byte
}

// maxForm bounds what a form may send, in bytes.
const maxForm = 256 << 10

// check refuses a route that has no rule.
func (r Route) check() error {
	if r.Method == "" || !strings.HasPrefix(r.Path, "/") || r.Show == nil {
		return fmt.Errorf("page %s %s is not complete", r.Method, r.Path)
	}
	if err := access.CheckRule(r.Right, r.Reach); err != nil {
		return fmt.Errorf("page %s %s: %w", r.Method, r.Path, err)
	}
	return nil
}

// Mount adds pages to m. It panics when one has no rule.
func (f *Frame) Mount(m *http.ServeMux, gate access.Knower, routes ...Route) {
	for _, to := range routes {
		if err := to.check(); err != nil {
			panic(err)
		}
		show := f.Page(to.Show)
		m.Handle(to.Method+" "+to.Path, f.Guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
			admitted, err := access.Admit(gate, r, to.Right, to.Reach)
			if err != nil {
				f.refuse(w, r, gate, err)
				return
			}
			show(w, admitted)
		})))
	}
}

// refuse sends who has not logged in to the log-in page and tells others why
// not, with the menu of what they may open.
func (f *Frame) refuse(w http.ResponseWriter, r *http.Request, gate access.Knower, err error) {
	if hub.CodeOf(err) == hub.CodeUnauthorized {
		askToLogIn(w, r)
		return
	}
	if p, unknown := gate.Principal(r); unknown == nil {
		r = r.WithContext(access.With(r.Context(), p))
	}
	f.Render(w, r, f.ErrorView(err))
}

// download writes a file.
func download(w http.ResponseWriter, file File) {
	h := w.Header()
	h.Set("Content-Type", file.Media)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}))
	_, _ = w.Write(file.Data) // the reader left: nobody to tell
}
