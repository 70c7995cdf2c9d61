package cases_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"golang.org/x/sync/errgroup"
)

// Many changes at once that each read through the pool: none waits for a
// connection that another holds.
func TestDecisionsMayRead(t *testing.T) {
	t.Parallel()
	const n = 64
	store, db := open(t)
	openCases(t, store, n)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var g errgroup.Group
	for i := range n {
		g.Go(func() error {
			_, err := store.ChangeCase(ctx, hub.CaseID(fmt.Sprintf("BY%04d", i)), "", pgtest.Monday(),
				func(c hub.Case, _ hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
					if _, err := db.OutboxDepth(ctx); err != nil {
						return c, nil, nil, err
					}
					return progress(c)
				})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}
