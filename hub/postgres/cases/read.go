package cases

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/tally"
)

// Cases returns the cases that f lets through, newest first.
func (p *Store) Cases(ctx context.Context, f hub.Filter) ([]hub.Summary, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	words, err := p.find(ctx, f.Text)
	if err != nil {
		return nil, postgres.Wrap(err, "read cases")
	}
	where, args := conditions(ctx, f, words, false)
	args["limit"], args["offset"] = min(limit, 1000), max(f.Offset, 0)
	rows, err := p.db.Pool().Query(ctx, "select state, title, due_at from cases c"+where+
		" order by opened_at desc, id desc limit @limit offset @offset", args)
	if err != nil {
		return nil, postgres.Wrap(err, "read cases")
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (hub.Summary, error) {
		var s hub.Summary
		var state []byte
		var due *time.Time
		if err := r.Scan(&state, &s.Title, &due); err != nil {
			return s, err
		}
		s.Due = postgres.Zero(due)
		return s, readCase(state, &s.Case)
	})
	return list, postgres.Wrap(err, "read cases")
}

// CountCases returns how many cases f lets through; Limit and Offset do not
// count.
func (p *Store) CountCases(ctx context.Context, f hub.Filter) (int, error) {
	words, err := p.find(ctx, f.Text)
	if err != nil {
		return 0, postgres.Wrap(err, "count cases")
	}
	where, args := conditions(ctx, f, words, true)
	var n int
	err = p.db.Pool().QueryRow(ctx, "select count(*) from cases c"+where, args).Scan(&n)
	return n, postgres.Wrap(err, "count cases")
}

// MergedInto lists the cases that were merged into one, also by way of others.
func (p *Store) MergedInto(ctx context.Context, id hub.CaseID) ([]hub.CaseID, error) {
	rows, err := p.db.Pool().Query(ctx, `with recursive m(id) as (
			select id from cases where status = 'merged' and state->>'into' = $1
			union select c.id from cases c join m on c.status = 'merged' and c.state->>'into' = m.id)
		select id from m where id <> $1 order by id`, string(id))
	if err != nil {
		return nil, postgres.Wrap(err, "read what was merged into %s", id)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[hub.CaseID])
	return list, postgres.Wrap(err, "read what was merged into %s", id)
}

// conditions writes f, what was found for its text and the scope of ctx as a
// where clause.
func conditions(ctx context.Context, f hub.Filter, words *found, count bool) (string, pgx.NamedArgs) {
	args := pgx.NamedArgs{}
	terms := words.where(args, count)
	add := func(term, name string, value string) {
		if value != "" {
			terms = append(terms, term)
			args[name] = value
		}
	}
	add("status = @status", "status", string(f.Status))
	add("channel = @channel", "channel", string(f.Channel))
	add("starts_with(place, @place)", "place", postgres.Within(f.Place))
	add(`exists (select from assignment a where a.case_id = c.id and a.department = @department)`,
		"department", string(f.Department))
	if f.Open {
		terms = append(terms, `status in ('sorting', 'assigned', 'signed', 'handling', 'waiting', 'suspended')`)
	}
	if term := postgres.Scoped(ctx, args); term != "" {
		terms = append(terms, term)
	}
	if len(terms) == 0 {
		return "", args
	}
	return " where " + strings.Join(terms, " and "), args
}

// readCase sets c, which is empty, from a row's state.
func readCase(state []byte, c *hub.Case) error {
	if c.ReadJSON(state) {
		return nil
	}
	*c = hub.Case{} // another form, or one asking for more time
	return json.Unmarshal(state, c)
}

// Case returns a case and the submission that opened it.
func (p *Store) Case(ctx context.Context, id hub.CaseID) (hub.Case, hub.Submission, error) {
	var state []byte
	var c hub.Case
	sql, args := postgres.OneCase(ctx, "state", id)
	err := p.db.Pool().QueryRow(ctx, sql, args).Scan(&state)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, hub.Submission{}, postgres.NotFound("case.not_found", id)
	}
	if err == nil {
		err = readCase(state, &c)
	}
	if err != nil {
		return c, hub.Submission{}, postgres.Wrap(err, "read case %s", id)
	}
	s, err := p.submission(ctx, p.db.Pool(), c.Receipt, true)
	return c, s, postgres.Wrap(err, "read case %s", id)
}

