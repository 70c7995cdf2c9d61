// Package warnings keeps early warnings (预警) and the reports that they were
// judged by.
//
// It judges nothing (package warning). Start with [New].
package warnings

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/warning"
)

// A Store keeps warnings. Its methods are safe for concurrent use.
type Store struct {
	db    *postgres.DB
	cases *cases.Store
}

// New returns the store in db.
func New(db *postgres.DB) *Store { return &Store{db, cases.New(db)} }

// Case reads a case with its words.
func (s *Store) Case(ctx context.Context, id hub.CaseID) (hub.Case, hub.Submission, error) {
	return s.cases.Case(ctx, id)
}

// Record adds r, judges it and stores what comes of it, all in one
// transaction. Reports of a topic are judged one at a time, so that two nodes
// never open two warnings for one event. A report that is known changes
// nothing.
func (s *Store) Record(ctx context.Context, r warning.Report, p warning.Policy, judge warning.JudgeFunc, out warning.OutFunc) error {
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtext($1))", "mashang.warning."+p.Topic); err != nil {
			return fmt.Errorf("lock topic %s: %w", p.Topic, err)
		}
		county := string(r.Place.County())
		near, err := neighbours(ctx, tx, r, p, county)
		if err != nil {
			return err
		}
		r.Spot.Key = canonical(near, r.Spot.Key)
		tag, err := tx.Exec(ctx, `insert into warning_report (case_id, topic, key, county, at)
			values ($1, $2, $3, $4, $5) on conflict do nothing`, r.Case, r.Topic, r.Spot.Key, county, r.At)
		if err != nil {
			return fmt.Errorf("record report %s: %w", r.Case, err)
		}
		if tag.RowsAffected() == 0 {
			return nil
		}
		pic, err := picture(ctx, tx, r, p, near)
		if err != nil {
			return err
		}
		step, why := judge(r, pic)
		w, err := apply(ctx, tx, step, r, p, pic, why)
		if err != nil || step == warning.Nothing {
			return err
		}
		return s.db.SendIn(ctx, tx, out(w, step))
	})
	if err == nil {
		s.db.Wake()
	}
	return err
}

// A neighbour is how often a spelling was reported within window and baseline.
type neighbour struct {
	Key            string
	Recent, Before int
}

// neighbours counts the reports of the topic by spelling. A report without a
// county may be of any; one whose warning is over is not recent.
func neighbours(ctx context.Context, tx pgx.Tx, r warning.Report, p warning.Policy, county string) ([]neighbour, error) {
	rows, err := tx.Query(ctx, `select warning_report.key, count(*) filter (where at > @window and w.closed_at is null), count(*) filter (where at <= @window)
		from warning_report left join warning w on w.id = warning
		where warning_report.topic = @topic and at > @baseline and at <= @at
			and (@county = '' or county = '' or county = @county)
		group by warning_report.key order by min(at), warning_report.key`,
		pgx.NamedArgs{
			"topic": r.Topic, "at": r.At, "window": r.At.Add(-p.Window), "baseline": r.At.Add(-p.Window - p.Baseline), "county": county,
		})
	if err != nil {
		return nil, fmt.Errorf("reports about %s: %w", r.Topic, err)
	}
	near, err := pgx.CollectRows(rows, pgx.RowToStructByPos[neighbour])
	if err != nil {
		return nil, fmt.Errorf("reports about %s: %w", r.Topic, err)
	}
	return near, nil
}

// canonical is the first spelling of a spot that was reported.
func canonical(near []neighbour, key string) string {
	for _, n := range near {
		if warning.Same(n.Key, key) {
			return n.Key
		}
	}
	return key
}

func picture(ctx context.Context, tx pgx.Tx, r warning.Report, p warning.Policy, near []neighbour) (warning.Picture, error) {
	pic := warning.Picture{Recent: 1}
	for _, n := range near {
		if n.Key == r.Spot.Key {
			pic.Recent, pic.Before = n.Recent+1, n.Before
		}
	}
	w, err := one(ctx, tx, "where topic = $1 and key = $2 and closed_at is null for update", p.Topic, r.Spot.Key)
	if errors.Is(err, pgx.ErrNoRows) {
		return pic, nil
	}
	if err != nil {
		return pic, fmt.Errorf("running warning of %s: %w", r.Spot.Name, err)
	}
	pic.Open = &w
	return pic, nil
}

