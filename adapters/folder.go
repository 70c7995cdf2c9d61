package adapters

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Folder is watched for files. A file that was handled moves to processed/,
// one that is wrong to failed/ with the reason beside it, and one that could
// not be handled now stays for the next round.
type Folder struct {
	Path string
	// Settle is how long a file must have been left alone, so that one that
	// is still being copied is not read. Writers that rename need none.
	Settle time.Duration
	Clock  hub.Clock
	// Pattern says which names count; "" is all.
	Pattern string
	// Handle takes one file. It may be called again for the same file.
	Handle func(ctx context.Context, name string, data []byte) error
}

// Scan handles all files once, in the order of their names. It stops at the
// first that has to wait, so that none overtakes it.
func (f Folder) Scan(ctx context.Context) error {
	if err := os.MkdirAll(f.Path, 0o750); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return fmt.Errorf("scan folder: %w", err)
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if e.IsDir() || !f.ready(e) {
			continue
		}
		if err := f.take(ctx, e.Name()); err != nil {
			return fmt.Errorf("file %s: %w", e.Name(), err)
		}
	}
	return nil
}

func (f Folder) ready(e os.DirEntry) bool {
	if Unfinished(e.Name()) {
		return false
	}
	if ok, err := filepath.Match(f.Pattern, e.Name()); f.Pattern != "" && (!ok || err != nil) {
		return false
	}
	info, err := e.Info()
	return err == nil && info.Mode().IsRegular() &&
		(f.Settle == 0 || f.Clock.Now().Sub(info.ModTime()) >= f.Settle)
}

// Unfinished reports whether name is that of a file that is still being
// written, that an editor left, or that is a receipt of ours.
func Unfinished(name string) bool {
	for _, ending := range []string{".tmp", ".part", ".filepart", ".crdownload", ".receipt.json"} {
		if strings.HasSuffix(name, ending) {
			return true
		}
	}
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~$")
}

func (f Folder) take(ctx context.Context, name string) error {
	path := filepath.Join(f.Path, name)
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	data, err := ReadAll(file, 4*MaxBody)
	_ = file.Close() // read only
	if err == nil {
		err = f.Handle(ctx, name, data)
	}
	switch hub.CodeOf(err) {
	case "":
		return move(path, filepath.Join(f.Path, "processed"))
	case hub.CodeInvalid, hub.CodeTooLarge:
		if werr := WriteFile(filepath.Join(f.Path, "failed", name+".reason.txt"), []byte(Sentence(err)+"\n")); werr != nil {
			return werr
		}
		return move(path, filepath.Join(f.Path, "failed"))
	}
	return err
}

// move renames path into dir, under a new name if that one is taken.
func move(path, dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	target := filepath.Join(dir, filepath.Base(path))
	for n := 2; ; n++ {
		if _, err := os.Lstat(target); errors.Is(err, os.ErrNotExist) {
			break
		}
		ext := filepath.Ext(path)
		base := strings.TrimSuffix(filepath.Base(path), ext)
		target = filepath.Join(dir, fmt.Sprintf("%s-%d%s", base, n, ext))
	}
	if err := os.Rename(path, target); err != nil {
		return fmt.Errorf("move file: %w", err)
	}
	return nil
}

// WriteFile writes a file so that others see all of it or nothing.
func WriteFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".write-*.tmp")
	if err != nil {
		return fmt.Errorf("create file: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already when all went well
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("put file in place: %w", err)
	}
	return nil
}

// Every calls f at once and then at each interval until ctx ends. It logs an
// error when it is not the one of the round before.
func Every(ctx context.Context, interval time.Duration, log *slog.Logger, f func(context.Context) error) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	last := ""
	for {
		now := ""
		if err := f(ctx); err != nil && ctx.Err() == nil {
			now = err.Error()
		}
		if now != last && now != "" {
			log.Warn("channel must wait", "error", now)
		}
		last = now
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Rounds are the rounds of a channel that fetches: one every interval, or at
// once while there is more, and after failures ever more seldom.
type Rounds struct {
	Every time.Duration
	Max   time.Duration // longest wait after failures
	Log   *slog.Logger
}

// A Wait is an error that says how long its source wants to be left alone.
type Wait struct {
	For time.Duration
	Err error
}

func (w *Wait) Error() string { return w.Err.Error() }

// Unwrap returns the cause.
func (w *Wait) Unwrap() error { return w.Err }

// Run calls round until ctx ends, and returns nil then. more asks for another
// round at once.
func (r Rounds) Run(ctx context.Context, round func(context.Context) (more bool, err error)) error {
	last, wait := "", r.Every
	for ctx.Err() == nil {
		more, err := round(ctx)
		if err == nil {
			last, wait = "", r.Every
			if more {
				continue
			}
		} else if ctx.Err() == nil {
			if err.Error() != last {
				last = err.Error()
				r.Log.Warn("channel must wait", "error", err)
			}
			wait = min(2*wait, max(r.Max, r.Every))
		}
		pause := wait
		if asked, ok := errors.AsType[*Wait](err); ok && asked.For > pause {
			pause = min(asked.For, time.Hour)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// AcceptAll hands in any number of submissions in batches. It stops at the
// first batch that the Intake does not take.
func AcceptAll(ctx context.Context, in Intake, subs []hub.Submission) ([]hub.Acceptance, error) {
	var all []hub.Acceptance
	for len(subs) > 0 {
		n := min(len(subs), MaxBatch)
		got, err := in.Accept(ctx, subs[:n])
		if err != nil {
			return all, err
		}
		all = append(all, got...)
		subs = subs[n:]
	}
	return all, nil
}
