package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub/tally"
)

// Opened lists the cases with a topic that were opened since a moment.
func (db *DB) Opened(ctx context.Context, since time.Time) ([]tally.Opened, error) {
	rows, err := db.pool.Query(ctx, "select id, topic, place, opened_at from cases where opened_at > $1 and topic <> ''", since)
	if err != nil {
		return nil, wrap(err, "recent cases")
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[tally.Opened])
	return found, wrap(err, "recent cases")
}
