package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/seal"
)

// Every node must be able to open what another one sealed.
func TestANodeWithOtherKeysIsRefused(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	first, second, other := seal.NewLine("k1"), seal.NewLine("k2"), seal.NewLine("k1")
	start := func(lines ...string) error {
		return db.CheckKeys(ctx, pgtest.Keyring(t, strings.Join(lines, "")), pgtest.Monday())
	}
	for range 2 { // the first node, and after it one with the same file
		if err := start(first); err != nil {
			t.Fatal(err)
		}
	}
	if err := start(other); !isKey(err, "keys.other") {
		t.Errorf("a file of its own: %v", err)
	}
	if err := start(second); !isKey(err, "keys.missing") {
		t.Errorf("a file without the key in use: %v", err)
	}
	if err := start(second, first); err != nil {
		t.Errorf("a new key before the old one: %v", err)
	}
	if err := start(first); !isKey(err, "keys.missing") {
		t.Errorf("a node that did not hear of the new key: %v", err)
	}
	gone, err := db.ForgetKeys(ctx, pgtest.Keyring(t, second+first))
	if err != nil || len(gone) != 1 || gone[0] != "k1" {
		t.Errorf("forgot %v, %v", gone, err)
	}
	if err := start(second); err != nil {
		t.Errorf("without the key that seals nothing: %v", err)
	}
}

func isKey(err error, key string) bool {
	e, ok := errors.AsType[*hub.Error](err)
	return ok && e.Key == key
}
