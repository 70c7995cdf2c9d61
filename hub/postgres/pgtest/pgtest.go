// Package pgtest gives each test an empty database: a schema of its own on a
// server that the test binary shares. Start with [Main] in TestMain and [Open]
// in the test.
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/local"
)

// Variable names the server to test on; without it Main starts one.
const Variable = "MASHANG_TEST_POSTGRES"

// Main runs the tests of a binary with a server and exits. Call it as the
// whole of TestMain.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main without the exit, for a TestMain that does more; it returns the
// exit code.
func Run(m *testing.M) int {
	if os.Getenv(Variable) != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "pgtest-")
	if err != nil {
		return fail(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil {
		return fail(err)
	}
	server, err := local.Start(context.Background(), filepath.Join(dir, "pg"), slog.New(slog.DiscardHandler))
	if err != nil {
		return fail(err)
	}
	defer func() { _ = server.Stop(context.Background()) }()
	if err := os.Setenv(Variable, server.DSN()); err != nil {
		return fail(err)
	}
	return m.Run()
}

func fail(err error) int {
	_, _ = fmt.Fprintln(os.Stderr, "pgtest:", err)
	return 1
}

// Open returns a migrated store in a schema of its own, which is dropped when
// the test ends.
func Open(t testing.TB) *postgres.DB {
	t.Helper()
	return OpenAt(t, DSN(t))
}

// OpenAt returns a migrated store in the schema of dsn, as DSN returned it.
func OpenAt(t testing.TB, dsn string) *postgres.DB {
	t.Helper()
	ctx := context.Background()
	db, err := postgres.Open(ctx, dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("open postgres: %v", err)
	}
	t.Cleanup(db.Close)
	if err := db.Migrate(ctx); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	return db
}

// DSN returns the address of a new, empty schema, which is dropped when the
// test ends.
func DSN(t testing.TB) string {
	t.Helper()
	base := os.Getenv(Variable)
	if base == "" {
		t.Fatalf("no server: call pgtest.Main from TestMain or set %s", Variable)
	}
	schema := "t_" + strings.ToLower(rand.Text()[:12])
	execute(t, base, "create schema "+schema)
	t.Cleanup(func() { execute(t, base, "drop schema "+schema+" cascade") })
	u, err := url.Parse(base)
	if err != nil {
		t.Fatalf("parse %s: %v", Variable, err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func execute(t testing.TB, dsn, sql string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
