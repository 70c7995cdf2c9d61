// Package shares reads the cases of a day as they are shared with others. It
// reads nothing that a citizen said or is. Start with New.
package shares

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mashang-hub/mashang/hub/daily"
)

// A Store reads. It is safe for concurrent use.
type Store struct{ pool *pgxpool.Pool }

// New returns the store in the database of pool.
func New(pool *pgxpool.Pool) *Store { return &Store{pool} }

// Rows calls each for every case that was opened or closed from from to to, in
// the order of their opening.
func (s *Store) Rows(ctx context.Context, from, to time.Time, each func(daily.Row) error) error {
	rows, err := s.pool.Query(ctx, `select id, channel, category, kind, urgency, topic, place, status, lead, title, opened_at, closed_at
		from cases where opened_at >= $1 and opened_at < $2 or closed_at >= $1 and closed_at < $2 order by opened_at, id`, from, to)
	if err != nil {
		return fmt.Errorf("read the day's cases: %w", err)
	}
	var r daily.Row
	var closed *time.Time
	_, err = pgx.ForEachRow(rows, []any{
		&r.ID, &r.Channel, &r.Category, &r.Kind, &r.Urgency, &r.Topic, &r.Place, &r.Status, &r.Lead, &r.Title, &r.OpenedAt, &closed,
	}, func() error {
		r.ClosedAt = time.Time{}
		if closed != nil {
			r.ClosedAt = closed.UTC()
		}
		r.OpenedAt = r.OpenedAt.UTC()
		return each(r)
	})
	if err != nil {
		return fmt.Errorf("read the day's cases: %w", err)
	}
	return nil
}
