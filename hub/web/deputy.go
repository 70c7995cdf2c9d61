package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/deputy"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// A deputyList is the data of the deputies' list.
type deputyList struct {
	Total int
	Cases []deputy.View
	Mine  []deputy.Act
}

// A deputyFile is the data of a case as deputies see it.
type deputyFile struct {
	deputy.View
	Aspects       []frame.Option
	Done, Problem string
	Typed         string
}

type bench struct {
	*server
	bench *deputy.Bench
}

// Deputy returns the handler of /deputy: the cases of a deputy's district,
// without the citizen.
func Deputy(b *deputy.Bench, names frame.Names, clock hub.Clock) http.Handler {
	s := &bench{newServer(nil, nil, names, clock), b}
	m := http.NewServeMux()
	m.HandleFunc("GET /deputy", s.Page(s.list))
	m.HandleFunc("GET /deputy/{id}", s.Page(s.show))
	m.HandleFunc("POST /deputy/{id}", s.review)
	return s.Guard(m)
}

func (s *bench) list(r *http.Request) (frame.View, error) {
	views, total, err := s.bench.List(r.Context(), hub.Filter{Status: hub.Status(r.URL.Query().Get("status")), Limit: 50})
	if err != nil {
		return frame.View{}, err
	}
	mine, err := s.bench.Records.Acts(r.Context(), access.Of(r.Context()).Account, "", time.Time{}, time.Time{}, 20)
	return frame.View{Name: "deputies", Title: "代表看办理", Nav: "/deputy", Data: deputyList{total, views, mine}}, err
}

func (s *bench) file(r *http.Request) (deputyFile, error) {
	v, err := s.bench.Show(r.Context(), hub.CaseID(r.PathValue("id")), access.Of(r.Context()).Actor())
	f := deputyFile{View: v}
	for _, a := range deputy.Aspects() {
		f.Aspects = append(f.Aspects, frame.Option{Value: a, Label: glossary.In("aspect", a)})
	}
	return f, err
}

func (s *bench) show(r *http.Request) (frame.View, error) {
	f, err := s.file(r)
	if r.URL.Query().Get("done") != "" {
		f.Done = "已记下，谢谢您履职。"
	}
	return frame.View{Name: "deputy", Title: f.Title, Nav: "/deputy", Data: f}, err
}

func (s *bench) review(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 32<<10)
	err := r.ParseForm()
	var review deputy.Review
	if err == nil {
		review = deputy.Review{Suggestion: strings.TrimSpace(r.PostForm.Get("suggestion")), SendBack: r.PostForm.Get("back") == "1"}
		for _, a := range deputy.Aspects() {
			if n, bad := strconv.Atoi(r.PostForm.Get(a)); bad == nil {
				if review.Marks == nil {
					review.Marks = map[string]int{}
				}
				review.Marks[a] = n
			}
		}
		_, err = s.bench.Review(r.Context(), hub.CaseID(r.PathValue("id")), access.Of(r.Context()).Actor(), review)
	}
	if err == nil {
		http.Redirect(w, r, "/deputy/"+url.PathEscape(r.PathValue("id"))+"?done=1", http.StatusSeeOther)
		return
	}
	f, missing := s.file(r)
	if missing != nil {
		s.Render(w, r, s.Failed(r, missing))
		return
	}
	f.Problem, f.Typed = frame.Sentence(err), review.Suggestion
	s.Render(w, r, frame.View{Name: "deputy", Title: "错误：" + f.Title, Nav: "/deputy", Data: f, Status: hub.CodeOf(err).HTTPStatus()})
}
