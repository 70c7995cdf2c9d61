package cases_test

import (
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

// Asking for a case that is not there yet leaves the statements of the
// connection prepared: departments ask early and often.
func TestAMissingCaseLeavesStatementsPrepared(t *testing.T) {
	t.Parallel()
	store, db := open(t)
	prepared := func() (at time.Time) {
		for _, conn := range db.Keyed().AcquireAllIdle(t.Context()) {
			var last *time.Time
			err := conn.QueryRow(t.Context(), `select max(prepare_time) from pg_prepared_statements
				where statement like '%for update of c'`).Scan(&last)
			conn.Release()
			if err != nil {
				t.Fatal(err)
			}
			if last != nil && last.After(at) {
				at = *last
			}
		}
		return at
	}
	ask := func() {
		for range 20 { // more than there are connections
			if _, err := store.ChangeCase(t.Context(), "none", "", pgtest.Monday(), nil); hub.CodeOf(err) != hub.CodeNotFound {
				t.Fatal(err)
			}
		}
	}
	ask()
	first := prepared()
	if first.IsZero() {
		t.Fatal("nothing is prepared")
	}
	ask()
	if again := prepared(); !again.Equal(first) {
		t.Errorf("prepared at %s and anew at %s", first, again)
	}
}
