package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
)

// Cases returns the cases that f lets through, newest first.
func (db *DB) Cases(ctx context.Context, f hub.Filter) ([]hub.Summary, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	words, err := db.find(ctx, f.Text)
	if err != nil {
		return nil, wrap(err, "read cases")
	}
	where, args := conditions(ctx, f, words, false)
	args["limit"], args["offset"] = min(limit, 1000), max(f.Offset, 0)
	rows, err := db.pool.Query(ctx, "select state, title, due_at from cases c"+where+
		" order by opened_at desc, id desc limit @limit offset @offset", args)
	if err != nil {
		return nil, wrap(err, "read cases")
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (hub.Summary, error) {
		var s hub.Summary
		var state []byte
		var due *time.Time
		if err := r.Scan(&state, &s.Title, &due); err != nil {
			return s, err
		}
		s.Due = zero(due)
		return s, json.Unmarshal(state, &s.Case)
	})
	return list, wrap(err, "read cases")
}

// CountCases returns how many cases f lets through; Limit and Offset do not
// count.
func (db *DB) CountCases(ctx context.Context, f hub.Filter) (int, error) {
	words, err := db.find(ctx, f.Text)
	if err != nil {
		return 0, wrap(err, "count cases")
	}
	where, args := conditions(ctx, f, words, true)
	var n int
	err = db.pool.QueryRow(ctx, "select count(*) from cases c"+where, args).Scan(&n)
	return n, wrap(err, "count cases")
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
	add("starts_with(place, @place)", "place", within(f.Place))
	add(`exists (select from assignment a where a.case_id = c.id and a.department = @department)`,
		"department", string(f.Department))
	if f.Open {
		terms = append(terms, `status in ('sorting', 'assigned', 'signed', 'handling', 'waiting', 'suspended')`)
	}
	if term := scoped(ctx, args); term != "" {
		terms = append(terms, term)
	}
	if len(terms) == 0 {
		return "", args
	}
	return " where " + strings.Join(terms, " and "), args
}

// within returns the digits that codes inside p begin with, the same way as
// hub.PlaceCode.Within.
func within(p hub.PlaceCode) string {
	s := strings.TrimSuffix(string(p), "000000")
	for len(s) == 6 && strings.HasSuffix(s, "00") {
		s = s[:len(s)-2]
	}
	return s
}

// Case returns a case and the submission that opened it.
func (db *DB) Case(ctx context.Context, id hub.CaseID) (hub.Case, hub.Submission, error) {
	var state []byte
	var c hub.Case
	sql, args := oneCase(ctx, "state", id)
	err := db.pool.QueryRow(ctx, sql, args).Scan(&state)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, hub.Submission{}, notFound("case.not_found", id)
	}
	if err == nil {
		err = json.Unmarshal(state, &c)
	}
	if err != nil {
		return c, hub.Submission{}, wrap(err, "read case %s", id)
	}
	s, err := db.submission(ctx, db.pool, c.Receipt, true)
	return c, s, wrap(err, "read case %s", id)
}

// Events returns the history of a case, in order.
func (db *DB) Events(ctx context.Context, id hub.CaseID) ([]hub.Event, error) {
	stored, err := db.history(ctx, id)
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

func (db *DB) history(ctx context.Context, id hub.CaseID) ([]storedEvent, error) {
	args := pgx.NamedArgs{"id": string(id)}
	rows, err := db.pool.Query(ctx, `select case_id, seq, type, at, actor, data, hash, erased_at
		from event where case_id = @id`+scopedCase(ctx, "event.case_id", args)+` order by seq`, args)
	if err != nil {
		return nil, wrap(err, "read events of case %s", id)
	}
	events, err := pgx.CollectRows(rows, scanEvent)
	return events, wrap(err, "read events of case %s", id)
}

// VerifyEvents recomputes the hash chain of a case. It returns an error with
// key "event.tampered" when an event was changed, removed or put in between.
func (db *DB) VerifyEvents(ctx context.Context, id hub.CaseID) error {
	events, err := db.history(ctx, id)
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
	err = db.pool.QueryRow(ctx, "select head from cases where id = $1", string(id)).Scan(&stored)
	if errors.Is(err, pgx.ErrNoRows) {
		return notFound("case.not_found", id)
	}
	if err == nil && !bytes.Equal(own.head, stored) {
		return hub.Errorf(hub.CodeConflict, "event.tampered", id, len(events))
	}
	return wrap(err, "verify case %s", id)
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
func (db *DB) FindReceipts(ctx context.Context, receipts []hub.ReceiptID) (map[hub.ReceiptID]bool, error) {
	found, err := findReceipts(ctx, db.pool, receipts)
	return found, wrap(err, "find receipts")
}

// findReceipts asks in one flight, which is one transaction.
func findReceipts(ctx context.Context, q interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}, receipts []hub.ReceiptID,
) (map[hub.ReceiptID]bool, error) {
	found := map[hub.ReceiptID]bool{}
	var b pgx.Batch
	b.Queue(byKey)
	b.Queue("select receipt from submission where receipt = any($1::text[])", receipts).Query(func(rows pgx.Rows) error {
		var receipt hub.ReceiptID
		_, err := pgx.ForEachRow(rows, []any{&receipt}, func() error {
			found[receipt] = true
			return nil
		})
		return err
	})
	return found, q.SendBatch(ctx, &b).Close()
}

// clean removes what PostgreSQL refuses in a text.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}
