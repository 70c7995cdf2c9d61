package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
)

// ChangeCase locks a case, lets decide say what happens and saves that: row,
// events, assignments, clocks and messages in one transaction.
//
// A messageID that was handled before changes nothing, and the case is
// returned as it is; "" is never remembered. An error of decide is returned as
// it is and nothing is saved. decide sees the submission without its raw
// bytes; it must not call the store for the same case.
func (db *DB) ChangeCase(ctx context.Context, id hub.CaseID, messageID string, now time.Time,
	decide func(c hub.Case, s hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error),
) (hub.Case, error) {
	var result hub.Case
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		c, head, err := lockCase(ctx, tx, id)
		if err != nil {
			return err
		}
		result = c
		if seen, err := markProcessed(ctx, tx, messageID, now); err != nil || seen {
			return err
		}
		s, err := submission(ctx, tx, c.Receipt, false)
		if err != nil {
			return err
		}
		to, events, out, err := decide(c, s)
		if err != nil {
			return err
		}
		var w writer
		if err := w.add(change{from: c, to: to, head: head, events: events, out: out}); err != nil {
			return err
		}
		if len(events) > 0 {
			result = to
		}
		return w.update(ctx, tx)
	})
	if err != nil {
		return hub.Case{}, wrap(err, "change case %s", id)
	}
	return result, nil
}

// lockCase returns the case and the hash of its last event.
func lockCase(ctx context.Context, tx pgx.Tx, id hub.CaseID) (hub.Case, []byte, error) {
	var state, head []byte
	err := tx.QueryRow(ctx, "select state, head from cases where id = $1 for update", string(id)).Scan(&state, &head)
	if errors.Is(err, pgx.ErrNoRows) {
		return hub.Case{}, nil, notFound("case.not_found", id)
	}
	if err != nil {
		return hub.Case{}, nil, fmt.Errorf("lock: %w", err)
	}
	var c hub.Case
	if err := json.Unmarshal(state, &c); err != nil {
		return hub.Case{}, nil, fmt.Errorf("decode: %w", err)
	}
	return c, head, nil
}

// markProcessed remembers a message and reports whether it was known.
func markProcessed(ctx context.Context, tx pgx.Tx, messageID string, now time.Time) (bool, error) {
	if messageID == "" {
		return false, nil
	}
	tag, err := tx.Exec(ctx, `insert into processed (consumer, message_id, at) values ('desk', $1, $2)
		on conflict do nothing`, messageID, now)
	if err != nil {
		return false, fmt.Errorf("remember message %s: %w", messageID, err)
	}
	return tag.RowsAffected() == 0, nil
}

type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// submission reads one submission, with its raw bytes or without.
func submission(ctx context.Context, q querier, receipt hub.ReceiptID, raw bool) (hub.Submission, error) {
	var s hub.Submission
	var content []byte
	err := q.QueryRow(ctx, `select receipt, case_id, channel, external_id, heuristic, place, kind, urgency,
			media_type, case when $2 then raw end, received_at, submitted_at, content
		from submission where receipt = $1`, string(receipt), raw).Scan(
		&s.Receipt, &s.Case, &s.Channel, &s.ExternalID, &s.Heuristic, &s.Place, &s.Kind, &s.Urgency,
		&s.MediaType, &s.Raw, &s.ReceivedAt, &s.SubmittedAt, &content)
	if errors.Is(err, pgx.ErrNoRows) {
		return hub.Submission{}, notFound("submission.not_found", receipt)
	}
	if err != nil {
		return hub.Submission{}, fmt.Errorf("read submission %s: %w", receipt, err)
	}
	s.ReceivedAt, s.SubmittedAt = s.ReceivedAt.UTC(), s.SubmittedAt.UTC()
	if err := json.Unmarshal(content, &s.Content); err != nil {
		return hub.Submission{}, fmt.Errorf("decode submission %s: %w", receipt, err)
	}
	return s, nil
}
