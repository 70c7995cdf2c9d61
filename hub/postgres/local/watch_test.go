package local_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/mashang-hub/mashang/hub/postgres/local"
)

// A killed server is noticed, and the next start brings it back.
func TestWaitNoticesDeath(t *testing.T) {
	t.Parallel()
	root, err := os.MkdirTemp("", "local-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "pg")
	s := start(t, dir)
	text, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "died") {
		t.Fatalf("Wait = %v, want death", err)
	}
	again, err := local.Start(t.Context(), dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if n := run(t, again, "select 1"); n != 1 {
		t.Errorf("select 1 = %d", n)
	}
	if err := again.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}
