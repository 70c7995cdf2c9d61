// Package deliveries keeps in PostgreSQL what is pushed to departments: the
// deliveries with their attempts, and how the lane of each department stands.
//
// It pushes nothing and plans no attempt: package dispatch does. Start with
// [New].
package deliveries

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// A Store keeps deliveries and lanes. It is safe for concurrent use.
type Store struct{ db *postgres.DB }

// New returns the store.
func New(db *postgres.DB) *Store { return &Store{db} }

func alertPlace(id hub.AlertID) string { return "alert/" + string(id) }

// AddDeliveries stores alerts that are to be delivered, due at now. It is
// idempotent: an alert that is known is left as it is.
func (s *Store) AddDeliveries(ctx context.Context, alerts []hub.Alert, now time.Time) error {
	var ids, departments, cases, bodies []string
	var seqs []int64
	for _, a := range alerts {
		var err error
		if a.Content, err = s.db.Hide(alertPlace(a.ID), a.Content); err != nil {
			return err
		}
		body, err := json.Marshal(a)
		if err != nil {
			return fmt.Errorf("encode alert %s: %w", a.ID, err)
		}
		ids = append(ids, string(a.ID))
		departments = append(departments, string(a.Department))
		cases = append(cases, string(a.Case))
		seqs = append(seqs, a.Seq)
		bodies = append(bodies, string(body))
	}
	_, err := s.db.Exec(ctx, "add deliveries", `insert into delivery
			(alert_id, department, case_id, seq, status, next_at, changed_at, added_at, alert)
		select i, d, c, s, 'pending', $6::timestamptz, $6::timestamptz, $6::timestamptz, b
		from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[]) as u(i, d, c, s, b)
		on conflict do nothing`, ids, departments, cases, seqs, bodies, now)
	return err
}

const deliveryColumns = `d.alert, d.status, d.next_at, d.added_at, d.base, coalesce(d.notice, ''), coalesce(d.muted_by, ''), d.receipt,
	case when d.attempts > 0 then (select jsonb_agg(jsonb_build_object('n', n, 'at', at, 'took', took, 'result', result) order by n)
		from attempt t where t.alert_id = d.alert_id) end`

func (s *Store) collectDeliveries(rows pgx.Rows, err error) ([]hub.Delivery, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (hub.Delivery, error) {
		var d hub.Delivery
		var alert, receipt, attempts []byte
		if err := r.Scan(&alert, &d.Status, &d.NextAt, &d.AddedAt, &d.Base, &d.Notice, &d.MutedBy, &receipt, &attempts); err != nil {
			return d, err
		}
		d.NextAt, d.AddedAt = d.NextAt.UTC(), d.AddedAt.UTC()
		if d.Status != hub.DeliveryPending && d.Status != hub.DeliveryMuted {
			d.NextAt = time.Time{}
		}
		if err := json.Unmarshal(alert, &d.Alert); err != nil {
			return d, fmt.Errorf("decode alert: %w", err)
		}
		if err := s.db.Show(alertPlace(d.Alert.ID), &d.Alert.Content); err != nil {
			return d, err
		}
		if attempts != nil {
			if err := json.Unmarshal(attempts, &d.Attempts); err != nil {
				return d, fmt.Errorf("decode attempts: %w", err)
			}
		}
		if receipt == nil {
			return d, nil
		}
		return d, json.Unmarshal(receipt, &d.Receipt)
	})
}

// claimSQL takes department, now, count and the end of the lease. It walks along
// an index in order and asks of each row whether it is the first of its case, so
// that its cost goes with the count and not with how many wait.
const claimSQL = `with quick as materialized (
		select set_config('synchronous_commit', 'off', true) as done
	), due as materialized (
		select d.alert_id from delivery d
		where d.department = $1 and d.status = 'pending' and d.next_at <= $2
		and d.added_at <= coalesce((select case when l.status = 'draining' then l.since
			when l.status in ('paused', 'disabled') then '-infinity' end from lane l where l.department = $1), 'infinity')
		and d.alert_id = (select e.alert_id from delivery e where e.case_id = d.case_id
			and e.department || '' = d.department and e.status || '' in ('pending', 'held') order by e.seq, e.alert_id limit 1)
		order by d.next_at, d.seq limit $3 for update skip locked)
	update delivery d set next_at = $4 from quick
	where d.alert_id = any(array(select alert_id from due)) and quick.done is not null
	returning ` + deliveryColumns

// ClaimDeliveries takes up to n deliveries to dept that are due, oldest first
// and of each case only the earliest unfinished one. They are not given out
// again before lease has passed: settle them earlier. A paused or disabled
// lane has none, a draining one only those from before.
//
// The claim is not flushed to disk: one that a power cut takes back is only
// pushed again, with the same id.
func (s *Store) ClaimDeliveries(ctx context.Context, dept hub.DepartmentCode, now time.Time, n int,
	lease time.Duration,
) ([]hub.Delivery, error) {
	rows, err := s.db.Lazy().Query(ctx, claimSQL, string(dept), now, n, now.Add(lease))
	claimed, err := s.collectDeliveries(rows, err)
	slices.SortStableFunc(claimed, func(a, b hub.Delivery) int { return a.Alert.At.Compare(b.Alert.At) })
	return claimed, postgres.Wrap(err, "claim deliveries of %s", dept)
}

