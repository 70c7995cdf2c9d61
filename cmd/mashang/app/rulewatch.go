package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// debounce is how long the rule folder must be quiet before it is read: an
// editor writes a file in several steps, a copy writes many files.
const debounce = 300 * time.Millisecond

// watchRules reads the rule folder again whenever it changes, until ctx ends.
func (a *App) watchRules(ctx context.Context) error {
	dir := filepath.Join(a.opts.CityDir, "rules")
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	defer func() { _ = w.Close() }()
	if err := watchTree(w, dir); err != nil {
		a.log.Warn("the rule folder cannot be watched; restart to load changes", "dir", dir, "err", err)
		<-ctx.Done()
		return ctx.Err()
	}
	quiet := time.NewTimer(time.Hour)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.Events:
			quiet.Reset(debounce)
		case err := <-w.Errors:
			a.log.Warn("watch the rule folder", "dir", dir, "err", err)
			quiet.Reset(debounce)
		case <-quiet.C:
			if err := watchTree(w, dir); err != nil {
				a.log.Warn("watch the rule folder", "dir", dir, "err", err)
			}
			if err := a.rules.Adopt(ctx, a.folder(false)); err != nil && ctx.Err() == nil {
				a.log.Error("read the rule folder", "dir", dir, "err", err)
			}
		}
	}
}

// watchTree watches dir and the folders below it; watching one again does
// nothing.
func watchTree(w *fsnotify.Watcher, dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) && path != dir {
			return nil // it was there a moment ago
		}
		if err != nil || !d.IsDir() {
			return err
		}
		return w.Add(path)
	})
}
