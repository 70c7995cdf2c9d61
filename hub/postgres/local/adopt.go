package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// adopt takes over a server that runs on the folder already. A stale
// postmaster.pid is left to the next postmaster, which knows how to judge it.
func (s *Server) adopt(ctx context.Context) bool {
	pid, port, ok := s.postmaster()
	if !ok || !s.ours(pid) {
		return false
	}
	s.pid, s.port = pid, port
	if s.ensure(ctx) == nil {
		return true
	}
	// It runs and does not answer: end it, and start anew.
	s.log.Warn("stopping postgres that does not answer", "pid", pid)
	if err := s.Stop(ctx); err != nil {
		_ = syscall.Kill(pid, syscall.SIGQUIT)
	}
	return false
}

// postmaster reads process id and port from postmaster.pid.
func (s *Server) postmaster() (pid, port int, ok bool) {
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return 0, 0, false
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 4 {
		return 0, 0, false
	}
	pid, err1 := strconv.Atoi(strings.TrimSpace(lines[0]))
	port, err2 := strconv.Atoi(strings.TrimSpace(lines[3]))
	return pid, port, err1 == nil && err2 == nil && pid > 1
}

// ours reports whether process pid is a postgres on our folder. Where there is
// no /proc, a living process is taken for it, as PostgreSQL itself does.
func (s *Server) ours(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if os.IsNotExist(err) {
		_, err = os.Stat("/proc/self")
		return err != nil
	}
	return strings.Contains(string(line), s.data())
}

// gone reports whether the server has ended. A zombie has no command line.
func (s *Server) gone() bool {
	select {
	case <-s.exited:
		return true
	default:
	}
	return s.pid == 0 || !s.ours(s.pid)
}
