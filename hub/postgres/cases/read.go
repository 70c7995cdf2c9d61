package cases

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/tally"
)

// Cases returns the cases that f lets through, newest first.
func (p *Store) Cases(ctx context.Context, f hub.Filter) ([]hub.Summary, error) {
	if f.Limit <= 0 {
		f.Limit = 50
	}
	args := pgx.NamedArgs{"limit": min(f.Limit, 1000), "offset": max(f.Offset, 0)}
	w := want(f.Text)
	if w.indexed() {
		among := maps.Clone(args)
		rows, err := p.db.Keyed().Query(ctx, w.hits(among)+`select n.many, v.state, v.title, v.due_at from n left join lateral (
				select c.state, c.title, c.due_at, c.opened_at, c.id from cases c`+
			where(ctx, f, among, w.amongHits(among))+newest+`) v on true order by v.opened_at desc, v.id desc`, among)
		if list, many, err := summaries(rows, err); err != nil || !many {
			return list, postgres.Wrap(err, "read cases")
		}
	}
	rows, err := p.db.Pool().Query(ctx, "select false, c.state, c.title, c.due_at from cases c"+
		where(ctx, f, args, w.amongMany(args, false))+newest, args)
	list, _, err := summaries(rows, err)
	return list, postgres.Wrap(err, "read cases")
}

const newest = " order by c.opened_at desc, c.id desc limit @limit offset @offset"

// summaries collects rows of many, state, title and due; many says that they
// are not the answer. A row without a state is there for many alone.
func summaries(rows pgx.Rows, err error) (list []hub.Summary, many bool, _ error) {
	if err != nil {
		return nil, false, err
	}
	list = []hub.Summary{}
	var state []byte
	var title *string
	var due *time.Time
	_, err = pgx.ForEachRow(rows, []any{&many, &state, &title, &due}, func() error {
		if state == nil {
			return nil
		}
		s := hub.Summary{Title: *title, Due: postgres.Zero(due)}
		err := readCase(state, &s.Case)
		list = append(list, s)
		return err
	})
	return list, many, err
}

// CountCases returns how many cases f lets through; Limit and Offset do not
// count.
func (p *Store) CountCases(ctx context.Context, f hub.Filter) (int, error) {
	w := want(f.Text)
	var n int
	if w.indexed() {
		args := pgx.NamedArgs{}
		var many bool
		err := p.db.Keyed().QueryRow(ctx, w.hits(args)+"select n.many, (select count(*) from cases c"+
			where(ctx, f, args, w.amongHits(args))+") from n", args).Scan(&many, &n)
		if err != nil || !many {
			return n, postgres.Wrap(err, "count cases")
		}
	}
	args := pgx.NamedArgs{}
	err := p.db.Pool().QueryRow(ctx, "select count(*) from cases c"+where(ctx, f, args, w.amongMany(args, true)), args).Scan(&n)
	return n, postgres.Wrap(err, "count cases")
}

// MergedInto lists the cases that were merged into one, also by way of others.
func (p *Store) MergedInto(ctx context.Context, id hub.CaseID) ([]hub.CaseID, error) {
	rows, err := p.db.Pool().Query(ctx, `with recursive m(id) as (
			select id from cases where merged_into = $1
			union select c.id from cases c join m on c.merged_into = m.id)
		select id from m where id <> $1 order by id`, string(id))
	if err != nil {
		return nil, postgres.Wrap(err, "read what was merged into %s", id)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[hub.CaseID])
	return list, postgres.Wrap(err, "read what was merged into %s", id)
}

// where writes f and the scope of ctx as a where clause on cases c, after terms.
func where(ctx context.Context, f hub.Filter, args pgx.NamedArgs, terms []string) string {
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
		terms = append(terms, postgres.IsOpen)
	}
	if term := postgres.Scoped(ctx, args); term != "" {
		terms = append(terms, term)
	}
	if len(terms) == 0 {
		return ""
	}
	return " where " + strings.Join(terms, " and ")
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

// Opened lists the cases with a topic that were opened since a moment.
func (p *Store) Opened(ctx context.Context, since time.Time) ([]tally.Opened, error) {
	rows, err := p.db.Pool().Query(ctx, "select id, topic, place, opened_at from cases where opened_at > $1 and topic <> ''", since)
	if err != nil {
		return nil, postgres.Wrap(err, "recent cases")
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[tally.Opened])
	return found, postgres.Wrap(err, "recent cases")
}
