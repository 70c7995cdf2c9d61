package qr

import (
	"bytes"
	"crypto/rand"
	_ "embed" // the pages
	"errors"
	"html/template"
	"net/http"
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
	place, ok := a.deps.Place(r.Context(), hub.PlaceCode(r.PathValue("code")))
	if !ok {
		a.show(w, t, "unknown", http.StatusNotFound, view{})
		return
	}
	a.show(w, t, "form", http.StatusOK, view{
		Code: r.PathValue("code"), Where: a.address(r.Context(), place), Nonce: rand.Text(),
	})
}

func (a *adapter) submit(w http.ResponseWriter, r *http.Request, t *template.Template) {
	code := r.PathValue("code")
	place, ok := a.deps.Place(r.Context(), hub.PlaceCode(code))
	if !ok {
		a.show(w, t, "unknown", http.StatusNotFound, view{})
		return
	}
	v := view{Code: code, Where: a.address(r.Context(), place)}
	s, err := a.fromForm(w, r, place, &v)
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
	q := Request{ID: v.Nonce, Place: place.Code, Text: v.Text, Phone: v.Phone, Name: v.Name}
	if more := strings.TrimSpace(v.More); more != "" {
		q.PlaceText = v.Where + " " + more
	}
	s, err := a.submission(r.Context(), q)
	if err != nil {
		return s, err
	}
	s.Raw, s.MediaType = []byte(r.PostForm.Encode()), "application/x-www-form-urlencoded"
	s.Attachments, err = a.photos(r)
	return s, err
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
