package postgres

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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
	var r submissionRows
	for _, o := range sorted {
		if err := r.add(o.Submission); err != nil {
			return 0, err
		}
	}
	inserted, err := db.insertOpenings(ctx, sorted, &r, copySubmissions)
	if raced(err) {
		// Somebody else stored one of them at this moment, or two receipts
		// claim one external id: let the server pick row by row.
		inserted, err = db.insertOpenings(ctx, sorted, &r, mergeSubmissions)
	}
	if err != nil {
		return 0, wrap(err, "insert %d cases", len(openings))
	}
	return inserted, nil
}

// raced reports a row that another transaction had stored first.
func raced(err error) bool {
	server, ok := errors.AsType[*pgconn.PgError](err)
	return ok && server.Code == "23505" && server.TableName == "submission"
}

// insertOpenings stores those openings that insert says are new.
func (db *DB) insertOpenings(ctx context.Context, openings []hub.Opening, r *submissionRows,
	insert func(context.Context, pgx.Tx, *submissionRows) (map[string]bool, error),
) (int, error) {
	inserted := 0
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		fresh, err := insert(ctx, tx, r)
		if err != nil {
			return err
		}
		if inserted = len(fresh); inserted == 0 {
			return nil
		}
		return insertCases(ctx, tx, openings, fresh)
	})
	if inserted > 0 && err == nil {
		db.signal()
	}
	return inserted, err
}

// Preload stores openings that are known to be new: the quickest way to fill an
// empty store. The rows are those of InsertCases, but it is not idempotent: a
// case that is stored already fails the whole call. Calls may run next to each
// other.
func (db *DB) Preload(ctx context.Context, openings []hub.Opening) error {
	var r submissionRows
	for _, o := range openings {
		if err := r.add(o.Submission); err != nil {
			return err
		}
	}
	_, err := db.insertOpenings(ctx, openings, &r,
		func(ctx context.Context, tx pgx.Tx, r *submissionRows) (map[string]bool, error) {
			return r.copyUnless(ctx, tx, nil)
		})
	return wrap(err, "preload %d cases", len(openings))
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
	if holdsNUL(content) {
		return hub.Errorf(hub.CodeInvalid, "postgres.invalid")
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

// holdsNUL reports a NUL in JSON text: the server would keep it and then fail
// each time that somebody asks for the field.
func holdsNUL(text []byte) bool {
	for {
		i := bytes.Index(text, []byte(`\u0000`))
		if i < 0 {
			return false
		}
		slashes := len(text[:i]) - len(bytes.TrimRight(text[:i], `\`))
		if slashes%2 == 0 {
			return true
		}
		text = text[i+1:]
	}
}

const submissionColumns = `submission (receipt, case_id, channel, external_id, heuristic,
	place, kind, urgency, media_type, raw, received_at, submitted_at, content)`

// copySubmissions looks which submissions are known and copies the others in.
// It returns the receipts of those.
func copySubmissions(ctx context.Context, tx pgx.Tx, r *submissionRows) (map[string]bool, error) {
	rows, err := tx.Query(ctx, "select receipt from submission where receipt = any($1::text[])", r.receipts)
	if err != nil {
		return nil, fmt.Errorf("find submissions: %w", err)
	}
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("find submissions: %w", err)
	}
	skip := make(map[string]bool, len(known))
	for _, receipt := range known {
		skip[receipt] = true
	}
	return r.copyUnless(ctx, tx, skip)
}

// copyUnless copies the submissions in, but for those to skip, and returns the
// receipts of those that it copied.
func (r *submissionRows) copyUnless(ctx context.Context, tx pgx.Tx, skip map[string]bool) (map[string]bool, error) {
	fresh := make(map[string]bool, len(r.receipts)-len(skip))
	var c copyRows
	for i, receipt := range r.receipts {
		if skip[receipt] || fresh[receipt] {
			continue
		}
		fresh[receipt] = true
		r.copy(&c, i)
	}
	return fresh, c.into(ctx, tx, submissionColumns)
}

func (r *submissionRows) copy(c *copyRows, i int) {
	c.row(13)
	c.text(r.receipts[i])
	c.text(r.cases[i])
	c.text(r.channels[i])
	c.text(r.externals[i])
	c.bool(r.heuristic[i])
	c.text(r.places[i])
	c.text(r.kinds[i])
	c.text(r.urgencies[i])
	c.text(r.types[i])
	if r.raw[i] == nil {
		c.null()
	} else {
		c.bytes(r.raw[i])
	}
	c.time(r.received[i])
	c.time(r.submitted[i])
	c.text(r.content[i])
}

// mergeSubmissions inserts what is new, whatever happens at the same time, and
// returns the receipts of that.
func mergeSubmissions(ctx context.Context, tx pgx.Tx, r *submissionRows) (map[string]bool, error) {
	rows, err := tx.Query(ctx, "insert into "+submissionColumns+`
		select r, c, ch, x, h, p, k, u, m, b, ra, sa, j::json
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
	fresh := make(map[string]bool, len(receipts))
	for _, receipt := range receipts {
		fresh[receipt] = true
	}
	return fresh, nil
}

// insertCases stores the first opening of each fresh receipt.
func insertCases(ctx context.Context, tx pgx.Tx, openings []hub.Opening, fresh map[string]bool) error {
	var in inserter
	for _, o := range openings {
		receipt := string(o.Submission.Receipt)
		if !fresh[receipt] {
			continue
		}
		delete(fresh, receipt)
		if err := in.add(o); err != nil {
			return err
		}
	}
	return in.save(ctx, tx)
}
