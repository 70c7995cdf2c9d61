package warnings

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/warning"
)

// Close ends a running warning by hand and sends what out lists, in one
// transaction. An unknown warning is an Error of CodeNotFound, one that is over
// an Error of CodeConflict.
func (s *Store) Close(ctx context.Context, id, by, why string, now time.Time, out func(warning.Warning) []hub.Outgoing) (warning.Warning, error) {
	var closed warning.Warning
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		was, err := one(ctx, tx, "where id = $1 for update", id)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return hub.Errorf(hub.CodeNotFound, "warning.not_found", id)
		case err != nil:
			return fmt.Errorf("warning %s: %w", id, err)
		case !was.ClosedAt.IsZero():
			return hub.Errorf(hub.CodeConflict, "warning.closed", id)
		}
		_, err = tx.Exec(ctx, `update warning set closed_at = greatest($2, opened_at), closed_by = $3, closed_why = $4 where id = $1`,
			id, now, by, why)
		if err != nil {
			return fmt.Errorf("close warning %s: %w", id, err)
		}
		if closed, err = one(ctx, tx, "where id = $1", id); err != nil {
			return fmt.Errorf("warning %s: %w", id, err)
		}
		return s.db.SendIn(ctx, tx, out(closed))
	})
	return closed, err
}
