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

// ChangeCase locks a case, lets decide say what happens and saves that: row,
// events, assignments, clocks and messages in one transaction.
//
// A messageID that was handled before changes nothing, and the case is
// returned as it is; "" is never remembered. An error of decide is returned as
// it is and nothing is saved. decide sees the submission without its raw
// bytes; it must not call the store for the same case.
func (p *Store) ChangeCase(ctx context.Context, id hub.CaseID, messageID string, now time.Time,
	decide func(c hub.Case, s hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error),
) (hub.Case, error) {
	var result hub.Case
	l := locked{id: id, messageID: messageID, now: now}
	err := p.db.InFlight(ctx, func(b *pgx.Batch) { p.read(ctx, &l, b) }, func(b *pgx.Batch) error {
		if l.missing {
			return postgres.NotFound("case.not_found", id)
		}
		result = l.c
		if l.seen {
			return nil
		}
		to, events, out, err := decide(l.c, l.s)
		if err != nil {
			return err
		}
		var w writer
		if err := w.add(change{from: l.c, to: to, head: l.head, events: events, out: out}); err != nil {
			return err
		}
		if len(events) > 0 {
			result = to
		}
		if err := w.record(ctx, now, events); err != nil {
			return err
		}
		w.queueUpdate(b)
		return nil
	})
	if err != nil {
		return hub.Case{}, postgres.Wrap(err, "change case %s", id)
	}
	p.db.Wake()
	return result, nil
}

// A locked is a case that is ours until the transaction ends.
type locked struct {
	id        hub.CaseID
	messageID string
	now       time.Time

	c    hub.Case
	head []byte // hash of its last event
	s    hub.Submission
	seen bool // the message was handled before

	missing bool // there is no such case in the scope
}

// read locks the case, remembers the message and reads the submission. A case
// outside the scope of ctx is missing; that is no error of the batch, after
// which the connection would have to prepare all its statements anew.
func (p *Store) read(ctx context.Context, l *locked, b *pgx.Batch) {
	sql, args := postgres.OneCase(ctx, "state, head", l.id)
	b.Queue(sql+" for update of c", args).QueryRow(func(row pgx.Row) error {
		var state []byte
		err := row.Scan(&state, &l.head)
		if l.missing = errors.Is(err, pgx.ErrNoRows); l.missing {
			return nil
		}
		if err != nil {
			return fmt.Errorf("lock: %w", err)
		}
		return readCase(state, &l.c)
	})
	if l.messageID != "" {
		b.Queue(`insert into processed (consumer, message_id, at) values ('desk', $1, $2) on conflict do nothing`,
			l.messageID, l.now).Exec(func(tag pgconn.CommandTag) error {
			l.seen = tag.RowsAffected() == 0
			return nil
		})
	}
	b.Queue(submissionSQL+" where receipt = (select receipt from cases where id = $2)", false, string(l.id)).
		QueryRow(func(row pgx.Row) (err error) {
			l.s, err = scanSubmission(row)
			switch {
			case l.missing:
				return nil
			case err != nil:
				return err
			}
			return p.showSubmission(&l.s)
		})
}

type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// submissionSQL reads submissions, with their raw bytes if $1 says so.
const submissionSQL = `select receipt, case_id, channel, external_id, heuristic, place, kind, urgency,
	media_type, case when $1 then raw end, received_at, submitted_at, content from submission`

// submission reads one submission, with its raw bytes or without.
func (p *Store) submission(ctx context.Context, q querier, receipt hub.ReceiptID, raw bool) (hub.Submission, error) {
	s, err := scanSubmission(q.QueryRow(ctx, submissionSQL+" where receipt = $2", raw, string(receipt)))
	if errors.Is(err, pgx.ErrNoRows) {
		return hub.Submission{}, postgres.NotFound("submission.not_found", receipt)
	}
	if err == nil {
		err = p.showSubmission(&s)
	}
	return s, err
}

func scanSubmission(row pgx.Row) (hub.Submission, error) {
	var s hub.Submission
	var content []byte
	err := row.Scan(&s.Receipt, &s.Case, &s.Channel, &s.ExternalID, &s.Heuristic, &s.Place, &s.Kind, &s.Urgency,
		&s.MediaType, &s.Raw, &s.ReceivedAt, &s.SubmittedAt, &content)
	if err != nil {
		return hub.Submission{}, fmt.Errorf("read submission: %w", err)
	}
	s.ReceivedAt, s.SubmittedAt = s.ReceivedAt.UTC(), s.SubmittedAt.UTC()
	if err := json.Unmarshal(content, &s.Content); err != nil {
		return hub.Submission{}, fmt.Errorf("decode submission %s: %w", s.Receipt, err)
	}
	return s, nil
}
