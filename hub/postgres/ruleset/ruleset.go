// Package ruleset keeps rule sets (规则集) under their content address, the
// releases (规则发布) that they go through, what shadows would have decided, and
// reads history for simulations.
//
// It decides nothing: package release plans. Start with [New].
package ruleset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/release"
)

// A Store keeps rule sets and releases. Its methods are safe for concurrent
// use.
type Store struct {
	db    *postgres.DB
	cases *cases.Store
}

// New returns the store in db.
func New(db *postgres.DB) *Store { return &Store{db, cases.New(db)} }

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Releases returns the newest releases, at most limit, newest first.
func (s *Store) Releases(ctx context.Context, limit int) ([]release.Release, error) {
	return releases(ctx, s.db.Pool(), limit)
}

func releases(ctx context.Context, q querier, limit int) ([]release.Release, error) {
	rows, err := q.Query(ctx, `select id, hash, state, origin, author, approver, why, forced, scope, coalesce(previous, 0),
			created_at, approved_at, active_at, retired_at
		from rule_release order by id desc limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("read the releases: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (release.Release, error) {
		var r release.Release
		var scope []byte
		var approved, active, retired *time.Time
		err := row.Scan(&r.ID, &r.Hash, &r.State, &r.Origin, &r.Author, &r.Approver, &r.Why, &r.Forced, &scope,
			&r.Previous, &r.CreatedAt, &approved, &active, &retired)
		r.ApprovedAt, r.ActiveAt, r.RetiredAt = postgres.Zero(approved), postgres.Zero(active), postgres.Zero(retired)
		return r, errors.Join(err, json.Unmarshal(scope, &r.Scope))
	})
	if err != nil {
		return nil, fmt.Errorf("read the releases: %w", err)
	}
	return list, nil
}

// history is how many releases a decision about them sees.
const history = 500

// Change locks the releases against other changes, lets decide choose steps
// and stores them, with a message to all nodes, in one transaction.
func (s *Store) Change(ctx context.Context, decide func(all []release.Release) ([]release.Step, error)) ([]release.Release, error) {
	var changed []release.Release
	err := pgx.BeginFunc(ctx, s.db.Pool(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "lock table rule_release in share row exclusive mode"); err != nil {
			return err
		}
		all, err := releases(ctx, tx, history)
		if err != nil {
			return err
		}
		steps, err := decide(all)
		if err != nil {
			return err
		}
		for _, step := range steps {
			r, err := s.apply(ctx, tx, step)
			if err != nil {
				return err
			}
			changed = append(changed, r)
		}
		return record(ctx, tx, changed, steps)
	})
	if _, ok := errors.AsType[*hub.Error](err); ok {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("change the releases: %w", err)
	}
	s.db.Wake()
	return changed, nil
}

func (s *Store) apply(ctx context.Context, tx pgx.Tx, step release.Step) (release.Release, error) {
	r, e := step.Release, step.Entry
	scope, err := json.Marshal(r.Scope)
	if err != nil {
		return r, fmt.Errorf("encode the scope: %w", err)
	}
	args := pgx.NamedArgs{
		"id": r.ID, "hash": r.Hash, "state": r.State, "origin": r.Origin, "author": r.Author, "approver": r.Approver,
		"why": r.Why, "forced": r.Forced, "scope": string(scope), "previous": r.Previous, "created": r.CreatedAt,
		"approved": postgres.Null(r.ApprovedAt), "active": postgres.Null(r.ActiveAt), "retired": postgres.Null(r.RetiredAt),
	}
	if r.ID == 0 {
		err = tx.QueryRow(ctx, `insert into rule_release (hash, state, origin, author, approver, why, forced, scope,
				previous, created_at, approved_at, active_at, retired_at)
			values (@hash, @state, @origin, @author, @approver, @why, @forced, @scope::text::jsonb,
				nullif(@previous::bigint, 0), @created, @approved, @active, @retired) returning id`, args).Scan(&r.ID)
	} else {
		_, err = tx.Exec(ctx, `update rule_release set state = @state, approver = @approver, why = @why, forced = @forced,
				scope = @scope::text::jsonb, previous = nullif(@previous::bigint, 0), approved_at = @approved,
				active_at = @active, retired_at = @retired where id = @id`, args)
	}
	if err != nil {
		return r, fmt.Errorf("save release %d: %w", r.ID, err)
	}
	return r, s.log(ctx, tx, r, e)
}

// log files the entry and tells all nodes.
func (s *Store) log(ctx context.Context, tx pgx.Tx, r release.Release, e release.Entry) error {
	e.Release = r.ID
	var id int64
	err := tx.QueryRow(ctx, `insert into rule_change (release, at, actor, action, before, after, why, forced)
		values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`,
		r.ID, e.At, e.By, e.Action, e.From, e.To, e.Why, e.Forced).Scan(&id)
	if err != nil {
		return fmt.Errorf("file the change of release %d: %w", r.ID, err)
	}
	payload, err := json.Marshal(map[string]any{"hash": r.Hash, "entry": e})
	if err != nil {
		return fmt.Errorf("encode the change of release %d: %w", r.ID, err)
	}
	return s.db.SendIn(ctx, tx, []hub.Outgoing{{
		Topic: bus.Rules, Key: "rules", ID: "rules." + strconv.FormatInt(id, 10), Payload: payload,
	}})
}

// record files the changes in the audit (审计), all under one object, so that a
// transaction waits for one chain only.
func record(ctx context.Context, tx pgx.Tx, changed []release.Release, steps []release.Step) error {
	for i, r := range changed {
		e := steps[i].Entry
		err := auditlog.Append(ctx, tx, audit.New(ctx, e.At, "rules."+e.Action, "rules", map[string]string{
			"release": strconv.FormatInt(r.ID, 10), "hash": string(r.Hash), "by": e.By,
			"from": string(e.From), "to": string(e.To), "why": e.Why, "forced": e.Forced,
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

// Entries returns the newest entries, at most limit, newest first.
func (s *Store) Entries(ctx context.Context, limit int) ([]release.Entry, error) {
	rows, err := s.db.Pool().Query(ctx, `select release, at, actor, action, before, after, why, forced
		from rule_change order by id desc limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("read the release log: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (release.Entry, error) {
		var e release.Entry
		return e, row.Scan(&e.Release, &e.At, &e.By, &e.Action, &e.From, &e.To, &e.Why, &e.Forced)
	})
	if err != nil {
		return nil, fmt.Errorf("read the release log: %w", err)
	}
	return list, nil
}

