// Package external is the channel whose adapter is a program of its own, in
// any language, that the hub starts and watches through go-plugin.
//
// The program only reads: it turns pushed messages into submissions, or pulls
// them from its source. Keys, limits, numbers, duplicates, receipts and dead
// letters stay with the hub. Start with Spec; package sdk is the Go side, and
// the folder example has a program in Go and one in Python.
package external

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adapterpb"
	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/adapters/mapping"
	"github.com/mashang-hub/mashang/hub"
)

// Spec describes the kind.
func Spec() adapters.Spec {
	return adapters.Spec{
		Kind: "external", New: New, Wired: true, OwnMap: true, Doc: "自己写的适配程序，任何语言（go-plugin）",
		Options: func() any { c := Default(); return &c },
	}
}

type adapter struct {
	*adapters.Wired
	config Config
	log    *slog.Logger

	mu      sync.Mutex
	proc    *running      // nil while it does not run
	changed chan struct{} // closed and replaced when proc changes
}

// New makes the adapter of c.
func New(c adapters.Config, in adapters.Intake, d adapters.Deps) (adapters.Adapter, error) {
	config := Default()
	if err := c.Options.Decode(&config); err != nil {
		return nil, err
	}
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if c.Map.Text == "" && c.Map.Title == "" {
		c.Map = identity()
	}
	w, err := adapters.Wire(c, in, d)
	if err != nil {
		return nil, err
	}
	a := &adapter{Wired: w, config: config, changed: make(chan struct{})}
	a.log = w.Deps.Log.With("channel", string(c.Code))
	w.Reader = a.decode
	return a, nil
}

// identity takes the fields as the program gives them.
func identity() mapping.Config {
	return mapping.Config{
		ExternalID: "doc.external_id", Title: "doc.title", Text: "doc.text", SubmittedAt: "date(doc.submitted_at)",
		Name: "doc.name", Phone: "phone(doc.phone)", IDNumber: "id_number(doc.id_number)", Account: "doc.account",
		Anonymous: "doc.anonymous", Place: "place(doc.place)", PlaceText: "doc.place_text", Kind: "doc.kind",
		Urgency: "doc.urgency", Attachments: "files",
	}
}

// Run keeps the program running, and pulls if it does, until ctx ends.
func (a *adapter) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return adapters.Rounds{Every: time.Second, Max: a.config.BackOff, Log: a.log}.Run(ctx, a.live)
	})
	g.Go(func() error {
		return a.Fetch(ctx, a.config.Every, a.config.BackOff, a.pull)
	})
	return g.Wait()
}

// errExited says that the program is gone without having been asked.
var errExited = errors.New("the adapter's program exited")

// live starts the program and returns when it is gone.
func (a *adapter) live(ctx context.Context) (more bool, err error) {
	p, err := a.start(ctx)
	if err != nil {
		return false, err
	}
	a.set(p)
	defer func() {
		a.set(nil)
		p.Stop(time.Second)
	}()
	select {
	case <-ctx.Done():
		return false, nil
	case <-p.Ended():
		return false, errExited
	}
}

func (a *adapter) set(p *running) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.proc = p
	close(a.changed)
	a.changed = make(chan struct{})
}

func (a *adapter) current() (*running, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.proc, a.changed
}

// decode has the program read a pushed message.
func (a *adapter) decode(ctx context.Context, in decode.Input) ([]decode.Document, error) {
	p, _ := a.current()
	if p == nil {
		return nil, hub.Errorf(hub.CodeUnavailable, "external.down")
	}
	ctx, cancel := context.WithTimeout(ctx, a.config.Timeout)
	defer cancel()
	got, err := p.rpc.Decode(ctx, &adapterpb.DecodeRequest{Body: in.Body, MediaType: in.MediaType, Name: in.Name})
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeUnavailable, Key: "external.down", Err: err}
	}
	if got.GetRefuse() != "" {
		return nil, hub.Errorf(hub.CodeInvalid, "external.refused", got.GetRefuse())
	}
	docs := documents(got.GetSubmissions())
	if len(docs) == 1 {
		docs[0].Raw, docs[0].MediaType = in.Body, in.MediaType
	}
	return docs, nil
}

// documents are submissions of the protocol as documents to be mapped.
func documents(subs []*adapterpb.Submission) []decode.Document {
	docs := make([]decode.Document, len(subs))
	for i, s := range subs {
		m := map[string]any{
			"external_id": s.GetExternalId(), "title": s.GetTitle(), "text": s.GetText(), "submitted_at": s.GetSubmittedAt(),
			"name": s.GetName(), "phone": s.GetPhone(), "id_number": s.GetIdNumber(), "account": s.GetAccount(),
			"anonymous": s.GetAnonymous(), "place": s.GetPlace(), "place_text": s.GetPlaceText(),
			"kind": s.GetKind(), "urgency": s.GetUrgency(),
		}
		for k, v := range s.GetExtra() {
			if _, taken := m[k]; !taken {
				m[k] = v
			}
		}
		docs[i] = decode.Document{Value: m, Raw: s.GetRaw(), MediaType: s.GetMediaType()}
		for _, at := range s.GetAttachments() {
			docs[i].Files = append(docs[i].Files, decode.File{Name: decode.Clean(at.GetName()), Data: at.GetData()})
		}
	}
	return docs
}

// pullMax is how many submissions are asked for at once.
const pullMax = 200

// pull takes what comes after the cursor. The cursor moves only after all of
// it is accepted or kept.
func (a *adapter) pull(ctx context.Context) (more bool, err error) {
	p, changed := a.current()
	if p == nil || !p.pulls {
		select {
		case <-ctx.Done():
		case <-changed:
		}
		return true, nil
	}
	cursor, err := a.Cursor(ctx, "")
	if err != nil {
		return false, err
	}
	call, cancel := context.WithTimeout(ctx, a.config.Timeout)
	defer cancel()
	wait := a.config.Timeout / 2
	got, err := p.rpc.Pull(call, &adapterpb.PullRequest{Cursor: cursor, Max: pullMax, WaitMs: int32(min(wait, time.Minute) / time.Millisecond)})
	if err != nil {
		return false, fmt.Errorf("pull after %q: %w", cursor, err)
	}
	results, err := a.TakeDocs(ctx, documents(got.GetSubmissions()))
	if err != nil {
		return false, err
	}
	if next := got.GetCursor(); next != cursor {
		if err := a.MoveCursor(ctx, next); err != nil {
			return false, err
		}
	}
	return got.GetMore(), a.settle(ctx, p, results)
}

func (a *adapter) settle(ctx context.Context, p *running, results []adapters.Result) error {
	if len(results) == 0 {
		return nil
	}
	req := &adapterpb.SettleRequest{}
	for _, r := range results {
		s := &adapterpb.Settled{
			ExternalId: r.Submission.ExternalID, Receipt: string(r.Acceptance.Receipt),
			Tracking: string(r.Acceptance.Case), Duplicate: r.Acceptance.Duplicate,
		}
		if r.Acceptance.Err != nil {
			s.Error = adapters.Sentence(r.Acceptance.Err)
		}
		req.Results = append(req.Results, s)
	}
	ctx, cancel := context.WithTimeout(ctx, a.config.Timeout)
	defer cancel()
	if _, err := p.rpc.Settle(ctx, req); err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	return nil
}

// Handler takes pushed messages for the program to read.
func (a *adapter) Handler() http.Handler { return a.Wired.Handler() }
