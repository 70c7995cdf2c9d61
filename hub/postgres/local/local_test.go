package local_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub/postgres/local"
)

func start(t *testing.T, dir string) *local.Server {
	t.Helper()
	s, err := local.Start(t.Context(), dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return s
}

func run(t *testing.T, s *local.Server, sql string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.DSN())
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func TestServerKeepsDataAndIsAdopted(t *testing.T) {
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
	first := start(t, dir)
	run(t, first, "with t as (select 1) select count(*) from t")
	pid := run(t, first, "select pg_postmaster_start_time()::date - date '2000-01-01'")
	adopted := start(t, dir) // as after a killed hub: the server still runs
	if adopted.DSN() != first.DSN() || run(t, adopted, "select 7") != 7 || pid == 0 {
		t.Error("the running server was not adopted")
	}
	if err := adopted.Stop(t.Context()); err != nil {
		t.Fatalf("Stop: %v", err)
	}
	if err := adopted.Stop(t.Context()); err != nil {
		t.Errorf("second Stop: %v", err)
	}
	// A crash leaves a stale postmaster.pid behind.
	stale := "4194000\n" + filepath.Join(dir, "data") + "\n1\n5\n\n"
	if err := os.WriteFile(filepath.Join(dir, "data", "postmaster.pid"), []byte(stale), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := run(t, start(t, dir), "select 1"); got != 1 {
		t.Errorf("after a crash: %d", got)
	}
	info, err := os.Stat(filepath.Join(dir, "password"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("password file: %v, %v", info, err)
	}
}
