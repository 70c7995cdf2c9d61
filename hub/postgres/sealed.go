package postgres

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	"github.com/mashang-hub/mashang/hub/seal"
)

// The fields of a stored content's extra that hold what is sealed, the id of
// its key and a pseudonym of the telephone, by which one citizen's cases are
// found; the channel's own fields are inside.
const (
	sealedField = "_sealed"
	keyField    = "_key"
	whoField    = "_who"
	// accountField is a pseudonym of the user's id inside the channel, by which
	// they find their own cases.
	accountField = "_account"
)

// SealWith makes the store encrypt who the citizen is, the channel's own
// fields and the bytes that arrived. Call it before anything is stored;
// without it all is kept as it is, as benchmarks of the store do.
func (db *DB) SealWith(keys *seal.Keyring) { db.keys = keys }

// personal is what is sealed of a content: the words as they were said only
// where the stored ones are masked.
type personal struct {
	Reporter  hub.Reporter      `json:"reporter"`
	Extra     map[string]string `json:"extra,omitempty"`
	Title     string            `json:"title,omitempty"`
	Text      string            `json:"text,omitempty"`
	PlaceText string            `json:"place_text,omitempty"`
}

// restore puts back one text that was masked.
func restore(into *string, was string) {
	if was != "" {
		*into = was
	}
}

// masked moves a text that holds personal data to where it is sealed.
func masked(text *string, content hub.Content, sealed *string) {
	if m := mask.Said(*text, content); m != *text {
		*sealed, *text = *text, m
	}
}

// Pseudonym returns the name by which the cases of a channel's user are found;
// "" for no user, or when nothing is sealed and so nobody has one.
func (db *DB) Pseudonym(account string) string {
	if db.keys == nil || account == "" {
		return ""
	}
	return db.keys.Pseudonym("account/" + account)
}

// hide returns content with what is personal sealed for place.
func (db *DB) hide(place string, content hub.Content) (hub.Content, error) {
	if db.keys == nil {
		return content, nil
	}
	p := personal{Reporter: content.Reporter, Extra: content.Extra}
	masked(&content.Title, content, &p.Title)
	masked(&content.Text, content, &p.Text)
	masked(&content.PlaceText, content, &p.PlaceText)
	if p.Reporter == (hub.Reporter{}) && len(p.Extra) == 0 && p.Title+p.Text+p.PlaceText == "" {
		return content, nil
	}
	plain, err := json.Marshal(p)
	if err != nil {
		return content, fmt.Errorf("encode reporter: %w", err)
	}
	who, account := db.keys.Pseudonym(content.Reporter.Phone), db.Pseudonym(content.Reporter.Account)
	content.Reporter = hub.Reporter{Anonymous: content.Reporter.Anonymous}
	content.Extra = map[string]string{
		sealedField: base64.StdEncoding.EncodeToString(db.keys.Seal(place, plain)), keyField: db.keys.Current(),
	}
	if who != "" {
		content.Extra[whoField] = who
	}
	if account != "" {
		content.Extra[accountField] = account
	}
	return content, nil
}

// show opens what hide sealed.
func (db *DB) show(place string, content *hub.Content) error {
	text := content.Extra[sealedField]
	if db.keys == nil || text == "" {
		return nil
	}
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("decode %s: %w", place, err)
	}
	plain, err := db.keys.Open(place, sealed)
	if err != nil {
		return fmt.Errorf("open %s: %w", place, err)
	}
	var p personal
	if err := json.Unmarshal(plain, &p); err != nil {
		return fmt.Errorf("decode %s: %w", place, err)
	}
	content.Reporter, content.Extra = p.Reporter, p.Extra
	restore(&content.Title, p.Title)
	restore(&content.Text, p.Text)
	restore(&content.PlaceText, p.PlaceText)
	return nil
}

func submissionPlace(r hub.ReceiptID) string { return "submission/" + string(r) }
func rawPlace(r hub.ReceiptID) string        { return "raw/" + string(r) }
func alertPlace(id hub.AlertID) string       { return "alert/" + string(id) }

// hideAll seals the submissions of openings, which are the caller's own.
func (db *DB) hideAll(openings []hub.Opening) error {
	if db.keys == nil {
		return nil
	}
	for i := range openings {
		s := &openings[i].Submission
		var err error
		if s.Content, err = db.hide(submissionPlace(s.Receipt), s.Content); err != nil {
			return err
		}
		s.Raw = db.keys.Seal(rawPlace(s.Receipt), s.Raw)
	}
	return nil
}

// showSubmission opens what hideAll sealed. Bytes from before there were keys
// are as they arrived.
func (db *DB) showSubmission(s *hub.Submission) error {
	if db.keys == nil {
		return nil
	}
	sealed := s.Extra[sealedField] != ""
	if err := db.show(submissionPlace(s.Receipt), &s.Content); err != nil {
		return err
	}
	raw, err := db.keys.Open(rawPlace(s.Receipt), s.Raw)
	if err == nil {
		s.Raw = raw
	} else if sealed {
		return err
	}
	return nil
}

// Reveal returns what a citizen said and who they are, unmasked, and records
// who asked and for what purpose: without the record nothing is shown. The
// case must lie in the scope of ctx.
func (db *DB) Reveal(ctx context.Context, id hub.CaseID, now time.Time, purpose string) (hub.Submission, error) {
	var s hub.Submission
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		sql, args := oneCase(ctx, "receipt", id)
		var receipt hub.ReceiptID
		err := tx.QueryRow(ctx, sql, args).Scan(&receipt)
		if errors.Is(err, pgx.ErrNoRows) {
			return notFound("case.not_found", id)
		}
		if err != nil {
			return err
		}
		if s, err = db.submission(ctx, tx, receipt, false); err != nil {
			return err
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, now, audit.Revealed, string(id), map[string]string{"purpose": purpose}))
	})
	if err != nil {
		return hub.Submission{}, wrap(err, "reveal case %s", id)
	}
	return s, nil
}

// current reports whether all that is sealed of a stored submission is sealed
// with the current key.
func (db *DB) current(s hub.Submission) bool {
	content := s.Reporter == (hub.Reporter{}) && len(s.Extra) == 0 || s.Extra[keyField] == db.keys.Current()
	return content && (len(s.Raw) == 0 || seal.KeyOf(s.Raw) == db.keys.Current())
}

// Reseal seals n submissions after a receipt with the current key, where
// another one was used or none, and returns the last receipt that it looked
// at, "" at the end, and how many it changed.
func (db *DB) Reseal(ctx context.Context, after hub.ReceiptID, n int) (last hub.ReceiptID, changed int, err error) {
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, submissionSQL+" where receipt > $2 order by receipt limit $3 for update", true, string(after), n)
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
			if db.current(s) {
				continue
			}
			if err := db.showSubmission(&s); err != nil {
				return err
			}
			one := []hub.Opening{{Submission: s}}
			if err := db.hideAll(one); err != nil {
				return err
			}
			content, err := contentOf(&one[0].Submission)
			if err != nil {
				return err
			}
			b.Queue("update submission set content = $2, raw = $3 where receipt = $1", string(s.Receipt), content, one[0].Submission.Raw)
			changed++
		}
		if b.Len() == 0 {
			return nil
		}
		return tx.SendBatch(ctx, &b).Close()
	})
	return last, changed, wrap(err, "seal submissions anew")
}
