package qr

import (
	"bytes"
	"crypto/rand"
	_ "embed" // the pages
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

//go:embed page.html
var pages string

// view is what the pages show.
type view struct {
	Code, Where, Nonce, Error, Status string
	Text, Phone, Name, More           string
	Elsewhere                         hub.PlaceCode // where the citizen says they are
	Nearby                            []hub.Place
	Max, Photos                       int
	Done                              hub.Acceptance
}

// Pages serves GET and POST /q/{code}.
func (a *adapter) Pages() http.Handler {
	t := template.Must(template.New("qr").Parse(pages)) // our own text
	mux := http.NewServeMux()
	mux.HandleFunc("GET /q/{code}", func(w http.ResponseWriter, r *http.Request) { a.form(w, r, t) })
	mux.HandleFunc("POST /q/{code}", func(w http.ResponseWriter, r *http.Request) { a.submit(w, r, t) })
	return mux
}

func (a *adapter) form(w http.ResponseWriter, r *http.Request, t *template.Template) {
	v, _, ok := a.scan(w, r, t)
	if ok {
		v.Nonce = rand.Text()
		a.show(w, t, "form", http.StatusOK, v)
	}
}

// scan finds the spot of the code in the address, or answers with a page that
// says what to do instead.
func (a *adapter) scan(w http.ResponseWriter, r *http.Request, t *template.Template) (view, adapters.Spot, bool) {
	token := r.PathValue("code")
	spot, err := a.deps.Codes.Scan(r.Context(), token)
	if err != nil {
		status := adapters.StatusOf(err)
		if status >= http.StatusInternalServerError {
			w.Header().Set("Retry-After", "5")
			a.deps.Log.Error("find the code", "err", err)
		}
		a.show(w, t, "unknown", status, view{Error: adapters.Sentence(err)})
		return view{}, spot, false
	}
	return view{
		Code: token, Where: a.where(r.Context(), spot), Nearby: a.deps.Codes.Nearby(r.Context(), spot.Place.Code),
	}, spot, true
}

func (a *adapter) submit(w http.ResponseWriter, r *http.Request, t *template.Template) {
	v, spot, ok := a.scan(w, r, t)
	if !ok {
		return
	}
	s, err := a.fromForm(w, r, spot.Place, &v)
	if err == nil {
		v.Done, err = a.accept(r, s)
	}
	if err != nil {
		status := adapters.StatusOf(err)
		if status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "5")
		}
		v.Error = adapters.Sentence(err)
		a.show(w, t, "form", status, v)
		return
	}
	if v.Elsewhere != "" && !v.Done.Duplicate {
		if err := a.deps.Codes.Elsewhere(r.Context(), v.Code, v.Elsewhere); err != nil {
			a.deps.Log.Warn("record where a code was used", "err", err) // the submission is safe
		}
	}
	v.Status = adapters.StatusURL(v.Done.Case)
	a.show(w, t, "done", http.StatusOK, v)
}

func (a *adapter) accept(r *http.Request, s hub.Submission) (hub.Acceptance, error) {
	answers, err := a.intake.Accept(r.Context(), []hub.Submission{s})
	if err != nil {
		return hub.Acceptance{}, err
	}
	return answers[0], answers[0].Err
}

// fromForm reads the form. What was typed goes back into v, so that nothing
// has to be typed again after an error; the nonce stays, so that a second try
// is the same submission.
func (a *adapter) fromForm(w http.ResponseWriter, r *http.Request, place hub.Place, v *view) (hub.Submission, error) {
	v.Nonce = rand.Text()
	limit := int64(a.config.MaxPhotos*a.config.MaxPhotoMB+1) << 20
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	err := r.ParseMultipartForm(4 << 20)
	if errors.Is(err, http.ErrNotMultipart) {
		err = nil // parsed as a plain form
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return hub.Submission{}, hub.Errorf(hub.CodeTooLarge, "http.body_too_long", limit)
	}
	if err != nil {
		return hub.Submission{}, &hub.Error{Code: hub.CodeInvalid, Key: "http.body", Err: err}
	}
	if n := r.PostFormValue("nonce"); n != "" {
		v.Nonce = n
	}
	v.Text, v.Phone, v.Name, v.More = r.PostFormValue("text"), r.PostFormValue("phone"), r.PostFormValue("name"), r.PostFormValue("more")
	q := Request{ID: v.Nonce, Code: v.Code, Place: place.Code, PlaceText: v.Where, Text: v.Text, Phone: v.Phone, Name: v.Name}
	a.correct(r, &q, v)
	if more := strings.TrimSpace(v.More); more != "" {
		q.PlaceText = strings.TrimSpace(q.PlaceText + " " + more)
	}
	s, err := a.submission(r.Context(), q)
	if err != nil {
		return s, err
	}
	s.Raw, s.MediaType = []byte(r.PostForm.Encode()), "application/x-www-form-urlencoded"
	s.Attachments, err = a.photos(r)
	return s, err
}

// correct takes the place that the citizen chose for the one of the code.
func (a *adapter) correct(r *http.Request, q *Request, v *view) {
	chosen := hub.PlaceCode(r.PostFormValue("elsewhere"))
	i := slices.IndexFunc(v.Nearby, func(p hub.Place) bool { return p.Code == chosen })
	if i < 0 || chosen == q.Place {
		return
	}
	v.Elsewhere, v.Where = chosen, a.address(r.Context(), v.Nearby[i])
	q.Place, q.PlaceText = chosen, v.Where
}

func (a *adapter) show(w http.ResponseWriter, t *template.Template, name string, status int, v view) {
	v.Max, v.Photos = a.config.MaxRunes, a.config.MaxPhotos
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, v); err != nil {
		a.deps.Log.Error("page", "error", err)
		http.Error(w, "系统出错，请拨 12345。", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the citizen went away
}
