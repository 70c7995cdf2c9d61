package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/mashang-hub/mashang/hub/postgres/local"
	"github.com/mashang-hub/mashang/hub/postgres/migration"
)

// stale is how long a kept cluster that nobody made anew stays: branches with
// other migrations come and go.
const stale = 7 * 24 * time.Hour

// room is what memory must have free to hold a server's files.
const room = 2 << 30

// quick is a folder in memory, where a commit does not wait for a disk; ""
// where there is none with room. Tests kill processes, which memory survives
// as a disk does; none cuts the power.
func quick() string {
	const memory = "/dev/shm"
	var space syscall.Statfs_t
	if err := syscall.Statfs(memory, &space); err != nil || uint64(space.Bavail)*uint64(space.Bsize) < room {
		return ""
	}
	return memory
}

// provide fills home with a server's files that have the migrated template.
// They are made once for each set of migrations and kept in the user's cache,
// of which every package of a test run takes a copy.
func provide(ctx context.Context, home string) error {
	kept, err := place(ctx)
	if err != nil {
		return build(ctx, home) // no cache here: each package makes its own
	}
	if err := clone(kept, home); err == nil {
		return nil
	}
	if err := os.RemoveAll(home); err != nil {
		return fmt.Errorf("clear %s: %w", home, err)
	}
	if err := build(ctx, home); err != nil {
		return err
	}
	return keep(home, kept)
}

// place names the kept cluster by what it is made of: the migrations and the
// server's programs.
func place(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache: %w", err)
	}
	bin, _ := local.Installed(ctx)
	sum := sha256.New()
	_, _ = fmt.Fprintln(sum, os.Geteuid(), bin)
	steps := migration.FS()
	names, err := fs.Glob(steps, "*.sql")
	if err != nil {
		return "", fmt.Errorf("list migrations: %w", err)
	}
	for _, name := range names {
		text, err := steps.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("read migration: %w", err)
		}
		_, _ = fmt.Fprintln(sum, name, len(text))
		_, _ = sum.Write(text)
	}
	return filepath.Join(cache, "mashang-pgtest", hex.EncodeToString(sum.Sum(nil)[:12])), nil
}

// build makes a cluster with the template in home and leaves it stopped.
func build(ctx context.Context, home string) error {
	server, err := local.Start(ctx, home, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	err = makeTemplate(ctx, server.DSN(), keptTemplate)
	if stopErr := server.Stop(ctx); err == nil {
		err = stopErr
	}
	return err
}

// keep copies home to kept, under another name first: who looks meanwhile sees
// all of it or nothing. Another package may have been faster.
func keep(home, kept string) error {
	folder := filepath.Dir(kept)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make cache: %w", err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("read cache: %w", err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > stale {
			_ = os.RemoveAll(filepath.Join(folder, e.Name()))
		}
	}
	fresh := kept + "." + strings.ToLower(rand.Text()[:8])
	err = clone(home, fresh)
	if err == nil {
		err = os.Rename(fresh, kept)
	}
	if err != nil {
		_ = os.RemoveAll(fresh)
		if _, there := os.Stat(kept); there == nil {
			return nil
		}
	}
	return err
}

// clone copies a folder with modes and owners.
func clone(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		target := to + strings.TrimPrefix(path, from)
		switch {
		case d.IsDir():
			err = os.MkdirAll(target, info.Mode().Perm())
		case d.Type().IsRegular():
			err = cloneFile(path, target, info.Mode().Perm())
		default:
			return nil // a socket
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && err == nil && os.Geteuid() == 0 {
			err = os.Chown(target, int(st.Uid), int(st.Gid))
		}
		return err
	})
}

func cloneFile(from, to string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if _, err := out.ReadFrom(in); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}