// Source returns the rule set of hash as it was saved.
func (s *Store) Source(ctx context.Context, hash hub.RuleSetHash) ([]byte, error) {
	var source []byte
	err := s.db.Pool().QueryRow(ctx, "select source from rule_set where hash = $1", hash).Scan(&source)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, hub.Errorf(hub.CodeNotFound, "release.not_found", release.Short(hash))
	}
	if err != nil {
		return nil, fmt.Errorf("read rule set %s: %w", hash, err)
	}
	return source, nil
}

// SaveSource keeps a rule set under its content address and what it went
// through. The newest source of one address is kept: versions of one address
// differ in examples and layout only. A nil source saves the gates alone.
func (s *Store) SaveSource(ctx context.Context, hash hub.RuleSetHash, source []byte, gates []release.Gate, now time.Time) error {
	var b pgx.Batch
	if source != nil {
		b.Queue(`insert into rule_set (hash, at, source) values ($1, $2, $3)
			on conflict (hash) do update set source = excluded.source`, hash, now, source)
	}
	for _, g := range gates {
		var report *string
		if g.Report != nil {
			text := string(g.Report)
			report = &text
		}
		b.Queue(`insert into rule_gate (hash, gate, at, ok, base, summary, report)
			values ($1, $2, $3, $4, $5, $6, $7::text::jsonb)
			on conflict (hash, gate) do update set at = excluded.at, ok = excluded.ok, base = excluded.base,
				summary = excluded.summary, report = excluded.report`,
			hash, g.Gate, g.At, g.OK, g.Base, g.Summary, report)
	}
	if err := s.db.Pool().SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("save rule set %s: %w", hash, err)
	}
	return nil
}

// Gates returns what hash went through.
func (s *Store) Gates(ctx context.Context, hash hub.RuleSetHash) ([]release.Gate, error) {
	rows, err := s.db.Pool().Query(ctx, `select gate, ok, at, base, summary, report from rule_gate
		where hash = $1 order by array_position(array['check', 'test', 'diff'], gate)`, hash)
	if err != nil {
		return nil, fmt.Errorf("read the gates of %s: %w", hash, err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (release.Gate, error) {
		var g release.Gate
		return g, row.Scan(&g.Gate, &g.OK, &g.At, &g.Base, &g.Summary, &g.Report)
	})
	if err != nil {
		return nil, fmt.Errorf("read the gates of %s: %w", hash, err)
	}
	return list, nil
}
