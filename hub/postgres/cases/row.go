package cases

import (
	"crypto/sha256"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// The types below gather rows of one table, column by column, so that one
// statement writes them all however many cases a batch has.

type eventRows struct {
	cases, types, actors, data []string
	seqs                       []int64
	at                         []time.Time
	hashes                     [][]byte
}

// add appends the events, chained to head, and returns the new head.
func (r *eventRows) add(head []byte, events []hub.Event) ([]byte, error) {
	for _, e := range events {
		text, err := e.Encode()
		if err != nil {
			return nil, err
		}
		head = link(head, e, text)
		r.cases = append(r.cases, string(e.Case))
		r.seqs = append(r.seqs, e.Seq)
		r.types = append(r.types, string(e.Type))
		r.at = append(r.at, e.At)
		r.actors = append(r.actors, string(text.By))
		r.data = append(r.data, string(text.Data))
		r.hashes = append(r.hashes, head)
	}
	return head, nil
}

// link hashes e onto the chain. The server keeps microseconds, so the hash
// knows no more than that.
func link(prev []byte, e hub.Event, text hub.EventText) []byte {
	sum := sha256.Sum256(chained(make([]byte, 0, 256+len(text.By)+len(text.Data)), prev, e, text))
	return sum[:]
}

// chained appends to buf what the hash of an event covers.
func chained(buf, prev []byte, e hub.Event, text hub.EventText) []byte {
	buf = append(buf, prev...)
	buf = append(append(buf, '\n'), e.Case...)
	buf = strconv.AppendInt(append(buf, '\n'), e.Seq, 10)
	buf = append(append(buf, '\n'), e.Type...)
	buf = strconv.AppendInt(append(buf, '\n'), e.At.UnixMicro(), 10)
	buf = append(append(buf, '\n'), text.By...)
	return append(append(buf, '\n'), text.Data...)
}

func (r *eventRows) queue(b *pgx.Batch) {
	if len(r.cases) == 0 {
		return
	}
	b.Queue(`insert into event (case_id, seq, type, at, actor, data, hash)
		select c, s, t, at, a, d, h
		from unnest($1::text[], $2::bigint[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::bytea[])
			as u(c, s, t, at, a, d, h)`,
		r.cases, r.seqs, r.types, r.at, r.actors, r.data, r.hashes)
}

type assignmentRows struct {
	cases, departments, roles  []string
	assigned                   []time.Time
	signed, done               []*time.Time
	goneCases, goneDepartments []string
}

// diff appends what changed between the assignments of was and c.
func (r *assignmentRows) diff(was, c hub.Case) {
	for _, a := range was.Assignments {
		if _, ok := c.Assignment(a.Department); !ok {
			r.goneCases = append(r.goneCases, string(c.ID))
			r.goneDepartments = append(r.goneDepartments, string(a.Department))
		}
	}
	// Helpers first: the lead may pass from one department to another, and
	// the one-lead index looks at every row as it is written.
	for _, role := range []hub.Role{hub.RoleCo, hub.RoleLead} {
		for _, a := range c.Assignments {
			if old, ok := was.Assignment(a.Department); a.Role != role || ok && old == a {
				continue
			}
			r.cases = append(r.cases, string(c.ID))
			r.departments = append(r.departments, string(a.Department))
			r.roles = append(r.roles, string(a.Role))
			r.assigned = append(r.assigned, a.AssignedAt)
			r.signed = append(r.signed, postgres.Null(a.SignedAt))
			r.done = append(r.done, postgres.Null(a.DoneAt))
		}
	}
}

func (r *assignmentRows) queue(b *pgx.Batch) {
	if len(r.goneCases) > 0 {
		b.Queue(`delete from assignment a using unnest($1::text[], $2::text[]) as u(c, d)
			where a.case_id = u.c and a.department = u.d`, r.goneCases, r.goneDepartments)
	}
	if len(r.cases) > 0 {
		b.Queue(`insert into assignment (case_id, department, role, assigned_at, signed_at, done_at)
			select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
			on conflict (case_id, department) do update set role = excluded.role,
				assigned_at = excluded.assigned_at, signed_at = excluded.signed_at, done_at = excluded.done_at`,
			r.cases, r.departments, r.roles, r.assigned, r.signed, r.done)
	}
}

type deadlineRows struct {
	cases, kinds         []string
	epochs               []int32
	fire, due            []time.Time
	goneCases, goneKinds []string
}

// A fired names a clock whose row was taken away because it fired.
type fired struct {
	kind  hub.DeadlineKind
	epoch int
	at    time.Time
}

// diff appends what changed between the running clocks of was and c. The rows
// of the fired clocks are gone already; one that is still set as it was when
// it fired stays gone, or it would fire for ever.
func (r *deadlineRows) diff(was, c hub.Case, gone []fired) {
	for _, d := range was.Deadlines {
		now, ok := c.Deadline(d.Kind)
		if _, running := now.FireAt(); !ok || !running {
			r.goneCases = append(r.goneCases, string(c.ID))
			r.goneKinds = append(r.goneKinds, string(d.Kind))
		}
	}
	for _, d := range c.Deadlines {
		at, running := d.FireAt()
		if !running || !changed(was, d, at, gone) {
			continue
		}
		r.cases = append(r.cases, string(c.ID))
		r.kinds = append(r.kinds, string(d.Kind))
		r.epochs = append(r.epochs, int32(d.Epoch))
		r.fire = append(r.fire, at)
		r.due = append(r.due, d.Due)
	}
}

func changed(was hub.Case, d hub.Deadline, at time.Time, gone []fired) bool {
	for _, g := range gone {
		if g.kind == d.Kind {
			return g.epoch != d.Epoch || at.UnixMicro() > g.at.UnixMicro()
		}
	}
	old, ok := was.Deadline(d.Kind)
	if !ok || old.Epoch != d.Epoch || !old.Due.Equal(d.Due) {
		return true
	}
	before, running := old.FireAt()
	return !running || !before.Equal(at)
}

func (r *deadlineRows) queue(b *pgx.Batch) {
	switch one := alike(r.goneCases); {
	case one:
		b.Queue("delete from deadline where case_id = $1 and kind = any($2::text[])", r.goneCases[0], r.goneKinds)
	case len(r.goneCases) > 0:
		b.Queue(`delete from deadline d using unnest($1::text[], $2::text[]) as u(c, k)
			where d.case_id = u.c and d.kind = u.k`, r.goneCases, r.goneKinds)
	}
	if len(r.cases) > 0 {
		b.Queue(`insert into deadline (case_id, kind, epoch, fire_at, due_at)
			select * from unnest($1::text[], $2::text[], $3::int[], $4::timestamptz[], $5::timestamptz[])
			on conflict (case_id, kind) do update set epoch = excluded.epoch,
				fire_at = excluded.fire_at, due_at = excluded.due_at`,
			r.cases, r.kinds, r.epochs, r.fire, r.due)
	}
}

// alike reports whether ids are one case's.
func alike(ids []string) bool {
	return len(ids) > 0 && !slices.ContainsFunc(ids, func(id string) bool { return id != ids[0] })
}

// dueOf returns the nearest deadline that a person has to meet; the clocks by
// which the hub itself climbs, reminds and archives are not shown.
func dueOf(c hub.Case) *time.Time {
	if !c.Status.Open() {
		return nil
	}
	var due time.Time
	for _, d := range c.Deadlines {
		own := d.Kind == hub.ClockClimb || d.Kind == hub.ClockRemind || d.Kind == hub.ClockArchive
		if !own && d.PausedAt.IsZero() && (due.IsZero() || d.Due.Before(due)) {
			due = d.Due
		}
	}
	return postgres.Null(due)
}
