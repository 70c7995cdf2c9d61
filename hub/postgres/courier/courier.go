// Package courier keeps the notices of package hub/courier in PostgreSQL:
// planned once by their id, claimed by one node at a time, never lost.
//
// It decides nothing and holds no words and no telephone. Start with [New].
package courier

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/courier"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// A Store keeps notices. It is safe for concurrent use.
type Store struct{ db *postgres.DB }

// New returns the store in db.
func New(db *postgres.DB) *Store { return &Store{db} }

var _ courier.Store = (*Store)(nil)

// waysApart separates the ways of a notice where many notices are one array.
const waysApart = "\x1f"

// Plan implements courier.Store.
func (s *Store) Plan(ctx context.Context, list []courier.Notice) error {
	var ids, events, cases, persons, ways, statuses []string
	var at, next []time.Time
	var rungs []int32
	var critical []bool
	for _, n := range list {
		ids, events, cases = append(ids, n.ID), append(events, string(n.Event)), append(cases, string(n.Case))
		persons, rungs, critical = append(persons, string(n.Person)), append(rungs, int32(n.Rung)), append(critical, n.Critical)
		ways, statuses = append(ways, strings.Join(n.Ways, waysApart)), append(statuses, string(n.Status))
		at, next = append(at, n.At), append(next, n.NextAt)
	}
	_, err := s.db.Exec(ctx, "plan notices", `insert into person_notice
			(id, event, case_id, at, person, rung, critical, ways, status, next_at)
		select i, e, c, a, p, r, k, string_to_array(w, $11), s, n
		from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::int[], $7::bool[], $8::text[],
			$9::text[], $10::timestamptz[]) as u(i, e, c, a, p, r, k, w, s, n)
		order by i on conflict do nothing`,
		ids, events, cases, at, persons, rungs, critical, ways, statuses, next, waysApart)
	return err
}

const columns = `id, event, case_id, at, person, rung, critical, ways, way, message, status, next_at, attempts, reason, sent_at`

func scan(r pgx.CollectableRow) (courier.Notice, error) {
	var n courier.Notice
	var next, sent *time.Time
	err := r.Scan(&n.ID, &n.Event, &n.Case, &n.At, &n.Person, &n.Rung, &n.Critical, &n.Ways, &n.Way, &n.Message, &n.Status,
		&next, &n.Attempts, &n.Reason, &sent)
	n.At = n.At.UTC()
	if next != nil {
		n.NextAt = next.UTC()
	}
	if sent != nil {
		n.SentAt = sent.UTC()
	}
	return n, err
}

// Claim implements courier.Store.
func (s *Store) Claim(ctx context.Context, now, soon, lease time.Time, n int) ([][]courier.Notice, error) {
	var groups [][]courier.Notice
	err := pgx.BeginFunc(ctx, s.db.Keyed(), func(tx pgx.Tx) error {
		list, err := due(ctx, tx, now, soon, n)
		if err != nil {
			return err
		}
		groups = group(list)
		var ids, messages []string
		for _, g := range groups {
			for i := range g {
				g[i].NextAt = lease
				g[i].Attempts++
				ids, messages = append(ids, g[i].ID), append(messages, g[i].Message)
			}
		}
		_, err = tx.Exec(ctx, `update person_notice p set message = u.m, next_at = $3, attempts = p.attempts + 1
			from unnest($1::text[], $2::text[]) as u(i, m) where p.id = u.i`, ids, messages, lease)
		return err
	})
	return groups, postgres.Wrap(err, "claim notices")
}

// due locks the n oldest notices that are due, with those that belong to the
// same messages and those that may join them.
func due(ctx context.Context, tx pgx.Tx, now, soon time.Time, n int) ([]courier.Notice, error) {
	rows, err := tx.Query(ctx, `with first as (
			select id, message, person, ways[way + 1] as way from person_notice
			where status = 'waiting' and next_at <= $1 order by next_at, id limit $3 for update skip locked)
		select `+columns+` from person_notice where id in (
			select id from first
			union select p.id from first f join person_notice p on p.message = f.message and p.status = 'waiting' where f.message <> ''
			union select p.id from first f join person_notice p on p.person = f.person and p.message = '' and p.status = 'waiting'
				and p.next_at <= $2 and p.ways[p.way + 1] = f.way where f.message = '' and f.person <> '')
		order by at, id for update skip locked`, now, soon, n)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// group puts together what goes out in one message and names the new ones by
// their first notice.
func group(list []courier.Notice) [][]courier.Notice {
	var out [][]courier.Notice
	at := map[string]int{}
	for _, n := range list {
		key := "message/" + n.Message
		if n.Message == "" {
			key = n.To()
		}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key], out = i, append(out, nil)
		}
		if n.Message == "" {
			if n.Message = n.ID; len(out[i]) > 0 {
				n.Message = out[i][0].Message
			}
		}
		out[i] = append(out[i], n)
	}
	return out
}

// Settle implements courier.Store.
func (s *Store) Settle(ctx context.Context, list []courier.Notice) error {
	var ids, statuses, reasons []string
	var ways, attempts []int32
	var next, sent []*time.Time
	for _, n := range list {
		ids, statuses, reasons = append(ids, n.ID), append(statuses, string(n.Status)), append(reasons, n.Reason)
		ways, attempts = append(ways, int32(n.Way)), append(attempts, int32(n.Attempts))
		next, sent = append(next, null(n.NextAt)), append(sent, null(n.SentAt))
	}
	_, err := s.db.Keyed().Exec(ctx, `update person_notice p
		set status = u.s, way = u.w, next_at = u.n, attempts = u.a, reason = u.r, sent_at = u.t
		from unnest($1::text[], $2::text[], $3::int[], $4::timestamptz[], $5::int[], $6::text[], $7::timestamptz[]) as u(i, s, w, n, a, r, t)
		where p.id = u.i`, ids, statuses, ways, next, attempts, reasons, sent)
	return postgres.Wrap(err, "settle notices")
}

func null(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Joined returns the cases that were merged into each of ids, by way of others
// too.
func (s *Store) Joined(ctx context.Context, ids []hub.CaseID) (map[hub.CaseID][]hub.CaseID, error) {
	out := map[hub.CaseID][]hub.CaseID{}
	rows, err := s.db.Pool().Query(ctx, `with recursive m(root, id) as (
			select merged_into, id from cases where merged_into = any($1::text[])
			union select m.root, c.id from cases c join m on c.merged_into = m.id)
		select root, id from m where id <> root order by root, id`, ids)
	if err != nil {
		return nil, postgres.Wrap(err, "read merged cases")
	}
	var root, id hub.CaseID
	_, err = pgx.ForEachRow(rows, []any{&root, &id}, func() error { out[root] = append(out[root], id); return nil })
	return out, postgres.Wrap(err, "read merged cases")
}

// Urgencies returns those of cases; a case that is not there has none.
func (s *Store) Urgencies(ctx context.Context, ids []hub.CaseID) (map[hub.CaseID]hub.Urgency, error) {
	out := map[hub.CaseID]hub.Urgency{}
	rows, err := s.db.Pool().Query(ctx, "select id, urgency from cases where id = any($1::text[])", ids)
	if err != nil {
		return nil, postgres.Wrap(err, "read urgencies")
	}
	var id hub.CaseID
	var u hub.Urgency
	_, err = pgx.ForEachRow(rows, []any{&id, &u}, func() error { out[id] = u; return nil })
	return out, postgres.Wrap(err, "read urgencies")
}
