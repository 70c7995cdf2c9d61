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

const columns = "id, topic, spot, place, opened_at, last_at, closed_at, latest, cases, told, critical, why, closed_by, closed_why"

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
	ClosedBy         string
	ClosedWhy        string
}

func (r row) warning() warning.Warning {
	w := warning.Warning{
		ID: r.ID, Topic: r.Topic, Spot: r.Spot, Place: r.Place, OpenedAt: r.OpenedAt, LastAt: r.LastAt, Latest: r.Latest,
		Cases: r.Cases, Told: r.Told, Critical: r.Critical, Why: r.Why,
		ClosedBy: r.ClosedBy, ClosedWhy: r.ClosedWhy,
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

// Counts returns how many reports the spot of a warning had on each day from
// since on, days without one left out, oldest first. Days are Beijing's.
func (s *Store) Counts(ctx context.Context, id string, since time.Time) ([]warning.Count, error) {
	rows, err := s.db.Pool().Query(ctx, `select date_trunc('day', r.at at time zone 'Asia/Shanghai') at time zone 'Asia/Shanghai', count(*)::int
		from warning w join warning_report r on r.topic = w.topic and r.key = w.key
		where w.id = $1 and r.at >= $2 and r.at <= w.last_at group by 1 order by 1`, id, since)
	if err != nil {
		return nil, fmt.Errorf("reports of warning %s: %w", id, err)
	}
	counts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[warning.Count])
	if err != nil {
		return nil, fmt.Errorf("reports of warning %s: %w", id, err)
	}
	return counts, nil
}

// Pushes returns what departments were told of a warning, newest first.
func (s *Store) Pushes(ctx context.Context, id string) ([]warning.Push, error) {
	rows, err := s.db.Pool().Query(ctx, `select alert_id, department, coalesce(alert::json->>'text', ''), (alert::json->>'at')::timestamptz, status
		from delivery where alert_id like $1 || '.%' order by 4 desc, 1`, id)
	if err != nil {
		return nil, fmt.Errorf("pushes of warning %s: %w", id, err)
	}
	pushes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[warning.Push])
	if err != nil {
		return nil, fmt.Errorf("pushes of warning %s: %w", id, err)
	}
	return pushes, nil
}
