// Package netizen is the channel of message boards (网民留言): files put into a
// watched folder, an address that is pulled, and batches that are posted.
//
// The public reply goes back as a file or to an address, after its wording was
// checked. Start with Spec.
package netizen

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// Spec describes the kind.
func Spec() adapters.Spec {
	return adapters.Spec{Kind: "netizen", New: New, Doc: "网民留言：文件、拉取、推送", Options: func() any { c := Default(); return &c }}
}

type adapter struct {
	channel          hub.ChannelCode
	config           Config
	intake           adapters.Intake
	deps             adapters.Deps
	token, pullToken string
	*adapters.Teller
}

// New makes the adapter of c.
func New(c adapters.Config, in adapters.Intake, d adapters.Deps) (adapters.Adapter, error) {
	config := Default()
	if err := c.Options.Decode(&config); err != nil {
		return nil, err
	}
	if len(config.Fields) == 0 {
		config.Mapping = board()
	}
	if err := config.Validate(); err != nil {
		return nil, err
	}
	a := &adapter{channel: c.Code, config: config, intake: in, deps: d.Complete()}
	var err error
	if a.token, err = config.Token.Reveal(a.deps); err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	if a.pullToken, err = config.PullToken.Reveal(a.deps); err != nil {
		return nil, fmt.Errorf("pull_token: %w", err)
	}
	if a.Teller, err = adapters.NewTeller(config.Callback, a.deps); err != nil {
		return nil, err
	}
	return a, nil
}

// Handler takes one message as JSON, or a batch as JSON lines, CSV or XLSX.
func (a *adapter) Handler() http.Handler {
	return adapters.Door{Intake: a.intake, Decode: a, Trusted: a.deps.Trusted, Check: func(r *http.Request, _ []byte) error {
		return adapters.CheckBearer(r, a.token)
	}}
}

// Sign shows the token.
func (a *adapter) Sign(r *http.Request, _ []byte) error {
	r.Header.Set("Authorization", "Bearer "+a.token)
	return nil
}

// Decode reads messages in any format that package adapters knows.
func (a *adapter) Decode(_ context.Context, r io.Reader, name, mediaType string) ([]hub.Submission, error) {
	recs, err := adapters.ReadRecords(r, name, mediaType)
	if err != nil {
		return nil, err
	}
	subs, err := a.config.Submissions(a.channel, recs)
	for i := range subs {
		author(&subs[i])
		a.config.Heat.read(&subs[i])
	}
	return subs, err
}

// Run watches the folder and pulls the address until ctx ends.
func (a *adapter) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	log := a.deps.Log.With("channel", a.channel)
	if a.config.Folder != "" {
		folder := a.folder()
		g.Go(func() error { return adapters.Every(ctx, a.config.Every, log, folder.Scan) })
	}
	if a.config.Pull != "" {
		g.Go(func() error {
			return a.deps.Alone(ctx, a.channel, func(ctx context.Context) error {
				return adapters.Every(ctx, a.config.Every, log, a.pull)
			})
		})
	}
	g.Go(func() error { <-ctx.Done(); return nil })
	return g.Wait()
}

func (a *adapter) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(a.deps.Dir, p)
}

func (a *adapter) folder() adapters.Folder {
	return adapters.Folder{
		Path: a.path(a.config.Folder), Settle: a.config.Settle, Clock: a.deps.Clock,
		Handle: func(ctx context.Context, name string, data []byte) error {
			subs, err := a.Decode(ctx, bytes.NewReader(data), name, "")
			if err != nil {
				return err
			}
			return a.accept(ctx, subs)
		},
	}
}

// accept hands in all and tells the first one that was refused.
func (a *adapter) accept(ctx context.Context, subs []hub.Submission) error {
	answers, err := adapters.AcceptAll(ctx, a.intake, subs)
	if err != nil {
		return err
	}
	for i, got := range answers {
		if got.Err != nil {
			return &hub.Error{Code: hub.CodeOf(got.Err), Key: "batch.line", Args: []any{i + 1, got.Err}, Err: got.Err}
		}
	}
	return nil
}
