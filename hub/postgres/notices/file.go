// Package notices keeps the groups, silences and inhibiting alerts of package
// hub/notice in PostgreSQL, beside the deliveries that they are about.
//
// Filing, flushing and bringing back are one transaction each: a hub that dies
// in the middle loses no alert and sends no notice twice under two ids. It
// decides nothing. Start with New.
package notices

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/notice"
)

// A Store keeps notices. It is safe for concurrent use.
type Store struct{ pool *pgxpool.Pool }

// New returns the store in the database of pool.
func New(pool *pgxpool.Pool) *Store { return &Store{pool} }

var _ notice.Store = (*Store)(nil)

// wrap says what failed; a server that is away may be tried again.
func wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", what, err)
	if _, ours := errors.AsType[*hub.Error](err); ours || !pgxDown(err) {
		return err
	}
	return &hub.Error{Code: hub.CodeUnavailable, Key: "postgres.unavailable", Err: err}
}

// pgxDown reports whether err is not the server's answer to a statement.
func pgxDown(err error) bool {
	var answered interface{ SQLState() string }
	return !errors.As(err, &answered) || strings.HasPrefix(answered.SQLState(), "57") || strings.HasPrefix(answered.SQLState(), "40")
}

// rows are deliveries as they are filed.
type rows struct {
	ids, departments, cases, bodies, statuses []string
	seqs                                      []int64
	next                                      []time.Time
	groups, muted                             []*string
}

func (r *rows) add(a hub.Alert, v notice.Verdict, now time.Time) error {
	body, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode alert %s: %w", a.ID, err)
	}
	r.ids, r.departments = append(r.ids, string(a.ID)), append(r.departments, string(a.Department))
	r.cases, r.bodies = append(r.cases, string(a.Case)), append(r.bodies, string(body))
	r.statuses, r.seqs = append(r.statuses, string(v.Status)), append(r.seqs, a.Seq)
	next := now
	if v.Status == hub.DeliveryMuted {
		next = v.Until
	}
	r.next = append(r.next, next)
	r.groups, r.muted = append(r.groups, orNull(v.Group)), append(r.muted, orNull(v.MutedBy))
	return nil
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// File implements notice.Store.
func (s *Store) File(ctx context.Context, alerts []hub.Alert, verdicts []notice.Verdict, now time.Time) error {
	var r rows
	for i, a := range alerts {
		if err := r.add(a, verdicts[i], now); err != nil {
			return err
		}
	}
	// One batch is one transaction, and one message to the server.
	var b pgx.Batch
	openGroups(&b, alerts, verdicts)
	addSources(&b, alerts, verdicts)
	b.Queue(`insert into delivery (alert_id, department, case_id, seq, status, next_at, changed_at, added_at, alert, group_key, muted_by)
		select i, d, c, s, st, n, $10::timestamptz, $10::timestamptz, b, g, m
		from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[], $7::text[], $8::text[], $9::text[])
			as u(i, d, c, s, st, n, b, g, m)
		on conflict do nothing`,
		r.ids, r.departments, r.cases, r.seqs, r.statuses, r.next, r.bodies, r.groups, r.muted, now)
	err := s.pool.SendBatch(ctx, &b).Close()
	return wrap(err, "file alerts")
}

// openGroups sets when each group is flushed, unless it is set already. Groups
// are locked in the order of their keys, so that two filings never wait for
// each other.
func openGroups(b *pgx.Batch, alerts []hub.Alert, verdicts []notice.Verdict) {
	type id struct{ dept, key string }
	seen := map[id]bool{}
	var depts, keys []string
	var flush []time.Time
	var intervals []int64
	for i, v := range verdicts {
		g := id{string(alerts[i].Department), v.Group}
		if v.Group == "" || seen[g] {
			continue
		}
		seen[g] = true
		depts, keys = append(depts, g.dept), append(keys, g.key)
		flush, intervals = append(flush, v.FlushAt), append(intervals, v.Interval.Microseconds())
	}
	if len(keys) == 0 {
		return
	}
	b.Queue(`insert into notice_group as n (department, key, flush_at)
		select d, k, f from unnest($1::text[], $2::text[], $3::timestamptz[]) as u(d, k, f) order by d, k
		on conflict (department, key) do update set flush_at = coalesce(n.flush_at, greatest(excluded.flush_at,
			n.flushed_at + (select i from unnest($1::text[], $2::text[], $4::bigint[]) as u(d, k, i)
				where d = excluded.department and k = excluded.key) * interval '1 microsecond'))`,
		depts, keys, flush, intervals)
}

func addSources(b *pgx.Batch, alerts []hub.Alert, verdicts []notice.Verdict) {
	for i, v := range verdicts {
		for _, src := range v.Sources {
			b.Queue(`insert into notice_source as n (department, key, alert_id, until) values ($1, $2, $3, $4)
				on conflict (department, key) do update set alert_id = excluded.alert_id, until = excluded.until
				where excluded.until > n.until`,
				string(alerts[i].Department), src.Key, string(alerts[i].ID), src.Until)
		}
	}
}

// Sources implements notice.Store.
func (s *Store) Sources(ctx context.Context, dept hub.DepartmentCode, keys []string, now time.Time) (map[string]notice.Inhibitor, error) {
	found := map[string]notice.Inhibitor{}
	res, err := s.pool.Query(ctx, `select key, alert_id, until from notice_source
		where department = $1 and key = any($2) and until > $3`, string(dept), keys, now)
	if err != nil {
		return nil, wrap(err, "read sources")
	}
	var key string
	var in notice.Inhibitor
	_, err = pgx.ForEachRow(res, []any{&key, &in.Alert, &in.Until}, func() error {
		found[key] = in
		return nil
	})
	return found, wrap(err, "read sources")
}
