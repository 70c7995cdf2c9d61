package web

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
)

// A Redoer makes finished deliveries due again. It touches only what the
// caller of ctx may see, and a second call changes nothing while the first
// has not been pushed.
type Redoer interface {
	RedoDeliveries(ctx context.Context, f hub.DeliveryFilter, now time.Time) (int, error)
}

// Attachments returns what a citizen sent along, by its SHA-256.
type Attachments interface {
	Attachment(ctx context.Context, sha256 string) (mediaType string, content []byte, err error)
}

// redo pushes one dead alert of a case again and shows the case.
func (s *server) redo(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	id := hub.CaseID(r.PathValue("id"))
	alert := hub.AlertID(r.PostFormValue("alert"))
	var n int
	var err error
	if redoer, ok := s.store.(Redoer); ok && alert != "" {
		n, err = redoer.RedoDeliveries(r.Context(), hub.DeliveryFilter{Case: id, Alert: alert}, s.Clock.Now())
	}
	if err == nil && n == 0 {
		err = hub.Errorf(hub.CodeNotFound, "delivery.not_found", string(alert))
	}
	if err != nil {
		s.Render(w, r, s.Failed(r, err))
		return
	}
	http.Redirect(w, r, "/cases/"+url.PathEscape(string(id))+"?done=redo", http.StatusSeeOther)
}

// attachment shows a file of a case: pictures in place, all else as a download.
func (s *server) attachment(w http.ResponseWriter, r *http.Request) {
	kind, name, content, err := s.attached(r)
	if err != nil {
		s.Render(w, r, s.Failed(r, err))
		return
	}
	h := w.Header()
	way := "attachment"
	if picture(kind) {
		way = "inline"
	} else {
		kind = "application/octet-stream"
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType(way, map[string]string{"filename": name}))
	_, _ = w.Write(content)
}

// attached finds the file, which must belong to a case that the reader may see.
func (s *server) attached(r *http.Request) (kind, name string, content []byte, err error) {
	sha := r.PathValue("sha")
	missing := hub.Errorf(hub.CodeNotFound, "page.not_found")
	c, sub, err := s.store.Case(r.Context(), hub.CaseID(r.PathValue("id")))
	if err != nil {
		return "", "", nil, err
	}
	if sub.Confidential() && !access.MayReveal(r.Context(), c, sub.Content) {
		return "", "", nil, missing
	}
	i := slices.IndexFunc(sub.Attachments, func(a hub.Attachment) bool { return a.SHA256 == sha })
	files, ok := s.store.(Attachments)
	if i < 0 || !ok {
		return "", "", nil, missing
	}
	kind, content, err = files.Attachment(r.Context(), sha)
	if name = sub.Attachments[i].Name; name == "" {
		name = sha[:min(12, len(sha))]
	}
	return kind, name, content, err
}

// picture reports a kind that a browser shows and that runs nothing.
func picture(kind string) bool {
	switch strings.ToLower(kind) {
	case "image/jpeg", "image/png", "image/webp", "image/gif":
		return true
	}
	return false
}
