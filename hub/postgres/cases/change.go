package cases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// A decision says what becomes of a case and of what the citizen said: the case
// afterwards, what happened, what is sent.
type decision = func(c hub.Case, s hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error)

// ChangeCase locks a case, lets decide say what happens and saves that: row,
// events, assignments, clocks and messages in one transaction. While many
// cases change, several of them share one.
//
// A messageID that was handled before changes nothing, and the case is
// returned as it is; "" is never remembered. An error of decide is returned as
// it is and nothing is saved. decide sees the submission without its raw
// bytes; it must not call the store for the same case. It may be asked a second
// time, when the first answer could not be saved.
func (p *Store) ChangeCase(ctx context.Context, id hub.CaseID, messageID string, now time.Time, decide decision) (hub.Case, error) {
	l := &locked{ctx: ctx, id: id, messageID: messageID, now: now, decide: decide}
	var err error
	if messageID != "" {
		err = p.change(ctx, l)
	} else if err = p.rounds.Join(ctx, l); err == nil {
		if err = l.err; l.alone {
			err = p.change(ctx, l)
		}
	}
	if err != nil {
		return hub.Case{}, postgres.Wrap(err, "change case %s", id)
	}
	return l.result, nil
}

// change changes the case of l in a transaction of its own.
func (p *Store) change(ctx context.Context, l *locked) error {
	err := p.db.InFlight(ctx, func(b *pgx.Batch) { p.read(l, b) }, func(b *pgx.Batch) error {
		to, err := l.judge()
		if err != nil {
			return err
		}
		var w writer
		if err := w.addJudged(l, to); err != nil {
			return err
		}
		w.queueUpdate(b)
		return nil
	})
	if err == nil {
		p.db.Wake()
	}
	return err
}

// A locked is a case that is ours until the transaction ends, and who decides
// what becomes of it.
type locked struct {
	// ctx is that of who wants the change: their scope and name are not those
	// of others in the same transaction.
	ctx       context.Context //nolint:containedctx // see above
	id        hub.CaseID
	messageID string
	now       time.Time
	decide    decision

	c    hub.Case
	head []byte // hash of its last event
	s    hub.Submission
	seen bool // the message was handled before

	missing bool // there is no such case in the scope

	result hub.Case
	err    error
	alone  bool // it is to have a transaction of its own
}

// judge lets the case be decided on.
func (l *locked) judge() (change, error) {
	to := change{from: l.c, to: l.c, head: l.head}
	if l.missing {
		return to, postgres.NotFound("case.not_found", l.id)
	}
	l.result = l.c
	if l.seen {
		return to, nil
	}
	var err error
	if to.to, to.events, to.out, err = l.decide(l.c, l.s); err == nil && len(to.events) > 0 {
		l.result = to.to
	}
	return to, err
}

// addJudged adds a change with its audit records.
func (w *writer) addJudged(l *locked, c change) error {
	if err := w.add(c); err != nil {
		return err
	}
	return w.record(l.ctx, l.now, c.events)
}

// read locks the case with its submission, and remembers the message. A case
// outside the scope of who asks is missing; that is no error of the batch,
// after which the connection would have to prepare all its statements anew.
func (p *Store) read(l *locked, b *pgx.Batch) {
	sql, args := postgres.OneCaseWith(l.ctx, "c.state, c.head, "+submissionColumns,
		" left join submission s on s.receipt = c.receipt", l.id)
	args["raw"] = false
	b.Queue(sql+" for update of c", args).QueryRow(func(row pgx.Row) error {
		var state []byte
		var err error
		l.s, err = scanSubmission(row, &state, &l.head)
		if l.missing = errors.Is(err, pgx.ErrNoRows); l.missing {
			return nil
		}
		if err == nil {
			err = readCase(state, &l.c)
		}
		if err != nil {
			return fmt.Errorf("lock: %w", err)
		}
		return p.showSubmission(&l.s)
	})
	if l.messageID != "" {
		b.Queue(`insert into processed (consumer, message_id, at) values ('desk', $1, $2) on conflict do nothing`,
			l.messageID, l.now).Exec(func(tag pgconn.CommandTag) error {
			l.seen = tag.RowsAffected() == 0
			return nil
		})
	}
}

type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// submissionColumns are those of a submission s, with its raw bytes if @raw
// says so.
const submissionColumns = `s.receipt, s.case_id, s.channel, s.external_id, s.heuristic, s.place, s.kind, s.urgency,
	s.media_type, case when @raw then s.raw end, s.received_at, s.submitted_at, s.content`

// submission reads one submission, with its raw bytes or without.
func (p *Store) submission(ctx context.Context, q querier, receipt hub.ReceiptID, raw bool) (hub.Submission, error) {
	s, err := scanSubmission(q.QueryRow(ctx, "select "+submissionColumns+" from submission s where receipt = @receipt",
		pgx.NamedArgs{"raw": raw, "receipt": string(receipt)}))
	if errors.Is(err, pgx.ErrNoRows) {
		return hub.Submission{}, postgres.NotFound("submission.not_found", receipt)
	}
	if err == nil {
		err = p.showSubmission(&s)
	}
	return s, err
}

// scanSubmission reads a row of submissionColumns, after other columns.
func scanSubmission(row pgx.Row, before ...any) (hub.Submission, error) {
	var s hub.Submission
	var content []byte
	err := row.Scan(append(before, &s.Receipt, &s.Case, &s.Channel, &s.ExternalID, &s.Heuristic, &s.Place, &s.Kind, &s.Urgency,
		&s.MediaType, &s.Raw, &s.ReceivedAt, &s.SubmittedAt, &content)...)
	if err != nil {
		return hub.Submission{}, fmt.Errorf("read submission: %w", err)
	}
	s.ReceivedAt, s.SubmittedAt = s.ReceivedAt.UTC(), s.SubmittedAt.UTC()
	if err := json.Unmarshal(content, &s.Content); err != nil {
		return hub.Submission{}, fmt.Errorf("decode submission %s: %w", s.Receipt, err)
	}
	return s, nil
}
