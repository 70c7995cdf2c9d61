package notices

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/notice"
)

// group is one group that is due.
type group struct {
	Department, Key string
	alerts          []hub.Alert
}

// Flush implements notice.Store.
func (s *Store) Flush(ctx context.Context, now time.Time, n int, compose func([]hub.Alert) hub.Alert) ([]hub.DepartmentCode, time.Time, error) {
	var depts []hub.DepartmentCode
	var next time.Time
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		groups, err := due(ctx, tx, now, n)
		if err != nil {
			return err
		}
		if len(groups) == 0 {
			var at *time.Time
			err := tx.QueryRow(ctx, "select min(flush_at) from notice_group where flush_at is not null").Scan(&at)
			if at != nil {
				next = at.UTC()
			}
			return err
		}
		var b pgx.Batch
		for _, g := range groups {
			if len(g.alerts) == 0 {
				continue
			}
			if err := give(&b, *g, now, compose); err != nil {
				return err
			}
			if d := hub.DepartmentCode(g.Department); !slices.Contains(depts, d) {
				depts = append(depts, d)
			}
		}
		return tx.SendBatch(ctx, &b).Close()
	})
	return depts, next, wrap(err, "flush groups")
}

// due takes the groups whose time has come, locked, with their alerts in order.
func due(ctx context.Context, tx pgx.Tx, now time.Time, n int) ([]*group, error) {
	res, err := tx.Query(ctx, `update notice_group g set flush_at = null, flushed_at = $1
		where (department, key) in (select department, key from notice_group
			where flush_at <= $1 order by flush_at limit $2 for update skip locked)
		returning department, key`, now, n)
	if err != nil {
		return nil, err
	}
	var groups []*group
	byID := map[[2]string]*group{}
	var depts, keys []string
	var g group
	_, err = pgx.ForEachRow(res, []any{&g.Department, &g.Key}, func() error {
		c := &group{Department: g.Department, Key: g.Key}
		groups, byID[[2]string{g.Department, g.Key}] = append(groups, c), c
		depts, keys = append(depts, g.Department), append(keys, g.Key)
		return nil
	})
	if err != nil || len(groups) == 0 {
		return nil, err
	}
	res, err = tx.Query(ctx, `select d.department, d.group_key, d.alert from unnest($1::text[], $2::text[]) as u(dept, key)
		join delivery d on d.department = u.dept and d.group_key = u.key and d.status = 'held'
		order by d.added_at, d.case_id, d.seq, d.alert_id`, depts, keys)
	if err != nil {
		return nil, err
	}
	var body []byte
	_, err = pgx.ForEachRow(res, []any{&g.Department, &g.Key, &body}, func() error {
		var a hub.Alert
		if err := json.Unmarshal(body, &a); err != nil {
			return fmt.Errorf("decode alert: %w", err)
		}
		c := byID[[2]string{g.Department, g.Key}]
		c.alerts = append(c.alerts, a)
		return nil
	})
	return groups, err
}

// give stores the notice of a group and closes its members. One alert alone goes
// out as itself.
func give(b *pgx.Batch, g group, now time.Time, compose func([]hub.Alert) hub.Alert) error {
	if len(g.alerts) == 1 {
		b.Queue(`update delivery set status = 'pending', next_at = $2, changed_at = $2 where alert_id = $1 and status = 'held'`,
			string(g.alerts[0].ID), now)
		return nil
	}
	n := compose(g.alerts)
	sum := sha256.Sum256([]byte(g.Department + "\x1f" + g.Key + "\x1f" + strconv.FormatInt(now.UnixMicro(), 10)))
	n.Case = hub.CaseID("N" + hex.EncodeToString(sum[:8]))
	n.ID = hub.AlertID(string(n.Case) + ".1." + g.Department)
	body, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode notice %s: %w", n.ID, err)
	}
	ids := make([]string, len(g.alerts))
	for i, a := range g.alerts {
		ids[i] = string(a.ID)
	}
	b.Queue(`insert into delivery (alert_id, department, case_id, seq, status, next_at, changed_at, added_at, alert)
		values ($1, $2, $3, 1, 'pending', $4, $4, $4, $5)`, string(n.ID), g.Department, string(n.Case), now, string(body))
	b.Queue(`update delivery set status = 'grouped', notice = $2, changed_at = $3
		where alert_id = any($1) and status = 'held'`, ids, string(n.ID), now)
	return nil
}

// Release implements notice.Store. Alerts of cases that are closed by now stay
// muted for good: there is nothing left to do about them.
func (s *Store) Release(ctx context.Context, now time.Time, n int, decide func(context.Context, []hub.Alert) ([]notice.Verdict, error)) ([]hub.DepartmentCode, error) {
	var depts []hub.DepartmentCode
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		res, err := tx.Query(ctx, `select d.alert from delivery d where d.status = 'muted' and d.next_at <= $1
			order by d.next_at limit $2 for update skip locked`, now, n)
		if err != nil {
			return err
		}
		alerts, err := pgx.CollectRows(res, func(r pgx.CollectableRow) (hub.Alert, error) {
			var body []byte
			var a hub.Alert
			if err := r.Scan(&body); err != nil {
				return a, err
			}
			return a, json.Unmarshal(body, &a)
		})
		if err != nil || len(alerts) == 0 {
			return err
		}
		verdicts, err := decide(ctx, alerts)
		if err != nil {
			return err
		}
		for i, a := range alerts {
			if verdicts[i].Status == hub.DeliveryPending && !slices.Contains(depts, a.Department) {
				depts = append(depts, a.Department)
			}
		}
		return bringBack(ctx, tx, alerts, verdicts, now)
	})
	return depts, wrap(err, "bring back muted alerts")
}

func bringBack(ctx context.Context, tx pgx.Tx, alerts []hub.Alert, verdicts []notice.Verdict, now time.Time) error {
	var r rows
	for i, a := range alerts {
		if err := r.add(a, verdicts[i], now); err != nil {
			return err
		}
	}
	var b pgx.Batch
	openGroups(&b, alerts, verdicts)
	b.Queue(`update delivery d set changed_at = $6,
			status = case when closed then 'muted' else st end,
			next_at = case when closed then '9999-12-31 00:00+00' else n end,
			group_key = g, muted_by = case when closed then d.muted_by else m end
		from (select *, exists (select from cases c where c.id = c0 and c.status in
				('resolved', 'answered', 'rejected', 'merged', 'archived')) as closed
			from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $7::text[]) as u(i, c0, st, n, g, m)) u
		where d.alert_id = u.i`, r.ids, r.cases, r.statuses, r.next, r.groups, now, r.muted)
	return tx.SendBatch(ctx, &b).Close()
}
