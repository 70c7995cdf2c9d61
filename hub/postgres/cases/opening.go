package cases

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// InsertCases stores new cases in one transaction and returns how many were
// new. It is idempotent: a submission that is known already is left as it is,
// with its case, events, clocks and messages.
func (p *Store) InsertCases(ctx context.Context, openings []hub.Opening) (int, error) {
	if len(openings) == 0 {
		return 0, nil
	}
	// One order for all writers, so that overlapping batches wait for each
	// other instead of locking each other out.
	sorted, err := p.hidden(openings)
	if err != nil {
		return 0, err
	}
	slices.SortStableFunc(sorted, func(a, b *hub.Opening) int {
		return cmp.Compare(a.Submission.Receipt, b.Submission.Receipt)
	})
	inserted, err := p.insertOpenings(ctx, sorted, unknown)
	if raced(err) {
		// Somebody else stored one of them at this moment, or two receipts
		// claim one external id: let the server pick one by one.
		inserted, err = p.insertOpenings(ctx, sorted, merge)
	}
	if err != nil {
		return 0, postgres.Wrap(err, "insert %d cases", len(openings))
	}
	return inserted, nil
}

// hidden returns openings with what is personal sealed. An opening is large:
// where nothing is sealed they are the caller's own.
func (p *Store) hidden(openings []hub.Opening) ([]*hub.Opening, error) {
	if p.db.Keys() != nil {
		openings = slices.Clone(openings)
		if err := p.hideAll(openings); err != nil {
			return nil, err
		}
	}
	all := make([]*hub.Opening, len(openings))
	for i := range openings {
		all[i] = &openings[i]
	}
	return all, nil
}

// raced reports a row that another transaction had stored first.
func raced(err error) bool {
	server, ok := errors.AsType[*pgconn.PgError](err)
	return ok && server.Code == "23505" && server.TableName == "submission"
}

// insertOpenings stores the openings that pick picks.
func (p *Store) insertOpenings(ctx context.Context, openings []*hub.Opening,
	pick func(context.Context, pgx.Tx, []*hub.Opening, *inserter) ([]*hub.Opening, error),
) (int, error) {
	in, ok := p.inserters.Get().(*inserter)
	if !ok {
		in = &inserter{}
	}
	inserted := 0
	err := p.db.Tx(ctx, func(tx pgx.Tx) error {
		fresh, err := pick(ctx, tx, openings, in)
		if err != nil {
			return err
		}
		in.indexed = len(fresh) <= indexTo
		for _, o := range fresh {
			if err := in.add(o); err != nil {
				return err
			}
		}
		inserted = len(fresh)
		return in.save(ctx, tx)
	})
	if err != nil {
		return 0, err // after a broken COPY the memory may still be read from
	}
	if inserted > 0 {
		p.db.Keep(&in.kept)
	}
	in.reset()
	p.inserters.Put(in)
	return inserted, nil
}

// Preload stores openings that are known to be new: the quickest way to fill an
// empty store. The rows are those of InsertCases, but it is not idempotent: a
// case that is stored already fails the whole call. Calls may run next to each
// other.
func (p *Store) Preload(ctx context.Context, openings []hub.Opening) error {
	all, err := p.hidden(openings)
	if err != nil {
		return err
	}
	_, err = p.insertOpenings(ctx, all, func(_ context.Context, _ pgx.Tx, all []*hub.Opening, in *inserter) ([]*hub.Opening, error) {
		return all, in.addSubmissions(all)
	})
	return postgres.Wrap(err, "preload %d cases", len(openings))
}

