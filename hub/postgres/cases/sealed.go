package cases

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	"github.com/mashang-hub/mashang/hub/seal"
)

func submissionPlace(r hub.ReceiptID) string { return "submission/" + string(r) }
func rawPlace(r hub.ReceiptID) string        { return "raw/" + string(r) }

// hideAll seals the submissions of openings, which are the caller's own.
func (p *Store) hideAll(openings []hub.Opening) error {
	if p.db.Keys() == nil {
		return nil
	}
	for i := range openings {
		s := &openings[i].Submission
		openings[i].Said = nil // what is stored is another content
		raw := cutRaw(nil, s.Raw, s.Text)
		var err error
		if s.Content, err = p.db.Hide(submissionPlace(s.Receipt), s.Content); err != nil {
			return err
		}
		s.Raw = p.db.Keys().Seal(rawPlace(s.Receipt), raw)
	}
	return nil
}

// showSubmission opens what hideAll sealed and puts the bytes that arrived
// together. Bytes from before there were keys are as they arrived.
func (p *Store) showSubmission(s *hub.Submission) (err error) {
	if p.db.Keys() != nil {
		key, _ := postgres.HiddenBy(s.Content)
		if err := p.db.Show(submissionPlace(s.Receipt), &s.Content); err != nil {
			return err
		}
		raw, err := p.db.Keys().Open(rawPlace(s.Receipt), s.Raw)
		if err == nil {
			s.Raw = raw
		} else if key != "" {
			return err
		}
	}
	s.Raw, err = wholeRaw(s.Raw, s.Text)
	return err
}

// Reveal returns what a citizen said and who they are, unmasked, and records
// who asked and for what purpose: without the record nothing is shown. The
// case must lie in the scope of ctx.
func (p *Store) Reveal(ctx context.Context, id hub.CaseID, now time.Time, purpose string) (hub.Submission, error) {
	var s hub.Submission
	err := p.db.Tx(ctx, func(tx pgx.Tx) error {
		sql, args := postgres.OneCase(ctx, "receipt", id)
		var receipt hub.ReceiptID
		err := tx.QueryRow(ctx, sql, args).Scan(&receipt)
		if errors.Is(err, pgx.ErrNoRows) {
			return postgres.NotFound("case.not_found", id)
		}
		if err != nil {
			return err
		}
		if s, err = p.submission(ctx, tx, receipt, false); err != nil {
			return err
		}
		if s.Confidential() && !known(ctx, tx, id) {
			return hub.Errorf(hub.CodeForbidden, "personal.confidential")
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, now, audit.Revealed, string(id), map[string]string{"purpose": purpose}))
	})
	if err != nil {
		return hub.Submission{}, postgres.Wrap(err, "reveal case %s", id)
	}
	return s, nil
}

// known reports whether the scope of ctx may learn who asked to stay unknown in
// a case.
func known(ctx context.Context, tx pgx.Tx, id hub.CaseID) bool {
	sql, args := postgres.OneCase(hub.WithScope(ctx, hub.ScopeOf(ctx).Knowing()), "id", id)
	return tx.QueryRow(ctx, sql, args).Scan(&id) == nil
}

// current reports whether all that is sealed of a stored submission is sealed
// with the current key.
func (p *Store) current(s hub.Submission) bool {
	key, personal := postgres.HiddenBy(s.Content)
	return (!personal || key == p.db.Keys().Current()) && (len(s.Raw) == 0 || seal.KeyOf(s.Raw) == p.db.Keys().Current())
}

// Reseal seals n submissions after a receipt with the current key, where
// another one was used or none, and returns the last receipt that it looked
// at, "" at the end, and how many it changed.
func (p *Store) Reseal(ctx context.Context, after hub.ReceiptID, n int) (last hub.ReceiptID, changed int, err error) {
	err = p.db.Tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "select "+submissionColumns+` from submission s
			where s.receipt > @after order by s.receipt limit @n for update`,
			pgx.NamedArgs{"raw": true, "after": string(after), "n": n})
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (hub.Submission, error) { return scanSubmission(row) })
		if err != nil {
			return err
		}
		if len(list) == n {
			last = list[n-1].Receipt
		}
		var b pgx.Batch
		for _, s := range list {
			if p.current(s) {
				continue
			}
			if err := p.showSubmission(&s); err != nil {
				return err
			}
			one := []hub.Opening{{Submission: s}}
			if err := p.hideAll(one); err != nil {
				return err
			}
			content, err := contentOf(&one[0].Submission)
			if err != nil {
				return err
			}
			sealed := &one[0].Submission
			b.Queue("update submission set content = $2, raw = $3, account = $4, person = $5 where receipt = $1",
				string(s.Receipt), content, sealed.Raw, postgres.HiddenAccount(sealed.Content), postgres.HiddenPerson(sealed.Content))
			changed++
		}
		if b.Len() == 0 {
			return nil
		}
		return tx.SendBatch(ctx, &b).Close()
	})
	return last, changed, postgres.Wrap(err, "seal submissions anew")
}
