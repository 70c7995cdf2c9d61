// Package pgtest gives each test a database of its own on a server that the
// test binary shares: a copy of a migrated one, or an empty schema. Start with
// [Main] in TestMain and [Open] in the test.
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

// template is the variable with the name of the migrated database that tests
// get copies of; keptTemplate is that of a server that Main started.
const (
	template     = "MASHANG_TEST_POSTGRES_TEMPLATE"
	keptTemplate = "template_mashang"
)

// Main runs the tests of a binary with a server and exits. Call it as the
// whole of TestMain.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main without the exit, for a TestMain that does more; it returns the
// exit code.
func Run(m *testing.M) int {
	ctx := context.Background()
	if os.Getenv(template) != "" { // a process that a test started
		return m.Run()
	}
	if dsn := os.Getenv(Variable); dsn != "" {
		return runOn(ctx, m, dsn)
	}
	dir, err := os.MkdirTemp(quick(), "pgtest-")
	if err != nil {
		return fail(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil {
		return fail(err)
	}
	home := filepath.Join(dir, "pg")
	if err := provide(ctx, home); err != nil {
		return fail(err)
	}
	server, err := local.Start(ctx, home, slog.New(slog.DiscardHandler))
	if err != nil {
		return fail(err)
	}
	defer func() { _ = server.Stop(ctx) }()
	for name, value := range map[string]string{Variable: server.DSN(), template: keptTemplate} {
		if err := os.Setenv(name, value); err != nil {
			return fail(err)
		}
	}
	return m.Run()
}

// runOn runs the tests on somebody's server, with a template for this binary.
func runOn(ctx context.Context, m *testing.M, dsn string) int {
	name := "template_" + strings.ToLower(rand.Text()[:12])
	if err := makeTemplate(ctx, dsn, name); err != nil {
		return fail(err)
	}
	defer func() { _ = command(ctx, dsn, "drop database "+name) }()
	if err := os.Setenv(template, name); err != nil {
		return fail(err)
	}
	return m.Run()
}

// makeTemplate makes a migrated database.
func makeTemplate(ctx context.Context, dsn, name string) error {
	if err := command(ctx, dsn, "create database "+name); err != nil {
		return err
	}
	own, err := inDatabase(dsn, name)
	if err != nil {
		return err
	}
	db, err := postgres.Open(ctx, own, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Migrate(ctx)
}

func fail(err error) int {
	_, _ = fmt.Fprintln(os.Stderr, "pgtest:", err)
	return 1
}

// Open returns a store in a migrated database of its own, which is dropped
// when the test ends.
func Open(t testing.TB) *postgres.DB {
	t.Helper()
	return OpenAt(t, Migrated(t))
}

// Migrated returns the address of a new, migrated database, which is dropped
// when the test ends.
func Migrated(t testing.TB) string {
	t.Helper()
	base, name := server(t), "t_"+strings.ToLower(rand.Text()[:12])
	execute(t, base, "create database "+name+" template "+os.Getenv(template))
	t.Cleanup(func() { execute(t, base, "drop database "+name+" with (force)") })
	dsn, err := inDatabase(base, name)
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

// OpenAt returns a migrated store at dsn, as Migrated or DSN returned it.
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
	base, schema := server(t), "t_"+strings.ToLower(rand.Text()[:12])
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

// server returns the address of the server.
func server(t testing.TB) string {
	t.Helper()
	if os.Getenv(Variable) == "" || os.Getenv(template) == "" {
		t.Fatal("no server: call pgtest.Main from TestMain")
	}
	return os.Getenv(Variable)
}

// inDatabase is dsn with another database.
func inDatabase(dsn, name string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", fmt.Errorf("parse %s: %w", Variable, err)
	}
	u.Path = "/" + name
	return u.String(), nil
}

func execute(t testing.TB, dsn, sql string) {
	t.Helper()
	if err := command(context.Background(), dsn, sql); err != nil {
		t.Fatal(err)
	}
}

// command runs one statement on a connection of its own.
func command(ctx context.Context, dsn, sql string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}
