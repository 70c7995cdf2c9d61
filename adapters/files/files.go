// Package files is the channel of files: a watched folder, on this machine or
// on an SFTP server, into which others put CSV, XLSX, JSON lines, XML or zip
// files.
//
// A file that was read moves to processed/, one that cannot be read to failed/
// with its reason; what cannot be taken now waits. Start with Spec.
package files

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"path/filepath"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/decode"
)

// Spec describes the kind.
func Spec() adapters.Spec {
	return adapters.Spec{
		Kind: "files", New: New, Wired: true, Doc: "文件夹或 SFTP 里的文件：CSV、XLSX、JSONL、XML、ZIP",
		Options: func() any { c := Default(); return &c },
	}
}

type adapter struct {
	*adapters.Wired
	config Config
	login  func() (*remote, error) // nil for a local folder
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
	w, err := adapters.Wire(c, in, d)
	if err != nil {
		return nil, err
	}
	a := &adapter{Wired: w, config: config}
	if config.SFTP != nil {
		if a.login, err = login(config, w.Deps); err != nil {
			return nil, fmt.Errorf("sftp: %w", err)
		}
	}
	return a, nil
}

// Handler is nil: files are not posted.
func (a *adapter) Handler() http.Handler { return nil }

// Run watches the folder until ctx ends.
func (a *adapter) Run(ctx context.Context) error {
	log := a.Deps.Log.With("channel", string(a.Channel))
	if a.login != nil {
		return a.Deps.Alone(ctx, a.Channel, func(ctx context.Context) error {
			w := &watch{a: a, seen: map[string]mark{}}
			return adapters.Every(ctx, a.config.Every, log, w.scan)
		})
	}
	dir := a.config.Folder
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(a.Deps.Dir, dir)
	}
	folder := adapters.Folder{
		Path: dir, Settle: a.config.Settle, Clock: a.Deps.Clock, Pattern: a.config.Pattern,
		Handle: func(ctx context.Context, name string, data []byte) error {
			return a.file(ctx, name, data, func(name string, data []byte) error {
				return adapters.WriteFile(filepath.Join(dir, name), data)
			})
		},
	}
	return adapters.Every(ctx, a.config.Every, log, folder.Scan)
}

// file takes one file and writes its receipt. After a crash in between it does
// the same again, with the same numbers.
func (a *adapter) file(ctx context.Context, name string, data []byte, write func(string, []byte) error) error {
	results, err := a.Take(ctx, decode.Input{Body: data, Name: name}, map[string]any{"file": name})
	if adapters.Passing(err) && err != nil {
		return err
	}
	if !a.config.Receipts {
		return err
	}
	slip := adapters.NewSlip(name, err)
	for _, r := range results {
		slip.Add(r.Submission.ExternalID, r.Acceptance, r.Skipped)
	}
	if werr := slip.Write(write); werr != nil {
		return werr
	}
	return err
}

// wanted reports whether a file counts.
func (c Config) wanted(name string) bool {
	if c.Pattern == "" {
		return true
	}
	ok, err := path.Match(c.Pattern, name)
	return ok && err == nil
}
