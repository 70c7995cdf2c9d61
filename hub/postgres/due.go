package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
)

// deferral is how long a clock rests whose decision failed for good.
const deferral = time.Minute

// FireDue takes up to n clocks whose time is between low and now, oldest
// first, lets decide say what each does to its case, and saves that in the
// same transaction: each setting of a clock takes effect exactly once, however
// many nodes call. It returns how many fired and the time of the last one, the
// next low-water mark.
//
// A clock whose decision fails is tried again a minute later, the others are
// saved, and its error is returned beside the count; an error with
// CodeUnavailable saves nothing. decide must not call ChangeCase.
func (db *DB) FireDue(ctx context.Context, now, low time.Time, n int,
	decide func(c hub.Case, kind hub.DeadlineKind, epoch int) (hub.Case, []hub.Event, []hub.Outgoing, error),
) (int, time.Time, error) {
	var run firing
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		run = firing{now: now, cases: map[hub.CaseID]*change{}}
		if err := run.claim(ctx, tx, low, n); err != nil {
			return err
		}
		if err := run.decide(ctx, decide); err != nil {
			return err
		}
		return run.save(ctx, tx)
	})
	if err != nil {
		return 0, time.Time{}, wrap(err, "fire due clocks")
	}
	return run.count, run.last, errors.Join(run.failed...)
}

// A firing is one call of FireDue.
type firing struct {
	now      time.Time
	order    []hub.CaseID
	cases    map[hub.CaseID]*change
	due      []dueRow
	deferred []dueRow
	failed   []error
	count    int
	last     time.Time
}

type dueRow struct {
	Case   hub.CaseID
	Kind   hub.DeadlineKind
	Epoch  int
	FireAt time.Time
	DueAt  time.Time
}

// claim locks the cases first, as ChangeCase does, and then takes their due
// rows away: a row that was moved before the lock was ours is not taken.
func (f *firing) claim(ctx context.Context, tx pgx.Tx, low time.Time, n int) error {
	rows, err := tx.Query(ctx, `select c.state, c.head from deadline d join cases c on c.id = d.case_id
		where d.fire_at <= $1 and d.fire_at >= $2 order by d.fire_at limit $3
		for update of c skip locked`, f.now, low, n)
	if err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	var state, head []byte
	_, err = pgx.ForEachRow(rows, []any{&state, &head}, func() error {
		var c hub.Case
		if err := json.Unmarshal(state, &c); err != nil {
			return fmt.Errorf("decode case: %w", err)
		}
		if f.cases[c.ID] == nil {
			f.order = append(f.order, c.ID)
			f.cases[c.ID] = &change{from: c, to: c, head: slices.Clone(head)}
		}
		return nil
	})
	if err != nil || len(f.order) == 0 {
		return err
	}
	rows, err = tx.Query(ctx, `with gone as (
			delete from deadline where case_id = any($1::text[]) and fire_at <= $2
			returning case_id, kind, epoch, fire_at, due_at),
		logged as (
			insert into deadline_log (case_id, kind, epoch, fire_at, fired_at)
			select case_id, kind, epoch, fire_at, $2 from gone on conflict do nothing)
		select * from gone`, f.order, f.now)
	if err != nil {
		return fmt.Errorf("take: %w", err)
	}
	f.due, err = pgx.CollectRows(rows, pgx.RowToStructByPos[dueRow])
	slices.SortFunc(f.due, func(a, b dueRow) int {
		return cmp.Or(a.FireAt.Compare(b.FireAt), cmp.Compare(a.Case, b.Case), cmp.Compare(a.Kind, b.Kind))
	})
	return err
}

func (f *firing) decide(ctx context.Context,
	decide func(c hub.Case, kind hub.DeadlineKind, epoch int) (hub.Case, []hub.Event, []hub.Outgoing, error),
) error {
	for _, d := range f.due {
		c := f.cases[d.Case]
		to, events, out, err := decide(c.to, d.Kind, d.Epoch)
		if err != nil {
			if ctx.Err() != nil || hub.CodeOf(err) == hub.CodeUnavailable {
				return err
			}
			f.failed = append(f.failed, fmt.Errorf("clock %s of case %s: %w", d.Kind, d.Case, err))
			f.deferred = append(f.deferred, d)
		} else {
			c.to = to
			c.events = append(c.events, events...)
			c.out = append(c.out, out...)
			f.count++
		}
		c.fired = append(c.fired, fired{kind: d.Kind, epoch: d.Epoch, at: d.FireAt})
		f.last = d.FireAt
	}
	return nil
}

func (f *firing) save(ctx context.Context, tx pgx.Tx) error {
	var w writer
	for _, id := range f.order {
		if err := w.add(*f.cases[id]); err != nil {
			return err
		}
	}
	if err := w.update(ctx, tx); err != nil {
		return err
	}
	for _, d := range f.deferred {
		_, err := tx.Exec(ctx, `insert into deadline (case_id, kind, epoch, fire_at, due_at)
			values ($1, $2, $3, $4, $5) on conflict do nothing`,
			string(d.Case), string(d.Kind), d.Epoch, f.now.Add(deferral), d.DueAt)
		if err != nil {
			return fmt.Errorf("defer: %w", err)
		}
	}
	return nil
}

// NextDue returns when the next clock fires; ok is false when none is set.
func (db *DB) NextDue(ctx context.Context) (at time.Time, ok bool, err error) {
	var next *time.Time
	err = db.pool.QueryRow(ctx, "select min(fire_at) from deadline").Scan(&next)
	return zero(next), next != nil, wrap(err, "read next clock")
}