// DueDeliveries returns which of depts have something due at now, and when
// the next is due after that; zero if nothing waits.
func (s *Store) DueDeliveries(ctx context.Context, depts []hub.DepartmentCode, now time.Time) ([]hub.DepartmentCode, time.Time, error) {
	rows, err := s.db.Pool().Query(ctx, `select u.d, (select min(next_at) from delivery
			where department = u.d and status = 'pending') as next
		from unnest($1::text[]) as u(d)`, depts)
	if err != nil {
		return nil, time.Time{}, postgres.Wrap(err, "look for due deliveries")
	}
	var due []hub.DepartmentCode
	var dept hub.DepartmentCode
	var first time.Time
	var next *time.Time
	_, err = pgx.ForEachRow(rows, []any{&dept, &next}, func() error {
		switch {
		case next == nil:
		case !next.After(now):
			due = append(due, dept)
		case first.IsZero() || next.Before(first):
			first = next.UTC()
		}
		return nil
	})
	return due, first, postgres.Wrap(err, "look for due deliveries")
}

// SettleDeliveries stores how attempts ended. The last element of Attempts is
// the new attempt; settling it twice stores it once. A delivery that is
// finished stays as it is.
func (s *Store) SettleDeliveries(ctx context.Context, dept hub.DepartmentCode, now time.Time,
	ds []hub.Delivery,
) error {
	var settled settleRows
	for _, d := range ds {
		if err := settled.add(d, now); err != nil {
			return err
		}
	}
	if len(settled.ids) == 0 {
		return nil
	}
	err := s.db.Tx(ctx, func(tx pgx.Tx) error { return settled.save(ctx, tx, dept, now) })
	return postgres.Wrap(err, "settle deliveries of %s", dept)
}

type settleRows struct {
	ids, statuses []string
	next          []time.Time
	receipts      []*string
	counts        []int32
	tried         []string
	numbers       []int32
	at            []time.Time
	took          []int64
	results       []string
}

func (r *settleRows) add(d hub.Delivery, now time.Time) error {
	var receipt *string
	if d.Receipt != nil {
		body, err := json.Marshal(d.Receipt)
		if err != nil {
			return fmt.Errorf("encode receipt of %s: %w", d.Alert.ID, err)
		}
		text := string(body)
		receipt = &text
	}
	next := d.NextAt
	if next.IsZero() {
		next = now
	}
	r.ids = append(r.ids, string(d.Alert.ID))
	r.statuses = append(r.statuses, string(d.Status))
	r.next = append(r.next, next)
	r.receipts = append(r.receipts, receipt)
	r.counts = append(r.counts, int32(len(d.Attempts)))
	if len(d.Attempts) > 0 {
		a := d.Attempts[len(d.Attempts)-1]
		r.tried = append(r.tried, string(d.Alert.ID))
		r.numbers = append(r.numbers, int32(a.N))
		r.at = append(r.at, a.At)
		r.took = append(r.took, int64(a.Took))
		r.results = append(r.results, postgres.Clean(a.Result))
	}
	return nil
}

func (r *settleRows) save(ctx context.Context, tx pgx.Tx, dept hub.DepartmentCode, now time.Time) error {
	var b pgx.Batch
	b.Queue(`insert into attempt (alert_id, n, at, took, result)
		select * from unnest($1::text[], $2::int[], $3::timestamptz[], $4::bigint[], $5::text[])
		on conflict do nothing`, r.tried, r.numbers, r.at, r.took, r.results)
	b.Queue(`update delivery d set status = u.s, next_at = u.n, changed_at = $7, attempts = u.c,
			receipt = coalesce(u.r::jsonb, d.receipt)
		from unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::int[]) as u(i, s, n, r, c)
		where d.alert_id = u.i and d.department || '' = $1 and d.status || '' = 'pending'`,
		string(dept), r.ids, r.statuses, r.next, r.receipts, r.counts, now)
	if slices.Contains(r.statuses, string(hub.DeliveryPending)) {
		// What waits behind waits as long: a claim need not step over it.
		b.Queue(`update delivery f set next_at = u.n
			from unnest($2::text[], $3::text[], $4::timestamptz[]) as u(i, s, n) join delivery h on h.alert_id = u.i
			where u.s = 'pending' and f.case_id = h.case_id and f.department || '' = $1
			and f.status || '' = 'pending' and f.seq > h.seq and f.next_at < u.n`, string(dept), r.ids, r.statuses, r.next)
	}
	return tx.SendBatch(ctx, &b).Close()
}
