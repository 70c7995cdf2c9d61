package local

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
)

// fresh prepares a server that has not been started.
func fresh(t *testing.T) (*Server, string) {
	t.Helper()
	root, err := os.MkdirTemp("", "local-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := prepare(filepath.Join(root, "pg"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	bin, err := binaries(t.Context(), s.home, "", s.log)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.initialise(t.Context(), bin); err != nil {
		t.Fatal(err)
	}
	return s, bin
}

// TestAServerThatMayLoseWhatItCommittedIsRefused runs real servers with each
// of the settings that give up durability.
func TestAServerThatMayLoseWhatItCommittedIsRefused(t *testing.T) {
	t.Parallel()
	s, bin := fresh(t)
	for _, setting := range []string{"", "fsync", "full_page_writes", "synchronous_commit"} {
		dsn, stop := launchWith(t, s, bin, setting)
		db, err := postgres.Open(t.Context(), dsn, s.log)
		if err == nil {
			db.Close()
		}
		var refused *hub.Error
		switch {
		case setting == "" && err != nil:
			t.Errorf("a safe server: %v", err)
		case setting != "" && (!errors.As(err, &refused) || refused.Key != "postgres.unsafe" || refused.Args[0] != setting):
			t.Errorf("%s=off: got %v, want postgres.unsafe of %s", setting, err, setting)
		}
		stop()
	}
}

// launchWith starts s's data with one setting off.
func launchWith(t *testing.T, s *Server, bin, off string) (dsn string, stop func()) {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	s.port = port
	args := []string{"-D", s.data(), "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + s.socket()}
	if off != "" {
		args = append(args, "-c", off+"=off")
	}
	var out bytes.Buffer
	cmd := exec.Command(filepath.Join(bin, "postgres"), args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.home, environment(), &out, &out
	cmd.SysProcAttr = s.owner.process()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.exited = make(chan struct{})
	ended := s.exited
	go func() { _ = cmd.Wait(); close(ended) }()
	stop = func() {
		_ = syscall.Kill(cmd.Process.Pid, syscall.SIGINT)
		<-ended
	}
	if err := s.await(t.Context()); err != nil {
		stop()
		t.Fatalf("%v\n%s", err, out.String())
	}
	return s.DSN(), stop
}

// TestDownloadedServerRuns fetches the programs from Maven Central, as a
// machine without PostgreSQL does, and stores something with them.
func TestDownloadedServerRuns(t *testing.T) {
	if os.Getenv("MASHANG_TEST_DOWNLOAD") == "" {
		t.Skip("set MASHANG_TEST_DOWNLOAD=1 to download PostgreSQL from Maven Central")
	}
	root, err := os.MkdirTemp("", "local-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := prepare(filepath.Join(root, "pg"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	programs := filepath.Join(s.home, "postgres")
	if err := download(programs, ""); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(programs, "bin")
	if !suits(t.Context(), bin, "") {
		t.Fatalf("%s has no PostgreSQL", bin)
	}
	if err := s.initialise(t.Context(), bin); err != nil {
		t.Fatal(err)
	}
	if err := s.begin(t.Context(), bin); err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	db, err := postgres.Open(t.Context(), s.DSN(), s.log)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := cases.New(db).CountCases(t.Context(), hub.Filter{}); n != 0 || err != nil {
		t.Errorf("%d cases, %v", n, err)
	}
	t.Logf("downloaded PostgreSQL %s", strings.TrimSpace(s.dataVersion()))
}
