package api

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// A Problem (错误应答) is what the API answers when it cannot do what it was
// asked, as application/problem+json.
type Problem struct {
	Type   string        `json:"type"`
	Title  string        `json:"title"`
	Status int           `json:"status"`
	Detail string        `json:"detail"`
	Code   hub.ErrorCode `json:"code"`
	Key    string        `json:"key,omitempty"`
}

// ProblemOf describes err for people; the cause stays inside.
func ProblemOf(err error) Problem {
	code := hub.CodeOf(err)
	p := Problem{Type: "about:blank", Status: code.HTTPStatus(), Code: code, Title: glossary.In("code", string(code))}
	if e, ok := errors.AsType[*hub.Error](err); ok && code != hub.CodeInternal {
		p.Key, p.Detail = e.Key, glossary.Message(e.Key, e.Args...)
	} else {
		p.Detail = glossary.Message("")
	}
	return p
}

func writeProblem(w http.ResponseWriter, err error) {
	p := ProblemOf(err)
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	write(w, p.Status, "application/problem+json", p)
}

func writeJSON(w http.ResponseWriter, status int, v any) { write(w, status, "application/json", v) }

func write(w http.ResponseWriter, status int, mediaType string, v any) {
	h := w.Header()
	h.Set("Content-Type", mediaType+"; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the reader left: nobody to tell
}

func writeFile(w http.ResponseWriter, f File) {
	h := w.Header()
	h.Set("Content-Type", f.Media)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	h.Set("Content-Length", strconv.Itoa(len(f.Data)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(f.Data) // the reader left: nobody to tell
}
