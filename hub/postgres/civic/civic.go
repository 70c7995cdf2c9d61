// Package civic keeps in PostgreSQL what deputies did and the return visits to
// citizens.
//
// It decides nothing: packages deputy and citizen do. Start with [New].
package civic

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/deputy"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// A Store keeps acts and visits. It is safe for concurrent use.
type Store struct{ db *postgres.DB }

// New returns the store.
func New(db *postgres.DB) *Store { return &Store{db} }

// SaveAct adds what a deputy did, with its audit record unless it was a look.
func (s *Store) SaveAct(ctx context.Context, a deputy.Act) error {
	var marks *string
	if len(a.Marks) > 0 {
		b, err := json.Marshal(a.Marks)
		if err != nil {
			return fmt.Errorf("encode marks: %w", err)
		}
		text := string(b)
		marks = &text
	}
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `insert into deputy_act (at, account, name, case_id, round, kind, marks, text)
			values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8)`, a.At, a.Account, a.Name, string(a.Case), a.Round, string(a.Kind), marks, a.Text)
		if err != nil || a.Kind == deputy.Viewed {
			return err
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, a.At, "deputy."+string(a.Kind), string(a.Case), nil))
	})
	return postgres.Wrap(err, "save what deputy %s did", a.Account)
}

// Acts returns acts, newest first; an empty account or case and a zero time
// mean all.
func (s *Store) Acts(ctx context.Context, account string, id hub.CaseID, since, until time.Time, limit int) ([]deputy.Act, error) {
	if until.IsZero() {
		until = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	rows, err := s.db.Pool().Query(ctx, `select id, at, account, name, case_id, round, kind, marks, text from deputy_act
		where ($1 = '' or account = $1) and ($2 = '' or case_id = $2) and at >= $3 and at < $4 order by id desc limit $5`,
		account, string(id), since, until, limit)
	if err != nil {
		return nil, postgres.Wrap(err, "read deputies' acts")
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (deputy.Act, error) {
		var a deputy.Act
		var marks []byte
		if err := r.Scan(&a.ID, &a.At, &a.Account, &a.Name, &a.Case, &a.Round, &a.Kind, &marks, &a.Text); err != nil {
			return a, err
		}
		a.At = a.At.UTC()
		if marks == nil {
			return a, nil
		}
		return a, json.Unmarshal(marks, &a.Marks)
	})
	return list, postgres.Wrap(err, "read deputies' acts")
}
