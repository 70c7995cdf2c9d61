package adapters

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/adapters/mapping"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/egress"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// A Notifier is an adapter whose source system is told what becomes of its
// cases.
type Notifier interface {
	// Notifies reports whether the channel's file asks for it.
	Notifies() bool
	// Notify tells one step. It is called at least once for each, in the order
	// of a case's events, again until it returns nil or an error that trying
	// again cannot help.
	Notify(ctx context.Context, s Step) error
}

// A Step is one thing that happened to a case.
type Step struct {
	ID         string // the same at every attempt
	Case       hub.CaseID
	ExternalID string
	Type       hub.EventType
	Status     hub.Status
	Department hub.DepartmentCode
	Text       string
	At         time.Time
}

// A Teller tells the source system of a channel. A nil Teller has nobody to
// tell. Kinds that are not wired have one of their own option "callback".
type Teller struct {
	Callback
	// Sign proves to the source system that it is the hub who tells; nil for
	// what the headers say.
	Sign func(r *http.Request, body []byte)
	// Also are steps whose words the source system gets beside the public
	// ones: it is an office too.
	Also    []hub.EventType
	body    *vm.Program
	client  *http.Client
	headers map[string]string
}

// NewTeller makes the Teller of c; nil for none.
func NewTeller(c *Callback, d Deps) (*Teller, error) {
	if c == nil || c.address(d) == "" {
		return nil, nil //nolint:nilnil // there is nobody to tell
	}
	t := &Teller{Callback: *c, headers: map[string]string{}}
	t.URL = c.address(d)
	if _, _, err := mime.ParseMediaType(c.Media); c.Media != "" && err != nil {
		return nil, fmt.Errorf("reply.callback.media_type: %w", err)
	}
	networks, err := egress.Parse(c.Allow...)
	if err != nil {
		return nil, fmt.Errorf("reply.callback.allow: 应为网段，写成 10.1.0.0/16 这样")
	}
	if d.Demo {
		networks = append(networks, egress.Loopback()...)
	}
	for _, step := range c.On {
		if _, known := glossary.Lookup("event." + step); !known {
			return nil, fmt.Errorf("reply.callback.on: 没有步骤 %q，可以写 assigned、signed_for、resolved、archived 等", step)
		}
	}
	guard := egress.New(networks...)
	if err := guard.CheckURL(t.URL); err != nil {
		return nil, fmt.Errorf("reply.callback.url: %w", err)
	}
	if t.Timeout <= 0 {
		t.Timeout = 10 * time.Second
	}
	if t.Method == "" {
		t.Method = http.MethodPost
	}
	t.client = guard.Client(t.Timeout)
	for name, s := range c.Headers {
		if t.headers[name], err = s.Reveal(d); err != nil {
			return nil, fmt.Errorf("reply.callback.headers.%s: %w", name, err)
		}
	}
	if c.Body == "" {
		return t, nil
	}
	t.body, err = expr.Compile(c.Body, expr.AllowUndefinedVariables(), expr.DisableBuiltin("repeat"))
	if err != nil {
		return nil, fmt.Errorf("reply.callback.body: %w", err)
	}
	return t, nil
}

// address is where the source system is told; "" while the environment variable
// that the file names is not set.
func (c Callback) address(d Deps) string {
	name, ok := strings.CutPrefix(c.URL, "${")
	if !ok {
		return c.URL
	}
	name, _, _ = strings.Cut(strings.TrimSuffix(name, "}"), ":-")
	return d.Complete().Getenv(name)
}

// Notifies implements Notifier.
func (w *Wired) Notifies() bool { return w.teller != nil }

// Notify implements Notifier.
func (w *Wired) Notify(ctx context.Context, s Step) error { return w.teller.Notify(ctx, s) }

// Notifies implements Notifier.
func (t *Teller) Notifies() bool { return t != nil }

// Notify implements Notifier.
func (t *Teller) Notify(ctx context.Context, s Step) error {
	if t == nil {
		return nil
	}
	open := append(public(), t.Also...)
	told := slices.Contains(t.On, string(s.Type))
	if len(t.On) == 0 {
		told = slices.Contains(open, s.Type)
	}
	if !told {
		return nil
	}
	if !slices.Contains(open, s.Type) {
		s.Text = "" // an instruction or a reminder is between those inside
	}
	return t.tell(ctx, s)
}

// public are the steps whose words are meant for the citizen too.
func public() []hub.EventType {
	return []hub.EventType{
		hub.Rejected, hub.Answered, hub.Assigned, hub.SignedFor, hub.InfoAsked, hub.ExtensionApproved, hub.Suspended,
		hub.Resumed, hub.Resolved, hub.Reopened, hub.Archived,
	}
}

func (t *Teller) tell(ctx context.Context, s Step) error {
	body, media, err := t.render(s)
	if err != nil {
		return &hub.Error{Code: hub.CodeInvalid, Key: "reply.invalid", Err: err}
	}
	r, err := http.NewRequestWithContext(ctx, t.Method, t.URL, bytes.NewReader(body))
	if err != nil {
		return &hub.Error{Code: hub.CodeInvalid, Key: "reply.invalid", Err: err}
	}
	r.Header.Set("Content-Type", media)
	r.Header.Set("Idempotency-Key", s.ID)
	for name, v := range t.headers {
		r.Header.Set(name, v)
	}
	if t.Sign != nil {
		t.Sign(r, body)
	}
	resp, err := t.client.Do(r)
	if err != nil {
		return &hub.Error{Code: hub.CodeUnavailable, Key: "callback.failed", Args: []any{err.Error()}, Err: err}
	}
	defer func() { _ = resp.Body.Close() }()                      // read only
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection is used again
	switch {
	case resp.StatusCode < 300:
		return nil
	case resp.StatusCode >= 500, resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode == http.StatusRequestTimeout:
		return hub.Errorf(hub.CodeUnavailable, "callback.failed", resp.Status)
	}
	return hub.Errorf(hub.CodeInvalid, "callback.refused", resp.Status)
}

func (t *Teller) render(s Step) ([]byte, string, error) {
	env := map[string]any{
		"external_id": s.ExternalID, "tracking": string(s.Case), "status": string(s.Status), "step": string(s.Type),
		"department": string(s.Department), "text": s.Text, "at": s.At.In(hub.China()).Format(time.RFC3339),
	}
	media := cmp.Or(t.Media, "application/json")
	var v any = env
	if t.body != nil {
		var err error
		if v, err = expr.Run(t.body, env); err != nil {
			return nil, media, err
		}
	}
	if v == nil {
		v = env
	}
	kind, params, err := mime.ParseMediaType(media)
	if err != nil {
		return nil, media, err
	}
	_, isText := v.(string)
	out := []byte(mapping.Plain(v))
	switch {
	case isText && t.Media == "":
		media = "text/plain; charset=utf-8"
	case !isText && strings.HasSuffix(kind, "xml"):
		var b bytes.Buffer
		writeXML(&b, "case", v)
		out = b.Bytes()
	}
	out, err = decode.FromUTF8(out, params["charset"])
	return out, media, err
}
