package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
)

// Preload stores openings that are known to be new, with COPY: the quickest
// way to fill an empty store. The rows are those of InsertCases, but it is not
// idempotent: a case that is stored already fails the whole call. Calls may
// run next to each other.
func (db *DB) Preload(ctx context.Context, openings []hub.Opening) error {
	var w writer
	var s submissionRows
	for _, o := range openings {
		if err := s.add(o.Submission); err != nil {
			return err
		}
		w.titles = append(w.titles, o.Submission.Title)
		if err := w.add(change{to: o.Case, events: o.Events, out: o.Out}); err != nil {
			return err
		}
	}
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		for _, c := range w.copies(&s) {
			if c.n == 0 {
				continue
			}
			_, err := tx.CopyFrom(ctx, pgx.Identifier{c.table}, c.columns,
				pgx.CopyFromSlice(c.n, func(i int) ([]any, error) { return c.row(i), nil }))
			if err != nil {
				return fmt.Errorf("copy %s: %w", c.table, err)
			}
		}
		return nil
	})
	return wrap(err, "preload %d cases", len(openings))
}

// A copying is one table's COPY.
type copying struct {
	table   string
	columns []string
	n       int
	row     func(i int) []any
}

func (w *writer) copies(s *submissionRows) []copying {
	c, e, a, d := &w.cases, &w.events, &w.assignments, &w.deadlines
	return []copying{
		{"submission", []string{
			"receipt", "case_id", "channel", "external_id", "heuristic", "place", "kind", "urgency",
			"media_type", "raw", "received_at", "submitted_at", "content",
		}, len(s.receipts), func(i int) []any {
			return []any{
				s.receipts[i], s.cases[i], s.channels[i], s.externals[i], s.heuristic[i], s.places[i], s.kinds[i],
				s.urgencies[i], s.types[i], s.raw[i], s.received[i], s.submitted[i], s.content[i],
			}
		}},
		{"cases", []string{
			"id", "version", "status", "channel", "receipt", "lead", "place", "category", "kind", "urgency",
			"topic", "rung", "opened_at", "closed_at", "due_at", "head", "state", "title",
		}, len(c.ids), func(i int) []any {
			return []any{
				c.ids[i], c.versions[i], c.statuses[i], c.channels[i], c.receipts[i], c.leads[i], c.places[i],
				c.categories[i], c.kinds[i], c.urgencies[i], c.topics[i], c.rungs[i], c.opened[i], c.closed[i],
				c.due[i], c.heads[i], c.states[i], w.titles[i],
			}
		}},
		{
			"event", []string{"case_id", "seq", "type", "at", "actor", "data", "hash"}, len(e.cases),
			func(i int) []any {
				return []any{e.cases[i], e.seqs[i], e.types[i], e.at[i], e.actors[i], e.data[i], e.hashes[i]}
			},
		},
		{
			"assignment", []string{"case_id", "department", "role", "assigned_at", "signed_at", "done_at"},
			len(a.cases), func(i int) []any {
				return []any{a.cases[i], a.departments[i], a.roles[i], a.assigned[i], a.signed[i], a.done[i]}
			},
		},
		{
			"deadline", []string{"case_id", "kind", "epoch", "fire_at", "due_at"}, len(d.cases),
			func(i int) []any { return []any{d.cases[i], d.kinds[i], d.epochs[i], d.fire[i], d.due[i]} },
		},
		{
			"outbox", []string{"topic", "key", "msg_id", "payload"}, len(w.outbox.topics),
			func(i int) []any {
				return []any{w.outbox.topics[i], w.outbox.keys[i], w.outbox.ids[i], w.outbox.payloads[i]}
			},
		},
	}
}
