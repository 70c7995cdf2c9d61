package cases

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// A change takes one case from one state to the next.
type change struct {
	from, to hub.Case
	head     []byte // hash of the last event of from
	events   []hub.Event
	out      []hub.Outgoing
	fired    []fired
}

// A writer gathers changes of many cases and saves them with one statement
// for each table.
type writer struct {
	cases       caseRows
	events      eventRows
	assignments assignmentRows
	deadlines   deadlineRows
	outbox      []hub.Outgoing
	orders      orderRows
	audit       auditlog.Rows
}

type caseRows struct {
	ids                              []string
	versions                         []int64
	statuses, channels, receipts     []string
	leads, places, categories, kinds []string
	urgencies, topics                []string
	rungs                            []int32
	opened                           []time.Time
	closed, due                      []*time.Time
	heads                            [][]byte
	states                           []string
}

func (r *caseRows) add(c hub.Case, head []byte) error {
	state, err := c.AppendJSON(make([]byte, 0, 1024))
	if err != nil {
		return fmt.Errorf("encode case %s: %w", c.ID, err)
	}
	r.ids = append(r.ids, string(c.ID))
	r.versions = append(r.versions, c.Version)
	r.statuses = append(r.statuses, string(c.Status))
	r.channels = append(r.channels, string(c.Channel))
	r.receipts = append(r.receipts, string(c.Receipt))
	r.leads = append(r.leads, string(c.Lead()))
	r.places = append(r.places, string(c.Place))
	r.categories = append(r.categories, c.Class.Category)
	r.kinds = append(r.kinds, string(c.Class.Kind))
	r.urgencies = append(r.urgencies, string(c.Class.Urgency))
	r.topics = append(r.topics, c.Class.Topic)
	r.rungs = append(r.rungs, int32(c.Rung))
	r.opened = append(r.opened, c.OpenedAt)
	r.closed = append(r.closed, postgres.Null(c.ClosedAt))
	r.due = append(r.due, dueOf(c))
	r.heads = append(r.heads, head)
	r.states = append(r.states, string(state))
	return nil
}

func (w *writer) add(c change) error {
	w.outbox = append(w.outbox, c.out...)
	w.deadlines.diff(c.from, c.to, c.fired)
	if len(c.events) == 0 {
		return nil // a case changes by its events only
	}
	head, err := w.events.add(c.head, c.events)
	if err != nil {
		return err
	}
	w.assignments.diff(c.from, c.to)
	w.orders.add(c.from, c.events)
	return w.cases.add(c.to, head)
}

// record adds the audit records of what a person did: under a context that
// says who is at work, and of every event that names a person. The hub's own
// events are their own record, in the chain of their case.
func (w *writer) record(ctx context.Context, now time.Time, events []hub.Event) error {
	source, known := audit.SourceOf(ctx)
	for _, e := range events {
		if !known && e.By.Kind != hub.ActorPerson {
			continue
		}
		r := audit.New(ctx, now, "case."+string(e.Type), string(e.Case), map[string]string{"seq": strconv.FormatInt(e.Seq, 10)})
		if !known {
			r.Actor = e.By
		} else if e.By != source.Actor {
			r.Data["for"] = string(e.By.Kind) + " " + e.By.ID
		}
		if err := w.audit.Add(r); err != nil {
			return err
		}
	}
	return nil
}

// queueUpdate adds what saves changed cases.
func (w *writer) queueUpdate(b *pgx.Batch) {
	r := &w.cases
	switch len(r.ids) {
	case 0:
	case 1: // what a person does: half the work of the statement for many
		b.Queue(`update cases set version = $2, status = $3, lead = $4, place = $5, category = $6, kind = $7, urgency = $8,
				topic = $9, rung = $10, closed_at = $11, due_at = $12, head = $13, state = $14 where id = $1`,
			r.ids[0], r.versions[0], r.statuses[0], r.leads[0], r.places[0], r.categories[0], r.kinds[0], r.urgencies[0],
			r.topics[0], r.rungs[0], r.closed[0], r.due[0], r.heads[0], r.states[0])
	default:
		b.Queue(`update cases set version = t.b, status = t.c, lead = t.f, place = t.g, category = t.h,
				kind = t.i, urgency = t.j, topic = t.k, rung = t.l, closed_at = t.n, due_at = t.o,
				head = t.p, state = t.q
			from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
				$7::text[], $8::text[], $9::text[], $10::int[], $11::timestamptz[], $12::timestamptz[],
				$13::bytea[], $14::text[]) as t(a, b, c, f, g, h, i, j, k, l, n, o, p, q)
			where cases.id = t.a`,
			r.ids, r.versions, r.statuses, r.leads, r.places, r.categories, r.kinds, r.urgencies,
			r.topics, r.rungs, r.closed, r.due, r.heads, r.states)
	}
	w.queueRest(b)
}

// queueRest adds what saves events, assignments, clocks and messages.
func (w *writer) queueRest(b *pgx.Batch) {
	w.events.queue(b)
	w.assignments.queue(b)
	w.deadlines.queue(b)
	postgres.QueueOut(b, w.outbox)
	w.orders.queue(b)
	w.audit.Queue(b) // last: it locks the ends of chains
}
