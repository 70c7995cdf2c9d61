package channels

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
)

// ListenFor is how long a test address lives.
const ListenFor = 120 * time.Second

// A Test is a test address and what came to it. Nothing of it is stored.
type Test struct {
	Channel hub.ChannelCode `json:"channel"`
	Token   string          `json:"token"`
	Path    string          `json:"path"`
	Until   time.Time       `json:"until"`

	mu      sync.Mutex
	hits    []Hit
	changed chan struct{}
	handler http.Handler
}

// A Hit is one message at a test address: what came, what it becomes and where
// the rules would send it.
type Hit struct {
	At        time.Time         `json:"at"`
	MediaType string            `json:"media_type"`
	Headers   map[string]string `json:"headers"`
	Raw       string            `json:"raw"`
	Status    int               `json:"status"`
	Answer    string            `json:"answer"`
	Error     string            `json:"error,omitempty"`
	Items     []Preview         `json:"items,omitempty"`
}

// A Preview is one submission that would be taken.
type Preview struct {
	Mapped     map[string]any       `json:"mapped"`
	Category   string               `json:"category,omitempty"`
	Topic      string               `json:"topic,omitempty"`
	Urgency    hub.Urgency          `json:"urgency,omitempty"`
	Department hub.DepartmentCode   `json:"department,omitempty"`
	Co         []hub.DepartmentCode `json:"co,omitempty"`
	Rules      []hub.RuleID         `json:"rules,omitempty"`
	Rejected   bool                 `json:"rejected,omitempty"`
}

// tests are the open test addresses.
type tests struct {
	clock hub.Clock
	mu    sync.Mutex
	open  map[string]*Test
}

func newTests(clock hub.Clock) *tests { return &tests{clock: clock, open: map[string]*Test{}} }

// Listen opens a test address for a channel, which need not be enabled.
func (m *Manager) Listen(code hub.ChannelCode) (*Test, error) {
	for _, c := range m.Channels {
		if c.Code == code {
			return m.ListenTo(c)
		}
	}
	return nil, hub.Errorf(hub.CodeNotFound, "channel.not_found", string(code))
}

// ListenTo opens a test address for a channel as c has it, such as one that is
// still being written.
func (m *Manager) ListenTo(c adapters.Config) (*Test, error) {
	deps := m.Deps
	deps.Keep = func(context.Context, adapters.Letter) error { return nil }
	deps.Cursors = nil
	deps.SaveAttachment = func(_ context.Context, mediaType string, data []byte) (hub.Attachment, error) {
		return hub.Attachment{MediaType: mediaType, Size: int64(len(data))}, nil
	}
	a, err := m.Registry.New(c, preview{m.Check}, deps)
	if err != nil {
		return nil, err
	}
	t := &Test{
		Channel: c.Code, Token: strings.ToLower(rand.Text()[:16]), Until: m.Clock.Now().Add(ListenFor), changed: make(chan struct{}),
	}
	t.Path = "/in/test/" + t.Token
	next := a.Handler()
	if r := m.running[c.Code]; r != nil && c.Kind == "external" { // its program runs once
		a, next = r.adapter, nil
	}
	if next == nil { // files and the like may be posted here, to see what they become
		if d, ok := a.(adapters.Decoder); ok {
			next = adapters.Door{Intake: preview{m.Check}, Decode: d}
		}
	}
	if next == nil {
		return nil, hub.Errorf(hub.CodeConflict, "channel.no_letters", string(c.Code))
	}
	t.handler = &adapters.Gate{Channel: c.Code, Limits: c.Limits, Deps: deps, Next: next}
	m.tests.add(t)
	return t, nil
}

func (s *tests) add(t *Test) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	for token, old := range s.open { // keep the expired for a while, to say so
		if now.Sub(old.Until) > time.Hour {
			delete(s.open, token)
		}
	}
	s.open[t.Token] = t
}

// Test finds a test address.
func (m *Manager) Test(token string) (*Test, error) {
	m.tests.mu.Lock()
	defer m.tests.mu.Unlock()
	if t, ok := m.tests.open[token]; ok {
		return t, nil
	}
	return nil, hub.Errorf(hub.CodeNotFound, "listen.expired")
}

