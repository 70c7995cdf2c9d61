package channels

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/lint"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/hub/postgres/channel"
)

// longest is how long a request for news may wait.
const longest = 25 * time.Second

// API mounts the JSON face of the manager under /api/v1/, for those who know
// token; "" leaves it open, which is for demonstrations only.
func (m *Manager) API(mux *http.ServeMux, token string) {
	handle := func(pattern string, f func(*http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			var v any
			err := authorize(r, token)
			if err == nil {
				v, err = f(r)
			}
			if err != nil {
				if hub.CodeOf(err) == hub.CodeInternal {
					m.Log.Error("answer request", "method", r.Method, "path", r.URL.Path, "err", err)
				}
				adapters.WriteError(w, err)
				return
			}
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.Header().Set("Cache-Control", "no-store")
			_ = json.NewEncoder(w).Encode(v) // the reader left: nobody to tell
		})
	}
	handle("GET /api/v1/channels", m.apiList)
	handle("GET /api/v1/channels/schema", func(*http.Request) (any, error) { return lint.Schema(m.Registry), nil })
	handle("POST /api/v1/channels/{code}/listen", func(r *http.Request) (any, error) { return m.Listen(codeOf(r)) })
	handle("GET /api/v1/listen/{token}", m.apiHits)
	handle("GET /api/v1/traffic", m.apiTail)
	handle("POST /api/v1/channels/{code}/keys", m.apiRotate)
	handle("GET /api/v1/dead", m.apiLetters)
	handle("GET /api/v1/dead/{id}", m.apiLetter)
	handle("PUT /api/v1/dead/{id}", m.apiRepair)
	handle("POST /api/v1/dead/{id}/replay", m.apiReplayLetter)
	handle("POST /api/v1/replay", m.apiReplay)
}

func codeOf(r *http.Request) hub.ChannelCode { return hub.ChannelCode(r.PathValue("code")) }

func authorize(r *http.Request, token string) error {
	if token == "" {
		return nil
	}
	given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	got, want := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return hub.Errorf(hub.CodeUnauthorized, "api.token")
	}
	return nil
}

func (m *Manager) apiList(r *http.Request) (any, error) {
	list, err := m.List(r.Context())
	return map[string]any{"channels": list}, err
}

// waiting bounds a request for news by what was asked for.
func waiting(r *http.Request) (context.Context, context.CancelFunc) {
	n, _ := strconv.Atoi(r.URL.Query().Get("wait"))
	return context.WithTimeout(r.Context(), min(max(time.Duration(n)*time.Second, time.Millisecond), longest))
}

func (m *Manager) apiHits(r *http.Request) (any, error) {
	t, err := m.Test(r.PathValue("token"))
	if err != nil {
		return nil, err
	}
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	ctx, cancel := waiting(r)
	defer cancel()
	left := t.Until.Sub(m.Clock.Now())
	ctx, stop := context.WithTimeout(ctx, max(left, time.Millisecond))
	defer stop()
	hits := t.Hits(ctx, max(after, 0))
	return map[string]any{"hits": append([]Hit{}, hits...), "next": after + len(hits), "open": m.Clock.Now().Before(t.Until)}, nil
}

func (m *Manager) apiTail(r *http.Request) (any, error) {
	q := r.URL.Query()
	f := TailFilter{Channel: hub.ChannelCode(q.Get("channel")), Outcome: q.Get("outcome")}
	f.After, _ = strconv.ParseInt(q.Get("after"), 10, 64)
	f.Limit, _ = strconv.Atoi(q.Get("limit"))
	ctx, cancel := waiting(r)
	defer cancel()
	arrivals, last := m.Tail(ctx, f)
	return map[string]any{"arrivals": append([]Arrival{}, arrivals...), "next": last}, nil
}

func (m *Manager) apiRotate(r *http.Request) (any, error) {
	code := codeOf(r)
	var err error
	out := map[string]any{"channel": code}
	switch step := r.URL.Query().Get("step"); step {
	case "promote":
		err = m.Promote(r.Context(), code)
	case "revoke":
		err = m.Revoke(r.Context(), code)
	case "":
		out["key"], err = m.Rotate(r.Context(), code)
	default:
		return nil, hub.Errorf(hub.CodeInvalid, "query.invalid", "step")
	}
	if err != nil {
		return nil, err
	}
	out["keys"], err = m.Store.Keys(r.Context(), code)
	return out, err
}

// A LetterView is a letter as people see it: in the list without its bytes.
type LetterView struct {
	channel.Letter
	Payload string `json:"payload,omitempty"` // text, or bytes in hexadecimal
	Text    bool   `json:"text"`              // Payload is text
}

func viewOf(l channel.Letter, full bool) LetterView {
	v := LetterView{Letter: l}
	v.Letter.Payload = nil
	text := readable(l.Payload, l.MediaType)
	v.Text = text != hexDump(l.Payload)
	if full {
		v.Payload = text
	} else if r := []rune(mask.Text(text)); v.Text {
		v.Payload = string(r[:min(len(r), 80)])
	}
	return v
}

func (m *Manager) apiLetters(r *http.Request) (any, error) {
	q := r.URL.Query()
	f := channel.LetterFilter{Channel: hub.ChannelCode(q.Get("channel")), Limit: 50}
	if n, err := strconv.Atoi(q.Get("limit")); err == nil {
		f.Limit = n
	}
	f.Offset, _ = strconv.Atoi(q.Get("offset"))
	letters, total, err := m.Letters(r.Context(), f)
	if err != nil {
		return nil, err
	}
	views := []LetterView{}
	for _, l := range letters {
		views = append(views, viewOf(l, false))
	}
	return map[string]any{"total": total, "letters": views}, nil
}

func idOf(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, hub.Errorf(hub.CodeNotFound, "dead_letter.not_found", r.PathValue("id"))
	}
	return id, nil
}

func (m *Manager) apiLetter(r *http.Request) (any, error) {
	id, err := idOf(r)
	if err != nil {
		return nil, err
	}
	l, err := m.Store.Letter(r.Context(), id)
	return viewOf(l, true), err
}

func (m *Manager) apiRepair(r *http.Request) (any, error) {
	id, err := idOf(r)
	if err != nil {
		return nil, err
	}
	body, err := adapters.ReadBody(nil, r, adapters.MaxBody)
	if err != nil {
		return nil, err
	}
	media := r.Header.Get("Content-Type")
	if media == "" || strings.HasPrefix(media, "application/octet-stream") {
		l, err := m.Store.Letter(r.Context(), id)
		if err != nil {
			return nil, err
		}
		media = l.MediaType
	}
	if err := m.Store.RepairLetter(r.Context(), id, body, media); err != nil {
		return nil, err
	}
	return map[string]any{"id": id, "repaired": true}, nil
}

func (m *Manager) apiReplayLetter(r *http.Request) (any, error) {
	id, err := idOf(r)
	if err != nil {
		return nil, err
	}
	answers, err := m.ReplayLetter(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": id, "replayed": true, "accepted": append([]hub.Acceptance{}, answers...)}, nil
}

func (m *Manager) apiReplay(r *http.Request) (any, error) {
	var q struct {
		Channel  hub.ChannelCode `json:"channel"`
		From, To time.Time
		DryRun   bool `json:"dry_run"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<16)).Decode(&q); err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "json.invalid", Args: []any{err.Error()}, Err: err}
	}
	return m.ReplayWindow(r.Context(), q.Channel, q.From, q.To, q.DryRun)
}
