// Package petition is the channel of the petition office (信访): batch files are
// put into a folder, and each gets a receipt file (回执) beside it that lists
// every petition with its number or the reason it was not accepted.
//
// It does not decide what is a petition and what the hub may handle; rules do.
// Start with Spec.
package petition

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// Spec describes the kind.
func Spec() adapters.Spec {
	return adapters.Spec{Kind: "petition", New: New, Doc: "信访批量文件交换", Options: func() any { c := Default(); return &c }}
}

type adapter struct {
	channel hub.ChannelCode
	config  Config
	intake  adapters.Intake
	deps    adapters.Deps
	token   string
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
	d = d.Complete()
	token, err := config.Token.Reveal(d)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	return &adapter{c.Code, config, screen{in, config.Columns, d}, d, token}, nil
}

// Handler takes the same batches by POST.
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

// Run exchanges files until ctx ends.
func (a *adapter) Run(ctx context.Context) error {
	if a.config.Folder == "" {
		<-ctx.Done()
		return nil
	}
	path := a.config.Folder
	if !filepath.IsAbs(path) {
		path = filepath.Join(a.deps.Dir, path)
	}
	folder := adapters.Folder{Path: path, Settle: a.config.Settle, Clock: a.deps.Clock}
	folder.Handle = func(ctx context.Context, name string, data []byte) error {
		return a.exchange(ctx, path, name, data)
	}
	return adapters.Every(ctx, a.config.Every, a.deps.Log.With("channel", a.channel), folder.Scan)
}

// Decode reads petitions in any format that package adapters knows.
func (a *adapter) Decode(_ context.Context, r io.Reader, name, mediaType string) ([]hub.Submission, error) {
	recs, err := adapters.ReadRecords(r, name, mediaType)
	if err != nil {
		return nil, err
	}
	subs, err := a.config.Submissions(a.channel, recs)
	for i := range subs {
		a.config.Columns.label(&subs[i])
	}
	return subs, err
}

// exchange takes one batch file and writes its receipt. After a crash in
// between it does the same again, with the same numbers.
func (a *adapter) exchange(ctx context.Context, dir, name string, data []byte) error {
	subs, err := a.Decode(ctx, bytes.NewReader(data), name, "")
	slip := adapters.NewSlip(name, err)
	write := func(name string, data []byte) error { return adapters.WriteFile(filepath.Join(dir, name), data) }
	if err != nil {
		if werr := slip.Write(write); werr != nil {
			return werr
		}
		return err
	}
	answers, err := adapters.AcceptAll(ctx, a.intake, subs)
	if err != nil {
		return err
	}
	for i, got := range answers {
		slip.Add(subs[i].ExternalID, got, false)
	}
	return slip.Write(write)
}
