package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
)

// InsertCases stores new cases in one transaction and returns how many were
// new. It is idempotent: a submission that is known already is left as it is,
// with its case, events, clocks and messages.
func (db *DB) InsertCases(ctx context.Context, openings []hub.Opening) (int, error) {
	if len(openings) == 0 {
		return 0, nil
	}
	// One order for all writers, so that overlapping batches wait for each
	// other instead of locking each other out.
	sorted := slices.Clone(openings)
	slices.SortStableFunc(sorted, func(a, b hub.Opening) int {
		return cmp.Compare(a.Submission.Receipt, b.Submission.Receipt)
	})
	inserted := 0
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		fresh, err := insertSubmissions(ctx, tx, sorted)
		if err != nil {
			return err
		}
		inserted = len(fresh)
		if inserted == 0 {
			return nil
		}
		return insertCases(ctx, tx, fresh)
	})
	if err != nil {
		return 0, wrap(err, "insert %d cases", len(openings))
	}
	return inserted, nil
}

type submissionRows struct {
	receipts, cases, channels, externals []string
	heuristic                            []bool
	places, kinds, urgencies, types      []string
	raw                                  [][]byte
	received, submitted                  []time.Time
	content                              []string
}

func (r *submissionRows) add(s hub.Submission) error {
	content, err := json.Marshal(s.Content)
	if err != nil {
		return fmt.Errorf("encode submission %s: %w", s.Receipt, err)
	}
	r.receipts = append(r.receipts, string(s.Receipt))
	r.cases = append(r.cases, string(s.Case))
	r.channels = append(r.channels, string(s.Channel))
	r.externals = append(r.externals, s.ExternalID)
	r.heuristic = append(r.heuristic, s.Heuristic)
	r.places = append(r.places, string(s.Place))
	r.kinds = append(r.kinds, string(s.Kind))
	r.urgencies = append(r.urgencies, string(s.Urgency))
	r.types = append(r.types, s.MediaType)
	r.raw = append(r.raw, s.Raw)
	r.received = append(r.received, s.ReceivedAt)
	r.submitted = append(r.submitted, s.SubmittedAt)
	r.content = append(r.content, string(content))
	return nil
}

// insertSubmissions returns the openings whose submission was not known.
func insertSubmissions(ctx context.Context, tx pgx.Tx, openings []hub.Opening) ([]hub.Opening, error) {
	var r submissionRows
	for _, o := range openings {
		if err := r.add(o.Submission); err != nil {
			return nil, err
		}
	}
	rows, err := tx.Query(ctx, `insert into submission (receipt, case_id, channel, external_id, heuristic,
			place, kind, urgency, media_type, raw, received_at, submitted_at, content)
		select r, c, ch, x, h, p, k, u, m, b, ra, sa, j::jsonb
		from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::text[], $7::text[],
			$8::text[], $9::text[], $10::bytea[], $11::timestamptz[], $12::timestamptz[], $13::text[])
			as t(r, c, ch, x, h, p, k, u, m, b, ra, sa, j)
		on conflict do nothing returning receipt`,
		r.receipts, r.cases, r.channels, r.externals, r.heuristic, r.places, r.kinds,
		r.urgencies, r.types, r.raw, r.received, r.submitted, r.content)
	if err != nil {
		return nil, fmt.Errorf("insert submissions: %w", err)
	}
	receipts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("insert submissions: %w", err)
	}
	return pick(openings, receipts), nil
}

// pick returns the first opening of each receipt.
func pick(openings []hub.Opening, receipts []string) []hub.Opening {
	fresh := make(map[hub.ReceiptID]bool, len(receipts))
	for _, r := range receipts {
		fresh[hub.ReceiptID(r)] = true
	}
	picked := make([]hub.Opening, 0, len(receipts))
	for _, o := range openings {
		if fresh[o.Submission.Receipt] {
			delete(fresh, o.Submission.Receipt)
			picked = append(picked, o)
		}
	}
	return picked
}

func insertCases(ctx context.Context, tx pgx.Tx, openings []hub.Opening) error {
	var w writer
	for _, o := range openings {
		w.titles = append(w.titles, o.Submission.Title)
		if err := w.add(change{to: o.Case, events: o.Events, out: o.Out}); err != nil {
			return err
		}
	}
	return w.insert(ctx, tx)
}
