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

const columns = "id, topic, spot, place, opened_at, last_at, closed_at, latest, cases, told, critical, why"

// A row is a warning as it is stored.
type row struct {
	ID, Topic, Spot  string
	Place            hub.PlaceCode
	OpenedAt, LastAt time.Time
	ClosedAt         *time.Time
	Latest           hub.CaseID
	Cases, Told      int
	Critical         bool
	Why              string
}

func (r row) warning() warning.Warning {
	w := warning.Warning{
		ID: r.ID, Topic: r.Topic, Spot: r.Spot, Place: r.Place, OpenedAt: r.OpenedAt, LastAt: r.LastAt, Latest: r.Latest,
		Cases: r.Cases, Told: r.Told, Critical: r.Critical, Why: r.Why,
	}
	if r.ClosedAt != nil {
		w.ClosedAt = *r.ClosedAt
	}
	return w
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func one(ctx context.Context, q querier, where string, args ...any) (warning.Warning, error) {
	rows, err := q.Query(ctx, "select "+columns+" from warning "+where, args...)
	if err != nil {
		return warning.Warning{}, err
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[row])
	return r.warning(), err
}

// Warnings lists warnings, newest first; open leaves out those that are over.
func (s *Store) Warnings(ctx context.Context, open bool, limit int) ([]warning.Warning, error) {
	rows, err := s.db.Pool().Query(ctx, "select "+columns+` from warning where not $1 or closed_at is null
		order by opened_at desc, id limit $2`, open, limit)
	if err != nil {
		return nil, fmt.Errorf("list warnings: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	if err != nil {
		return nil, fmt.Errorf("list warnings: %w", err)
	}
	out := make([]warning.Warning, 0, len(found))
	for _, r := range found {
		out = append(out, r.warning())
	}
	return out, nil
}

// Warning returns a warning and its cases, oldest first; CodeNotFound if there
// is none.
func (s *Store) Warning(ctx context.Context, id string) (warning.Warning, []hub.CaseID, error) {
	w, err := one(ctx, s.db.Pool(), "where id = $1", id)
	if errors.Is(err, pgx.ErrNoRows) {
		return w, nil, hub.Errorf(hub.CodeNotFound, "warning.not_found", id)
	}
	if err != nil {
		return w, nil, fmt.Errorf("warning %s: %w", id, err)
	}
	rows, err := s.db.Pool().Query(ctx, "select case_id from warning_report where warning = $1 order by at, case_id", id)
	if err != nil {
		return w, nil, fmt.Errorf("cases of warning %s: %w", id, err)
	}
	cases, err := pgx.CollectRows(rows, pgx.RowTo[hub.CaseID])
	if err != nil {
		return w, nil, fmt.Errorf("cases of warning %s: %w", id, err)
	}
	return w, cases, nil
}
