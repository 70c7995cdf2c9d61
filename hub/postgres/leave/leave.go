// Package leave keeps who is away and who stands in, in PostgreSQL, each change
// with its audit record. It decides nothing. Start with [New].
package leave

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/leave"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// A Store keeps leaves. It is safe for concurrent use.
type Store struct{ db *postgres.DB }

// New returns the store in db.
func New(db *postgres.DB) *Store { return &Store{db} }

// Set adds a leave and returns it with its number and names. It refuses, with
// key "leave.unknown", people who are not in the list, and with "leave.twice" a
// time that overlaps another leave of the same person.
func (s *Store) Set(ctx context.Context, now time.Time, l leave.Leave) (leave.Leave, error) {
	if err := l.Check(now); err != nil {
		return l, err
	}
	source, _ := audit.SourceOf(ctx)
	l.SetBy = source.Actor.ID
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "lock table duty_leave in share row exclusive mode"); err != nil {
			return err
		}
		if err := known(ctx, tx, &l); err != nil {
			return err
		}
		var twice bool
		err := tx.QueryRow(ctx, `select exists (select from duty_leave where person = $1 and ended_at is null and since < $3 and until > $2)`,
			string(l.Person), l.Since, l.Until).Scan(&twice)
		if err == nil && twice {
			err = hub.Errorf(hub.CodeConflict, "leave.twice", string(l.Person))
		}
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `insert into duty_leave (person, stand_in, since, until, reason, set_by, set_at)
			values ($1, $2, $3, $4, $5, $6, $7) returning id`, string(l.Person), string(l.StandIn), l.Since, l.Until, l.Reason, l.SetBy, now).Scan(&l.ID)
		if err != nil {
			return err
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, now, "leave.set", "person/"+string(l.Person), map[string]string{
			"stand_in": string(l.StandIn), "since": l.Since.Format(time.RFC3339), "until": l.Until.Format(time.RFC3339),
		}))
	})
	return l, postgres.Wrap(err, "set the leave of %s", l.Person)
}

// known fills in the names of the two.
func known(ctx context.Context, tx pgx.Tx, l *leave.Leave) error {
	for person, name := range map[hub.PersonID]*string{l.Person: &l.Name, l.StandIn: &l.StandInName} {
		if person == "" {
			continue
		}
		rows, err := tx.Query(ctx, "select name from person where id = $1", string(person))
		if err != nil {
			return err
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		if len(names) == 0 {
			return hub.Errorf(hub.CodeNotFound, "leave.unknown", string(person))
		}
		*name = names[0]
	}
	return nil
}

// End ends a leave before its time.
func (s *Store) End(ctx context.Context, now time.Time, id int64) error {
	source, _ := audit.SourceOf(ctx)
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `update duty_leave set ended_at = $2, ended_by = $3 where id = $1 and ended_at is null and until > $2
			returning person`, id, now, source.Actor.ID)
		if err != nil {
			return err
		}
		persons, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err == nil && len(persons) == 0 {
			err = hub.Errorf(hub.CodeNotFound, "leave.not_found", id)
		}
		if err != nil {
			return err
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, now, "leave.ended", "person/"+persons[0], map[string]string{"leave": fmt.Sprint(id)}))
	})
	return postgres.Wrap(err, "end leave %d", id)
}

const columns = `l.id, l.person, coalesce(p.name, ''), l.stand_in, coalesce(i.name, ''), l.since, l.until, l.reason, l.set_by, l.ended_at, l.ended_by
	from duty_leave l left join person p on p.id = l.person left join person i on i.id = l.stand_in`

func scan(r pgx.CollectableRow) (leave.Leave, error) {
	var l leave.Leave
	var ended *time.Time
	err := r.Scan(&l.ID, &l.Person, &l.Name, &l.StandIn, &l.StandInName, &l.Since, &l.Until, &l.Reason, &l.SetBy, &ended, &l.EndedBy)
	l.Since, l.Until = l.Since.UTC(), l.Until.UTC()
	if ended != nil {
		l.EndedAt = ended.UTC()
	}
	return l, err
}

// Open returns the leaves that hold at now or will, by their beginning.
func (s *Store) Open(ctx context.Context, now time.Time) ([]leave.Leave, error) {
	return s.list(ctx, "select "+columns+" where l.ended_at is null and l.until > $1 order by l.since, l.id", now)
}

// All returns the newest leaves, those that are over too.
func (s *Store) All(ctx context.Context, limit int) ([]leave.Leave, error) {
	return s.list(ctx, "select "+columns+" order by l.id desc limit $1", limit)
}

func (s *Store) list(ctx context.Context, sql string, arg any) ([]leave.Leave, error) {
	rows, err := s.db.Pool().Query(ctx, sql, arg)
	if err != nil {
		return nil, postgres.Wrap(err, "read leaves")
	}
	list, err := pgx.CollectRows(rows, scan)
	return list, postgres.Wrap(err, "read leaves")
}

// Places returns where a person holds posts at now.
func (s *Store) Places(ctx context.Context, now time.Time, person hub.PersonID) ([]hub.PlaceCode, error) {
	rows, err := s.db.Pool().Query(ctx, `select distinct place from post where person = $1 and since <= $2 and (until is null or until > $2)`,
		string(person), now)
	if err != nil {
		return nil, postgres.Wrap(err, "read the posts of %s", person)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[hub.PlaceCode])
	return list, postgres.Wrap(err, "read the posts of %s", person)
}

// Revision returns a number that grows with every change of leaves, posts,
// their holders' names and the tree of places, made by whatever node.
func (s *Store) Revision(ctx context.Context) (n int64, err error) {
	err = s.db.Pool().QueryRow(ctx, "select n from duty_revision").Scan(&n)
	return n, postgres.Wrap(err, "read the revision of duties")
}

// Turns returns the first moment after one at which a leave or a post begins or
// ends by itself; zero when none does.
func (s *Store) Turns(ctx context.Context, after time.Time) (time.Time, error) {
	var at *time.Time
	err := s.db.Pool().QueryRow(ctx, `select min(t) from (
		select since as t from duty_leave where ended_at is null union all select until from duty_leave where ended_at is null
		union all select since from post union all select until from post) u where t > $1`, after).Scan(&at)
	return postgres.Zero(at), postgres.Wrap(err, "read when duties turn")
}