// apply stores what step makes of the warning.
func apply(ctx context.Context, tx pgx.Tx, step warning.Step, r warning.Report, p warning.Policy, pic warning.Picture, why string) (warning.Warning, error) {
	switch step {
	case warning.Open:
		return open(ctx, tx, r, p, why)
	case warning.Join, warning.Grow:
		w := *pic.Open
		w.Cases++
		w.Latest = r.Case
		w.Critical = w.Critical || p.AtOnce != "" && r.Urgency == p.AtOnce
		if r.At.After(w.LastAt) {
			w.LastAt = r.At
		}
		if step == warning.Grow {
			w.Told = w.Cases
		}
		_, err := tx.Exec(ctx, "update warning set last_at = $2, latest = $3, cases = $4, told = $5, critical = $6 where id = $1",
			w.ID, w.LastAt, w.Latest, w.Cases, w.Told, w.Critical)
		if err == nil {
			_, err = tx.Exec(ctx, "update warning_report set warning = $2 where case_id = $1", r.Case, w.ID)
		}
		if err != nil {
			return w, fmt.Errorf("add case %s to warning %s: %w", r.Case, w.ID, err)
		}
		return w, nil
	case warning.Nothing:
	}
	return warning.Warning{}, nil
}

// open makes a warning of all reports of the spot within the window.
func open(ctx context.Context, tx pgx.Tx, r warning.Report, p warning.Policy, why string) (warning.Warning, error) {
	w := warning.Warning{
		ID: number(r), Topic: p.Topic, Spot: r.Spot.Name, Place: r.Place, OpenedAt: r.At, LastAt: r.At, Latest: r.Case,
		Cases: 1, Told: 1, Critical: p.AtOnce != "" && r.Urgency == p.AtOnce, Why: why,
	}
	_, err := tx.Exec(ctx, `insert into warning (id, topic, key, spot, place, opened_at, last_at, latest, cases, told, critical, why)
		values ($1, $2, $3, $4, $5, $6, $6, $7, 1, 1, $8, $9)`,
		w.ID, w.Topic, r.Spot.Key, w.Spot, w.Place, w.OpenedAt, w.Latest, w.Critical, w.Why)
	if err != nil {
		return w, fmt.Errorf("open warning %s: %w", w.ID, err)
	}
	err = tx.QueryRow(ctx, `with gathered as (
			update warning_report set warning = $1
			where topic = $2 and key = $3 and at > $4 and warning is null returning 1)
		update warning set cases = n, told = n from (select count(*)::int as n from gathered) as g where id = $1 returning cases`,
		w.ID, w.Topic, r.Spot.Key, r.At.Add(-p.Window)).Scan(&w.Cases)
	if err != nil {
		return w, fmt.Errorf("gather the cases of warning %s: %w", w.ID, err)
	}
	w.Told = w.Cases
	return w, nil
}

// number derives a warning's number from the case that opened it.
func number(r warning.Report) string {
	sum := sha256.Sum256([]byte(r.Topic + "\x00" + r.Spot.Key + "\x00" + string(r.Case)))
	return "YJ" + r.At.UTC().Format("060102") + strings.ToUpper(hex.EncodeToString(sum[:3]))
}

// CloseQuiet ends the warnings whose last report is not after before.
func (s *Store) CloseQuiet(ctx context.Context, p warning.Policy, before, now time.Time, out func(warning.Warning) []hub.Outgoing) (int, error) {
	closed := 0
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `update warning set closed_at = greatest($3, opened_at) where id in (
				select id from warning where topic = $1 and closed_at is null and last_at <= $2 for update skip locked)
			returning `+columns, p.Topic, before, now)
		if err != nil {
			return fmt.Errorf("close quiet warnings of %s: %w", p.Topic, err)
		}
		quiet, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
		if err != nil {
			return fmt.Errorf("close quiet warnings of %s: %w", p.Topic, err)
		}
		for _, w := range quiet {
			if err := s.db.SendIn(ctx, tx, out(w.warning())); err != nil {
				return err
			}
		}
		closed = len(quiet)
		return nil
	})
	if closed > 0 {
		s.db.Wake()
	}
	return closed, err
}
