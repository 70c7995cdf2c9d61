// Package clocks keeps in PostgreSQL what stands around the clocks of cases:
// imported calendars, and the lists of supervisions and instructions.
//
// It decides nothing: packages almanac and oversight do. Start with [New].
package clocks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/hub/oversight"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// A Store keeps calendars and orders. It is safe for concurrent use.
type Store struct{ db *postgres.DB }

// New returns the store.
func New(db *postgres.DB) *Store { return &Store{db} }

// Years returns the imported notices.
func (s *Store) Years(ctx context.Context) ([]calendar.Year, error) {
	rows, err := s.db.Pool().Query(ctx, "select notice from calendar_year order by year")
	if err != nil {
		return nil, postgres.Wrap(err, "read calendars")
	}
	years, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (y calendar.Year, err error) {
		var notice []byte
		if err := r.Scan(&notice); err != nil {
			return y, err
		}
		return calendar.Parse(notice)
	})
	return years, postgres.Wrap(err, "read calendars")
}

// SaveYear stores a notice in place of an earlier one of the same year.
func (s *Store) SaveYear(ctx context.Context, y calendar.Year, now time.Time) error {
	notice, err := json.Marshal(y)
	if err != nil {
		return fmt.Errorf("encode calendar %d: %w", y.Year, err)
	}
	entry := audit.New(ctx, now, "calendar.imported", fmt.Sprintf("calendar/%d", y.Year), nil)
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `insert into calendar_year (year, notice, imported_at, imported_by) values ($1, $2::jsonb, $3, $4)
			on conflict (year) do update set notice = excluded.notice, imported_at = excluded.imported_at,
				imported_by = excluded.imported_by`, y.Year, string(notice), now, entry.Actor.ID)
		if err != nil {
			return err
		}
		return auditlog.Append(ctx, tx, entry)
	})
	return postgres.Wrap(err, "save calendar %d", y.Year)
}

// Provisional returns up to n open cases with a provisional clock, by number.
func (s *Store) Provisional(ctx context.Context, after hub.CaseID, n int) ([]hub.Case, error) {
	args := pgx.NamedArgs{"after": string(after), "n": n}
	rows, err := s.db.Pool().Query(ctx, `select state from cases c where `+postgres.IsOpen+` and id > @after
		and state like '%"provisional":%true%'`+postgres.ScopedCase(ctx, "c.id", args)+` order by id limit @n`, args)
	if err != nil {
		return nil, postgres.Wrap(err, "read provisional cases")
	}
	cases, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (c hub.Case, err error) {
		var state []byte
		if err := r.Scan(&state); err != nil {
			return c, err
		}
		return c, json.Unmarshal(state, &c)
	})
	return cases, postgres.Wrap(err, "read provisional cases")
}

// Orders returns orders, the open ones that are due soonest first.
func (s *Store) Orders(ctx context.Context, f oversight.Filter) ([]oversight.Entry, error) {
	if f.Limit <= 0 {
		f.Limit = 200
	}
	args := pgx.NamedArgs{
		"state": f.State, "kind": string(f.Kind), "owner": string(f.Owner), "topic": f.Topic, "now": f.Now, "n": f.Limit,
	}
	rows, err := s.db.Pool().Query(ctx, `select case_id, id, kind, grade, owner, note, given_by, text, given_at, due_at,
			answered_at, answered_by, answer from case_order o
		where (@state = '' or @state = 'open' and answered_at is null or @state = 'answered' and answered_at is not null
				or @state = 'overdue' and answered_at is null and due_at < @now)
			and (@kind = '' or kind = @kind) and (@owner = '' or owner = @owner) and (@topic = '' or note = @topic)`+
		postgres.ScopedCase(ctx, "o.case_id", args)+` order by answered_at is not null, due_at, case_id, id limit @n`, args)
	if err != nil {
		return nil, postgres.Wrap(err, "read orders")
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (e oversight.Entry, err error) {
		var answered *time.Time
		err = r.Scan(&e.Case, &e.ID, &e.Kind, &e.Grade, &e.Owner, &e.Topic, &e.By, &e.Text, &e.GivenAt, &e.Due,
			&answered, &e.AnsweredBy, &e.Answer)
		e.GivenAt, e.Due, e.AnsweredAt = e.GivenAt.UTC(), e.Due.UTC(), postgres.Zero(answered)
		return e, err
	})
	return list, postgres.Wrap(err, "read orders")
}

// Topics returns instructions on topics, newest first.
func (s *Store) Topics(ctx context.Context, limit int) ([]oversight.TopicOrder, error) {
	rows, err := s.db.Pool().Query(ctx, `select id, topic, place, owner, given_by, text, given_at, due_at, answered_at,
			answered_by, answer, (select count(*) from case_order o where o.note = t.id),
			(select count(*) from case_order o where o.note = t.id and o.answered_at is null)
		from topic_order t order by given_at desc limit $1`, limit)
	if err != nil {
		return nil, postgres.Wrap(err, "read topic instructions")
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (t oversight.TopicOrder, err error) {
		var answered *time.Time
		err = r.Scan(&t.ID, &t.Topic, &t.Place, &t.Owner, &t.By, &t.Text, &t.GivenAt, &t.Due, &answered,
			&t.AnsweredBy, &t.Answer, &t.Cases, &t.Open)
		t.GivenAt, t.Due, t.AnsweredAt = t.GivenAt.UTC(), t.Due.UTC(), postgres.Zero(answered)
		return t, err
	})
	return list, postgres.Wrap(err, "read topic instructions")
}

// SaveTopic stores an instruction on a topic.
func (s *Store) SaveTopic(ctx context.Context, t oversight.TopicOrder) error {
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `insert into topic_order (id, topic, place, owner, given_by, text, given_at, due_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8)`, t.ID, t.Topic, string(t.Place), string(t.Owner), t.By, t.Text, t.GivenAt, t.Due)
		if err != nil {
			return err
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, t.GivenAt, "topic.instructed", "topic/"+t.ID, nil))
	})
	return postgres.Wrap(err, "save instruction %s", t.ID)
}

// AnswerTopic closes an instruction on a topic.
func (s *Store) AnswerTopic(ctx context.Context, id, by, text string, now time.Time) error {
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		var done bool
		err := tx.QueryRow(ctx, "select answered_at is not null from topic_order where id = $1 for update", id).Scan(&done)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return hub.Errorf(hub.CodeNotFound, "instruction.not_found", id)
		case err != nil:
			return err
		case done:
			return hub.Errorf(hub.CodeConflict, "instruction.answered", id)
		}
		_, err = tx.Exec(ctx, "update topic_order set answered_at = $2, answered_by = $3, answer = $4 where id = $1", id, now, by, text)
		if err != nil {
			return err
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, now, "topic.answered", "topic/"+id, nil))
	})
	return postgres.Wrap(err, "answer instruction %s", id)
}

// Matters lists the open cases of a topic at a place, oldest first.
func (s *Store) Matters(ctx context.Context, topic string, place hub.PlaceCode) ([]hub.CaseID, error) {
	args := pgx.NamedArgs{"topic": topic, "place": postgres.Within(place)}
	rows, err := s.db.Pool().Query(ctx, `select c.id from cases c where `+postgres.IsOpen+` and topic = @topic
		and starts_with(place, @place)`+postgres.ScopedCase(ctx, "c.id", args)+` order by opened_at, id`, args)
	if err != nil {
		return nil, postgres.Wrap(err, "find cases of %s", topic)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[hub.CaseID])
	return ids, postgres.Wrap(err, "find cases of %s", topic)
}