// Events returns the history of a case, in order.
func (p *Store) Events(ctx context.Context, id hub.CaseID) ([]hub.Event, error) {
	stored, err := p.history(ctx, id)
	events := make([]hub.Event, len(stored))
	for i, v := range stored {
		events[i] = v.event
	}
	return events, err
}

// A storedEvent is an event with the text that its hash covers.
type storedEvent struct {
	event hub.Event
	text  hub.EventText
	hash  []byte
	// erased is when its words were deleted at the end of their term; zero for
	// others.
	erased *time.Time
}

func (p *Store) history(ctx context.Context, id hub.CaseID) ([]storedEvent, error) {
	args := pgx.NamedArgs{"id": string(id)}
	rows, err := p.db.Pool().Query(ctx, `select case_id, seq, type, at, actor, data, hash, erased_at
		from event where case_id = @id`+postgres.ScopedCase(ctx, "event.case_id", args)+` order by seq`, args)
	if err != nil {
		return nil, postgres.Wrap(err, "read events of case %s", id)
	}
	events, err := pgx.CollectRows(rows, scanEvent)
	return events, postgres.Wrap(err, "read events of case %s", id)
}

// VerifyEvents recomputes the hash chain of a case. It returns an error with
// key "event.tampered" when an event was changed, removed or put in between.
func (p *Store) VerifyEvents(ctx context.Context, id hub.CaseID) error {
	events, err := p.history(ctx, id)
	if err != nil {
		return err
	}
	var own history
	for _, v := range events {
		if !own.next(v) {
			return hub.Errorf(hub.CodeConflict, "event.tampered", id, v.event.Seq)
		}
	}
	var stored []byte
	err = p.db.Pool().QueryRow(ctx, "select head from cases where id = $1", string(id)).Scan(&stored)
	if errors.Is(err, pgx.ErrNoRows) {
		return postgres.NotFound("case.not_found", id)
	}
	if err == nil && !bytes.Equal(own.head, stored) {
		return hub.Errorf(hub.CodeConflict, "event.tampered", id, len(events))
	}
	return postgres.Wrap(err, "verify case %s", id)
}

// follows reports whether the event's hash is that of its text after head.
// Before migration 10 the server kept the text in an order of its own; such an
// event is compared as it was encoded. Of an event whose words were deleted only
// the hash is left, which the next one continues.
func (v storedEvent) follows(head []byte) bool {
	if v.erased != nil || bytes.Equal(link(head, v.event, v.text), v.hash) {
		return true
	}
	text, err := v.event.Encode()
	return err == nil && bytes.Equal(link(head, v.event, text), v.hash)
}

// FindReceipts returns which of the receipts are stored already.
func (p *Store) FindReceipts(ctx context.Context, receipts []hub.ReceiptID) (map[hub.ReceiptID]bool, error) {
	found, err := findReceipts(ctx, p.db.Pool(), receipts)
	return found, postgres.Wrap(err, "find receipts")
}

// findReceipts asks in one flight, which is one transaction.
func findReceipts(ctx context.Context, q interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}, receipts []hub.ReceiptID,
) (map[hub.ReceiptID]bool, error) {
	found := map[hub.ReceiptID]bool{}
	var b pgx.Batch
	b.Queue(postgres.ByKey)
	sql, arg := "select receipt from submission where receipt = any($1::text[])", any(receipts)
	if len(receipts) == 1 { // planned once; of an array the server counts the elements, each time
		sql, arg = "select receipt from submission where receipt = $1", string(receipts[0])
	}
	b.Queue(sql, arg).Query(func(rows pgx.Rows) error {
		var receipt hub.ReceiptID
		_, err := pgx.ForEachRow(rows, []any{&receipt}, func() error {
			found[receipt] = true
			return nil
		})
		return err
	})
	return found, q.SendBatch(ctx, &b).Close()
}

// Opened lists the cases with a topic that were opened since a moment.
func (p *Store) Opened(ctx context.Context, since time.Time) ([]tally.Opened, error) {
	rows, err := p.db.Pool().Query(ctx, "select id, topic, place, opened_at from cases where opened_at > $1 and topic <> ''", since)
	if err != nil {
		return nil, postgres.Wrap(err, "recent cases")
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[tally.Opened])
	return found, postgres.Wrap(err, "recent cases")
}
