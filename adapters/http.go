package adapters

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/mashang-hub/mashang/hub"
)

// Limits of one request.
const (
	MaxBody  = 8 << 20 // bytes
	MaxBatch = 500     // submissions
)

// retryAfter is what a sender is told to wait when the hub cannot take more.
const retryAfter = 5

// A Door is the HTTP face of a channel: POST, prove who you are, decode, hand
// in, answer. It answers 202 only after the Intake accepted.
type Door struct {
	Intake Intake
	Decode Decoder
	// Check refuses a sender; nil admits everybody.
	Check func(r *http.Request, body []byte) error
	// Trusted requests need no Check; see Deps.
	Trusted func(r *http.Request) bool
}

// ServeHTTP takes one request. One submission is answered by its numbers, a
// batch (JSON lines or a table) by a list of results in the same order.
func (d Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		WriteProblem(w, hub.Errorf(hub.CodeInvalid, "http.method"), http.StatusMethodNotAllowed)
		return
	}
	body, err := ReadBody(w, r, MaxBody)
	if err == nil && d.Check != nil && (d.Trusted == nil || !d.Trusted(r)) {
		err = d.Check(r, body)
	}
	if err != nil {
		WriteError(w, err)
		return
	}
	kind := r.Header.Get("Content-Type")
	subs, err := d.Decode.Decode(r.Context(), bytes.NewReader(body), r.URL.Query().Get("name"), kind)
	switch {
	case err != nil:
	case len(subs) == 0:
		err = hub.Errorf(hub.CodeInvalid, "submission.empty")
	case len(subs) > MaxBatch:
		err = hub.Errorf(hub.CodeTooLarge, "batch.too_long", MaxBatch)
	}
	if err != nil {
		WriteError(w, err)
		return
	}
	answers, err := d.Intake.Accept(r.Context(), subs)
	if err != nil {
		WriteError(w, err)
		return
	}
	if len(answers) == 1 && !isBatch(kind) {
		WriteAccepted(w, answers[0])
		return
	}
	writeResults(w, subs, answers)
}

// isBatch says which media types are answered by a list even for one item.
func isBatch(kind string) bool {
	media, _, _ := mime.ParseMediaType(kind)
	return strings.HasSuffix(media, "ndjson") || strings.HasSuffix(media, "csv") || strings.HasSuffix(media, "sheet")
}

// ReadBody reads a request's body up to limit bytes.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, hub.Errorf(hub.CodeTooLarge, "http.body_too_long", limit)
	}
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "http.body", Err: err}
	}
	return body, nil
}

// accepted is the answer to one submission.
type accepted struct {
	ExternalID string        `json:"external_id,omitempty"`
	Receipt    hub.ReceiptID `json:"receipt,omitempty"`
	Tracking   hub.CaseID    `json:"tracking,omitempty"`
	StatusURL  string        `json:"status_url,omitempty"`
	Duplicate  bool          `json:"duplicate,omitempty"`
	Notes      []string      `json:"notes,omitempty"`  // what the sender should know
	Code       string        `json:"code,omitempty"`   // why it was not accepted
	Detail     string        `json:"detail,omitempty"` // the same for people
}

func answer(a hub.Acceptance) accepted {
	if a.Err != nil {
		return accepted{Code: string(hub.CodeOf(a.Err)), Detail: Sentence(a.Err)}
	}
	return accepted{Receipt: a.Receipt, Tracking: a.Case, StatusURL: StatusURL(a.Case), Duplicate: a.Duplicate, Notes: a.Notes}
}

// StatusURL is where a citizen follows a case.
func StatusURL(c hub.CaseID) string { return "/t/" + string(c) }

// WriteAccepted answers one submission: 202 with its numbers, or the reason it
// was not accepted.
func WriteAccepted(w http.ResponseWriter, a hub.Acceptance) {
	if a.Err != nil {
		WriteError(w, a.Err)
		return
	}
	w.Header().Set("Location", StatusURL(a.Case))
	writeJSON(w, http.StatusAccepted, "application/json", answer(a))
}

func writeResults(w http.ResponseWriter, subs []hub.Submission, answers []hub.Acceptance) {
	results := make([]accepted, len(answers))
	for i, a := range answers {
		results[i] = answer(a)
		results[i].ExternalID = subs[i].ExternalID
	}
	writeJSON(w, http.StatusAccepted, "application/json", map[string]any{"results": results})
}

func writeJSON(w http.ResponseWriter, status int, media string, v any) {
	w.Header().Set("Content-Type", media)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the sender went away: it will ask again
}

// problem is an RFC 9457 answer; Code is stable, Detail is for people.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
	Key    string `json:"key,omitempty"`
}

// WriteError answers with what err means to the sender, in Chinese.
func WriteError(w http.ResponseWriter, err error) { WriteProblem(w, err, StatusOf(err)) }

// WriteProblem answers err with a status of its own.
func WriteProblem(w http.ResponseWriter, err error, status int) {
	refuse(w, err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="mashang"`)
	}
	writeJSON(w, status, "application/problem+json", problemOf(err, status))
}

func problemOf(err error, status int) problem {
	code := hub.CodeOf(err)
	p := problem{Type: "about:blank", Title: titles()[code], Status: status, Code: string(code), Detail: Sentence(err)}
	if e, ok := errors.AsType[*hub.Error](err); ok && e.Code != hub.CodeInternal {
		p.Key = e.Key
	}
	return p
}

// StatusOf maps an error to its HTTP status. Senders are answered 400 to what is
// wrong with their message, as the protocols of the channels say.
func StatusOf(err error) int {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return http.StatusServiceUnavailable
	}
	code := hub.CodeOf(err)
	if code == hub.CodeInvalid {
		return http.StatusBadRequest
	}
	return code.HTTPStatus()
}
