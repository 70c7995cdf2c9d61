package postgres_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func TestTheNumberingKeyStays(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	key, err := db.NumberingKey(ctx)
	if err != nil || len(key) != 32 {
		t.Fatalf("NumberingKey = %x, %v", key, err)
	}
	if err := db.Migrate(ctx); err != nil {
		t.Errorf("Migrate again: %v", err)
	}
	if again, err := db.NumberingKey(ctx); err != nil || string(key) != string(again) {
		t.Errorf("after another migration NumberingKey = %x, %v", again, err)
	}
}

func TestOpenRefusesUnsafeServer(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	_, err := postgres.Open(t.Context(), dsn+"&synchronous_commit=off", slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "postgres.unsafe") {
		t.Errorf("Open = %v, want postgres.unsafe", err)
	}
}
