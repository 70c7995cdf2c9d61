package cases_test

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

// relayed relays until the outbox is empty, and returns the ids that left.
func relayed(t *testing.T, db *postgres.DB) (ids []string) {
	t.Helper()
	for {
		n, err := db.RelayOutbox(t.Context(), 100, func(out []hub.Outgoing) error {
			for _, o := range out {
				ids = append(ids, o.ID)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return ids
		}
	}
}

// waiting is what a relay would send now; nothing leaves.
func waiting(t *testing.T, db *postgres.DB) (all []hub.Outgoing) {
	t.Helper()
	_, err := db.RelayOutbox(t.Context(), 100, func(out []hub.Outgoing) error {
		all = append(all, out...)
		return context.Canceled
	})
	if err == nil {
		t.Fatal("a failed publish is no error")
	}
	return all
}

// The node that stored messages sends them from memory; one that starts after
// it was killed reads the very same from the rows.
func TestWhatIsSentFromMemoryIsWhatTheRowsSay(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Migrated(t)
	node, next := pgtest.OpenAt(t, dsn), pgtest.OpenAt(t, dsn)
	one := pgtest.Opening(1)
	one.Out[0].Payload, one.Out[1].Payload = []byte(`{"一":1}`), []byte{}
	if _, err := cases.New(node).InsertCases(t.Context(), []hub.Opening{one, pgtest.Opening(2)}); err != nil {
		t.Fatal(err)
	}
	if _, err := node.Pool().Exec(t.Context(), "update outbox set bundle = '\\x00'"); err != nil {
		t.Fatal(err)
	}
	fromMemory := waiting(t, node)
	if len(fromMemory) != 4 || fromMemory[0].ID != "BY0001/1" || string(fromMemory[0].Payload) != `{"一":1}` {
		t.Fatalf("the node that stored them read the row: %+v", fromMemory)
	}
	if _, err := next.RelayOutbox(t.Context(), 100, func([]hub.Outgoing) error { return nil }); err == nil {
		t.Error("another node sent what is damaged")
	}
	if got := relayed(t, node); len(got) != 4 {
		t.Errorf("sent %v", got)
	}
	if _, err := cases.New(node).InsertCases(t.Context(), []hub.Opening{pgtest.Opening(3)}); err != nil {
		t.Fatal(err)
	}
	if warm, cold := waiting(t, node), waiting(t, next); !reflect.DeepEqual(warm, normal(cold)) {
		t.Errorf("memory %+v\nrow    %+v", warm, cold)
	}
}

// normal writes no bytes as nil, as opening does.
func normal(out []hub.Outgoing) []hub.Outgoing {
	for i := range out {
		if len(out[i].Payload) == 0 {
			out[i].Payload = nil
		}
	}
	return out
}

// What another node's relay has sent is not sent again from memory, and what
// was committed late by another node is not passed over.
func TestMemoryNeverOutlivesItsRow(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Migrated(t)
	node, other := pgtest.OpenAt(t, dsn), pgtest.OpenAt(t, dsn)
	for i, step := range []struct{ stores, relays *postgres.DB }{
		{node, other}, {node, node}, {other, node}, {other, other}, {node, other},
	} {
		if _, err := cases.New(step.stores).InsertCases(t.Context(), []hub.Opening{pgtest.Opening(i)}); err != nil {
			t.Fatal(err)
		}
		id := string(pgtest.Opening(i).Case.ID)
		if got := relayed(t, step.relays); !slices.Equal(got, []string{id + "/1", id + "/2"}) {
			t.Errorf("step %d: sent %v", i, got)
		}
	}
}
