package cases

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/tally"
)

// Opened lists the cases with a topic that were opened since a moment.
func (p *Store) Opened(ctx context.Context, since time.Time) ([]tally.Opened, error) {
	rows, err := p.db.Pool().Query(ctx, "select id, topic, place, opened_at from cases where opened_at > $1 and topic <> ''", since)
	if err != nil {
		return nil, postgres.Wrap(err, "recent cases")
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[tally.Opened])
	return found, postgres.Wrap(err, "recent cases")
}
