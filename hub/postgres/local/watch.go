package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Wait blocks until ctx ends or the server has died, and says why. A hub whose
// server is gone ends with that error: its next Start brings the server back.
func (s *Server) Wait(ctx context.Context) error {
	tick := time.NewTicker(time.Second) // for a server that another process started
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.exited: // nil when adopted
		case <-tick.C:
		}
		if s.gone() {
			return fmt.Errorf("postgres %d died: %s", s.pid, s.lastLog())
		}
	}
}

// begin launches the server and waits for it. The children of a killed
// postmaster hold its memory for a moment longer; begin tries again until they
// have ended.
func (s *Server) begin(ctx context.Context, bin string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := s.clearLock(); err != nil {
			return err
		}
		if err := s.launch(bin); err != nil {
			return err
		}
		err := s.await(ctx)
		if err == nil {
			return nil
		}
		_ = s.Stop(context.WithoutCancel(ctx))
		if text := err.Error(); !strings.Contains(text, "still in use") && !strings.Contains(text, "already exists") {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}

// clearLock removes the postmaster.pid of a server that died when its process
// id still means something: a zombie that no init reaps, as in containers, or
// another program that got the number. PostgreSQL would refuse to start. While
// any process of the old server lives, the file stays: it is what keeps two
// servers off the same data.
func (s *Server) clearLock() error {
	pid, _, ok := s.postmaster()
	if !ok || s.ours(pid) || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return nil
	}
	if inhabited, err := s.inhabited(); err != nil || inhabited {
		return nil // not for us to judge
	}
	s.log.Warn("removing the lock of a postgres that died", "pid", pid)
	if err := os.Remove(filepath.Join(s.data(), "postmaster.pid")); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("remove stale lock: %w", err)
	}
	return nil
}

// inhabited reports whether a process works in the data folder, as all
// processes of a server do.
func (s *Server) inhabited() (bool, error) {
	if _, err := os.Readlink("/proc/self/cwd"); err != nil {
		return false, err
	}
	data, err := filepath.EvalSymlinks(s.data())
	if err != nil {
		return false, err
	}
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		return false, err
	}
	for _, link := range links {
		// What cannot be read has ended or is of an account that is not ours.
		if cwd, err := os.Readlink(link); err == nil && cwd == data {
			return true, nil
		}
	}
	return false, nil
}