// unknown picks the first opening of each receipt that is not stored yet, and
// has its submission copied in.
func unknown(ctx context.Context, tx pgx.Tx, openings []*hub.Opening, in *inserter) ([]*hub.Opening, error) {
	receipts := make([]hub.ReceiptID, len(openings))
	for i := range openings {
		receipts[i] = openings[i].Submission.Receipt
	}
	known, err := receiptsIn(ctx, tx, receipts)
	if err != nil {
		return nil, fmt.Errorf("find submissions: %w", err)
	}
	fresh := make([]*hub.Opening, 0, len(openings))
	for _, o := range openings {
		if r := o.Submission.Receipt; !known[r] {
			known[r] = true
			fresh = append(fresh, o)
		}
	}
	return fresh, in.addSubmissions(fresh)
}

// merge inserts the submissions that are new, one by one and whatever happens
// at the same time, and picks their openings.
func merge(ctx context.Context, tx pgx.Tx, openings []*hub.Opening, _ *inserter) ([]*hub.Opening, error) {
	var b pgx.Batch
	var fresh []*hub.Opening
	for _, o := range openings {
		s := &o.Submission
		content, err := contentOf(s)
		if err != nil {
			return nil, err
		}
		b.Queue(`insert into submission (receipt, case_id, channel, external_id, heuristic,
				place, kind, urgency, media_type, raw, received_at, submitted_at, content, account, person)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) on conflict do nothing`,
			string(s.Receipt), string(s.Case), string(s.Channel), s.ExternalID, s.Heuristic, string(s.Place),
			string(s.Kind), string(s.Urgency), s.MediaType, storedRaw(s), s.ReceivedAt, s.SubmittedAt, content,
			postgres.HiddenAccount(s.Content), postgres.HiddenPerson(s.Content),
		).Exec(func(tag pgconn.CommandTag) error {
			if tag.RowsAffected() > 0 {
				fresh = append(fresh, o)
			}
			return nil
		})
	}
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return nil, fmt.Errorf("insert submissions: %w", err)
	}
	return fresh, nil
}

func (in *inserter) addSubmissions(openings []*hub.Opening) error {
	for _, o := range openings {
		if err := in.submissions.submission(&o.Submission, o.Said); err != nil {
			return err
		}
	}
	return nil
}

// storedRaw returns the bytes that arrived as the table keeps them.
func storedRaw(s *hub.Submission) []byte {
	if s.Raw == nil {
		return nil
	}
	return cutRaw([]byte{}, s.Raw, s.Text)
}

// contentOf returns what the citizen said as the table keeps it.
func contentOf(s *hub.Submission) ([]byte, error) {
	return appendContent(make([]byte, 0, 256+len(s.Title)+len(s.Text)), s, nil)
}

func appendContent(dst []byte, s *hub.Submission, said []byte) ([]byte, error) {
	before := len(dst)
	if said != nil {
		dst = append(dst, said...)
	} else {
		var err error
		if dst, err = s.Content.AppendJSON(dst); err != nil {
			return nil, fmt.Errorf("encode submission %s: %w", s.Receipt, err)
		}
	}
	if holdsNUL(dst[before:]) {
		return nil, hub.Errorf(hub.CodeInvalid, "postgres.invalid")
	}
	return dst, nil
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

// submission adds a row; said is the content's JSON, nil when it is yet to be
// made.
func (r *copyRows) submission(s *hub.Submission, said []byte) error {
	r.row(15)
	r.text(string(s.Receipt))
	r.text(string(s.Case))
	r.text(string(s.Channel))
	r.text(s.ExternalID)
	r.bool(s.Heuristic)
	r.text(string(s.Place))
	r.text(string(s.Kind))
	r.text(string(s.Urgency))
	r.text(s.MediaType)
	if s.Raw == nil {
		r.null()
	} else {
		at := r.open()
		r.close(at, cutRaw(r.buf, s.Raw, s.Text)) // sealed bytes hold no text
	}
	r.time(s.ReceivedAt)
	r.time(s.SubmittedAt)
	at := r.open()
	buf, err := appendContent(r.buf, s, said)
	if err != nil {
		return err
	}
	r.close(at, buf)
	r.maybeText(postgres.HiddenAccount(s.Content))
	r.maybeText(postgres.HiddenPerson(s.Content))
	return nil
}
