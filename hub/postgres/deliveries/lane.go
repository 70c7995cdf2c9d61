package deliveries

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// SetLane stores how a department's lane is to stand from since on, and who
// wanted it so. An endpoint that is gone stays disabled until a person says
// otherwise.
func (s *Store) SetLane(ctx context.Context, l hub.Lane) error {
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `insert into lane (department, status, reason, by_whom, since)
			values ($1, $2, $3, $4, $5)
			on conflict (department) do update set status = excluded.status, reason = excluded.reason,
				by_whom = excluded.by_whom, since = excluded.since`,
			string(l.Department), string(l.Status), postgres.Clean(l.Reason), postgres.Clean(l.By), l.Since)
		if err != nil {
			return err
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, l.Since, audit.LaneSet, "lane/"+string(l.Department),
			map[string]string{"status": string(l.Status), "reason": postgres.Clean(l.Reason)}))
	})
	return postgres.Wrap(err, "set lane")
}

// Lanes returns the lanes of depts, in their order, with the counts of their
// deliveries. A draining lane that has nothing left from before is paused.
func (s *Store) Lanes(ctx context.Context, depts []hub.DepartmentCode) ([]hub.Lane, error) {
	rows, err := s.db.Pool().Query(ctx, `select u.d, coalesce(l.status, 'running'), coalesce(l.reason, ''),
			coalesce(l.by_whom, ''), coalesce(l.since, 'epoch'),
			count(v.*) filter (where v.status = 'pending'), count(v.*) filter (where v.status = 'dead'),
			count(v.*) filter (where v.status = 'done'),
			count(v.*) filter (where v.status = 'pending' and v.added_at <= l.since)
		from unnest($1::text[]) with ordinality as u(d, n)
		left join lane l on l.department = u.d left join delivery v on v.department = u.d
		group by u.d, u.n, l.status, l.reason, l.by_whom, l.since order by u.n`, depts)
	if err != nil {
		return nil, postgres.Wrap(err, "read lanes")
	}
	lanes, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (hub.Lane, error) {
		var l hub.Lane
		var before int
		err := r.Scan(&l.Department, &l.Status, &l.Reason, &l.By, &l.Since, &l.Pending, &l.Dead, &l.Done, &before)
		l.Since = l.Since.UTC()
		if l.Since.Equal(time.Unix(0, 0)) {
			l.Since = time.Time{}
		}
		if l.Status == hub.LaneDraining && before == 0 {
			l.Status = hub.LanePaused
		}
		return l, err
	})
	return lanes, postgres.Wrap(err, "read lanes")
}
