// Package assessments reads from PostgreSQL the facts that are assessed, and
// keeps appeals against marks and the versions of the formulas.
//
// It measures nothing: package assess does. Start with [New].
package assessments

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/assess"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// A Store reads facts and keeps appeals. It is safe for concurrent use.
type Store struct{ db *postgres.DB }

// New returns the store.
func New(db *postgres.DB) *Store { return &Store{db} }

const factSQL = `select c.id, c.lead, c.place, c.category, c.topic, c.channel, c.kind, c.urgency, c.opened_at, c.closed_at,
	c.status not in ('rejected', 'merged') and not coalesce(e.rejected, false),
	c.status in ('resolved', 'answered', 'archived') and not coalesce(e.rejected, false),
	not coalesce(e.late, false), coalesce(e.answered, false), coalesce(e.rejected, false),
	coalesce(e.contact_due, false) and (coalesce(e.contacted, false) or coalesce(e.contact_late, false)),
	coalesce(e.contacted, false) and not coalesce(e.contact_late, false),
	coalesce((c.state::json->>'rating')::int, 0), coalesce(v.reached, false), coalesce(v.solved, false), v.satisfied,
	coalesce(e.sent_back, 0), coalesce(e.reopened, 0), coalesce(e.extended, 0), coalesce(e.supervised, 0), c.rung,
	coalesce(s.content::json->'extra'->>'_who', ''), coalesce(a.spared, '{}')
from cases c
left join submission s on s.receipt = c.receipt
left join lateral (select bool_or(type = 'rejected') as rejected, bool_or(type = 'answered') as answered,
		bool_or(type = 'overran' and data::json->>'clock' = 'close') as late,
		bool_or(data like '%"deadlines":%' and (data::json->'deadlines')::jsonb @> '[{"kind": "contact"}]') as contact_due,
		bool_or(type = 'contact_made') as contacted, bool_or(type = 'overran' and data::json->>'clock' = 'contact') as contact_late,
		count(*) filter (where type = 'sent_back')::int as sent_back, count(*) filter (where type = 'reopened')::int as reopened,
		count(*) filter (where type = 'extension_approved')::int as extended, count(*) filter (where type = 'supervised')::int as supervised
	from event e where e.case_id = c.id) e on true
left join lateral (select reached, solved, satisfied from return_visit v where v.case_id = c.id and v.reached
	order by round desc limit 1) v on true
left join lateral (select array_agg(measure) as spared from assess_appeal a where a.case_id = c.id and a.granted) a on true
where c.opened_at >= @since and c.opened_at < @until`

// Facts returns the facts of the cases that were opened in a period, within the
// scope of ctx, in the order of opening. To find repeats it looks a month back.
func (s *Store) Facts(ctx context.Context, since, until time.Time) ([]assess.Fact, error) {
	args := pgx.NamedArgs{"since": since.AddDate(0, 0, -30), "until": until}
	rows, err := s.db.Pool().Query(ctx, factSQL+postgres.ScopedCase(ctx, "c.id", args)+" order by c.opened_at, c.id", args)
	if err != nil {
		return nil, postgres.Wrap(err, "read facts")
	}
	facts, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, postgres.Wrap(err, "read facts")
	}
	assess.MarkRepeats(facts)
	for i := range facts {
		if !facts[i].OpenedAt.Before(since) {
			return facts[i:], nil
		}
	}
	return nil, nil
}

func scan(r pgx.CollectableRow) (assess.Fact, error) {
	var f assess.Fact
	var closed *time.Time
	var satisfied *bool
	err := r.Scan(&f.Case, &f.Department, &f.Place, &f.Category, &f.Topic, &f.Channel, &f.Kind, &f.Urgency, &f.OpenedAt, &closed,
		&f.Accepted, &f.Closed, &f.OnTime, &f.Answered, &f.Rejected, &f.ContactDue, &f.ContactInTime,
		&f.Stars, &f.Visited, &f.Solved, &satisfied, &f.SentBack, &f.Reopened, &f.Extended, &f.Supervised, &f.Rung, &f.Who, &f.Spared)
	f.Rated, f.OpenedAt, f.OnTime = f.Stars > 0, f.OpenedAt.UTC(), f.OnTime && f.Closed
	if f.Satisfied = f.Stars >= 4; satisfied != nil {
		f.Satisfied = *satisfied
	}
	if closed != nil {
		f.ClosedAt, f.Hours = closed.UTC(), closed.Sub(f.OpenedAt).Hours()
	}
	return f, err
}

// SaveFormulas keeps a version of the formulas, once.
func (s *Store) SaveFormulas(ctx context.Context, f *assess.Formulas, now time.Time) error {
	_, err := s.db.Pool().Exec(ctx, `insert into assess_formulas (hash, version, at, source) values ($1, $2, $3, $4)
		on conflict do nothing`, f.Hash, f.Version, now, f.Source)
	return postgres.Wrap(err, "save formulas")
}

// OldFormulas returns a kept version by its name or hash; of several with that
// name the newest.
func (s *Store) OldFormulas(ctx context.Context, version string) (*assess.Formulas, error) {
	var source []byte
	err := s.db.Pool().QueryRow(ctx, `select source from assess_formulas where version = $1 or hash = $1 order by at desc limit 1`, version).Scan(&source)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, hub.Errorf(hub.CodeNotFound, "assess.no_version", version)
	}
	if err != nil {
		return nil, postgres.Wrap(err, "read formulas %s", version)
	}
	return assess.Parse(source)
}

// Versions lists the versions that were kept, newest first.
func (s *Store) Versions(ctx context.Context) ([]assess.Version, error) {
	rows, err := s.db.Pool().Query(ctx, "select version, hash, at from assess_formulas order by at desc, hash")
	if err != nil {
		return nil, postgres.Wrap(err, "read versions of formulas")
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[assess.Version])
	return list, postgres.Wrap(err, "read versions of formulas")
}
