package cases

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// deferral is how long a clock rests whose decision failed for good.
const deferral = time.Minute

// A DecideFunc decides what a case does when its clock kind, in its setting
// epoch, reaches its time: the case afterwards, what happened, what is sent.
type DecideFunc = func(c hub.Case, kind hub.DeadlineKind, epoch int) (hub.Case, []hub.Event, []hub.Outgoing, error)

// FireDue takes up to n clocks whose time is between low and now, oldest
// first, lets decide say what each does to its case, and saves that in the
// same transaction: each setting of a clock takes effect exactly once, however
// many nodes call. It returns how many fired and the time of the last one, the
// next low-water mark.
//
// A clock whose decision fails is tried again a minute later, the others are
// saved, and its error is returned beside the count; an error with
// CodeUnavailable saves nothing. decide must not call ChangeCase.
func (p *Store) FireDue(ctx context.Context, now, low time.Time, n int,
	decide DecideFunc,
) (int, time.Time, error) {
	run := firing{now: now, cases: map[hub.CaseID]*change{}}
	err := p.db.InFlight(ctx, func(b *pgx.Batch) { run.claim(b, low, n) }, func(b *pgx.Batch) error {
		if err := run.decide(ctx, decide); err != nil {
			return err
		}
		return run.save(b)
	})
	if err != nil {
		return 0, time.Time{}, postgres.Wrap(err, "fire due clocks")
	}
	if run.count > 0 {
		p.db.Wake()
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

// claim locks the cases and takes their due rows away, in one statement: a row
// that another node moved is looked at again when the case is ours, and is
// taken as it then is or not at all. The rows are taken from where they were
// seen, which spares looking each up once more.
func (f *firing) claim(b *pgx.Batch, low time.Time, n int) {
	b.Queue(`with mine as materialized (
			select d.ctid as place, d.kind, c.id, c.state, c.head from deadline d join cases c on c.id = d.case_id
			where d.fire_at <= $1 and d.fire_at >= $2 order by d.fire_at limit $3
			for update of c skip locked),
		gone as (
			delete from deadline where ctid = any(array(select place from mine)) and fire_at <= $1
			returning case_id, kind, epoch, fire_at, due_at)
		select g.case_id, g.kind, g.epoch, g.fire_at, g.due_at, m.state, m.head
		from gone g join mine m on m.id = g.case_id and m.kind = g.kind`,
		f.now, low, n).Query(f.read)
}

// read takes what claim returned, clocks with their cases, and puts the clocks
// in the order of their time.
func (f *firing) read(rows pgx.Rows) error {
	var d dueRow
	var state, head []byte
	_, err := pgx.ForEachRow(rows, []any{&d.Case, &d.Kind, &d.Epoch, &d.FireAt, &d.DueAt, &state, &head}, func() error {
		f.due = append(f.due, d)
		if f.cases[d.Case] != nil {
			return nil // another clock of the same case
		}
		var c hub.Case
		if err := readCase(state, &c); err != nil {
			return fmt.Errorf("decode case %s: %w", d.Case, err)
		}
		f.order = append(f.order, d.Case)
		f.cases[d.Case] = &change{from: c, to: c, head: head}
		return nil
	})
	slices.SortFunc(f.due, func(a, b dueRow) int {
		return cmp.Or(a.FireAt.Compare(b.FireAt), cmp.Compare(a.Case, b.Case), cmp.Compare(a.Kind, b.Kind))
	})
	return err
}

func (f *firing) decide(ctx context.Context, decide DecideFunc) error {
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

func (f *firing) save(b *pgx.Batch) error {
	var w writer
	for _, id := range f.order {
		if err := w.add(*f.cases[id]); err != nil {
			return err
		}
	}
	w.queueUpdate(b)
	for _, d := range f.deferred {
		b.Queue(`insert into deadline (case_id, kind, epoch, fire_at, due_at)
			values ($1, $2, $3, $4, $5) on conflict do nothing`,
			string(d.Case), string(d.Kind), d.Epoch, f.now.Add(deferral), d.DueAt)
	}
	return nil
}

// NextDue returns when the next clock fires; ok is false when none is set.
func (p *Store) NextDue(ctx context.Context) (at time.Time, ok bool, err error) {
	var next *time.Time
	err = p.db.Pool().QueryRow(ctx, "select min(fire_at) from deadline").Scan(&next)
	return postgres.Zero(next), next != nil, postgres.Wrap(err, "read next clock")
}