// test serves POST /in/test/{token}.
func (m *Manager) test(w http.ResponseWriter, r *http.Request) {
	t, err := m.Test(r.PathValue("token"))
	if err != nil || m.Clock.Now().After(t.Until) {
		adapters.WriteProblem(w, hub.Errorf(hub.CodeNotFound, "listen.expired"), http.StatusGone)
		return
	}
	body, err := adapters.ReadBody(w, r, adapters.MaxBody)
	if err != nil {
		adapters.WriteError(w, err)
		return
	}
	seen := &previews{}
	r = r.WithContext(context.WithValue(r.Context(), previewKey{}, seen))
	r.Body = io.NopCloser(bytes.NewReader(body))
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	t.handler.ServeHTTP(rec, r)
	h := Hit{
		At: m.Clock.Now(), MediaType: r.Header.Get("Content-Type"), Headers: headers(r.Header), Status: rec.status,
		Raw: readable(body, r.Header.Get("Content-Type")), Answer: readable(rec.body.Bytes(), rec.header.Get("Content-Type")),
	}
	var problem struct{ Detail string }
	if rec.status >= 400 && json.Unmarshal(rec.body.Bytes(), &problem) == nil {
		h.Error = problem.Detail
	}
	for _, s := range seen.subs {
		h.Items = append(h.Items, m.Preview(s))
	}
	t.hit(h)
	maps.Copy(w.Header(), rec.header)
	w.Header().Set("Mashang-Test", "nothing was stored")
	w.WriteHeader(rec.status)
	_, _ = w.Write(rec.body.Bytes())
}

// Preview says what would become of a submission.
func (m *Manager) Preview(s hub.Submission) Preview {
	p := Preview{Mapped: adapters.Facts(s)}
	for k, v := range p.Mapped {
		if text, ok := v.(string); ok && k != "external_id" && k != "submitted_at" {
			p.Mapped[k] = mask.Text(text)
		}
	}
	p.Mapped["name"], p.Mapped["phone"], p.Mapped["id_number"] = mask.Name(s.Reporter.Name), mask.Phone(s.Reporter.Phone), mask.Number(s.Reporter.IDNumber)
	if m.Decide == nil {
		return p
	}
	d := m.Decide(&s)
	p.Category, p.Topic, p.Urgency, p.Department, p.Co = d.Class.Category, d.Class.Topic, d.Class.Urgency, d.Lead, d.Co
	p.Rejected = d.Reject != nil
	for _, match := range d.Matches {
		p.Rules = append(p.Rules, match.Rule)
	}
	return p
}

func headers(h http.Header) map[string]string {
	out := map[string]string{}
	for k := range h {
		switch k {
		case "Authorization", "X-Api-Key", "Cookie":
			out[k] = "••••"
		default:
			out[k] = h.Get(k)
		}
	}
	return out
}

func (t *Test) hit(h Hit) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.hits = append(t.hits, h); len(t.hits) > 100 {
		t.hits = t.hits[1:]
	}
	close(t.changed)
	t.changed = make(chan struct{})
}

// Hits returns what came after the first n, and waits until ctx ends when that
// is nothing.
func (t *Test) Hits(ctx context.Context, n int) []Hit {
	for {
		t.mu.Lock()
		hits, changed := append([]Hit(nil), t.hits[min(n, len(t.hits)):]...), t.changed
		t.mu.Unlock()
		if len(hits) > 0 {
			return hits
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// preview is an Intake that stores nothing.
type preview struct{ check func(hub.Submission) error }

type previewKey struct{}

type previews struct {
	mu   sync.Mutex
	subs []hub.Submission
}

// Accept implements adapters.Intake.
func (p preview) Accept(ctx context.Context, subs []hub.Submission) ([]hub.Acceptance, error) {
	if seen, ok := ctx.Value(previewKey{}).(*previews); ok {
		seen.mu.Lock()
		seen.subs = append(seen.subs, subs...)
		seen.mu.Unlock()
	}
	answers := make([]hub.Acceptance, len(subs))
	for i, s := range subs {
		if p.check != nil {
			if answers[i].Err = p.check(s); answers[i].Err != nil {
				continue
			}
		}
		answers[i] = hub.Acceptance{Receipt: "r_test", Case: "TEST"}
	}
	return answers, nil
}

// recorder is an answer that is kept.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
