// Package routing reads from PostgreSQL what became of cases after the rules
// had sent them somewhere: who sent them back, and where they ended. It serves
// the scoring of rules and writes nothing. Start with New.
package routing

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// A Store reads events. It is safe for concurrent use.
type Store struct{ db *postgres.DB }

// New returns a Store on db.
func New(db *postgres.DB) *Store { return &Store{db} }

// Routing calls each with the events assigned and sent_back of the cases that
// were received since then, the events of one case together and in order. It
// holds one row at a time, and ends with the first error of each.
func (s *Store) Routing(ctx context.Context, since time.Time, each func(hub.Event) error) error {
	rows, err := s.db.Pool().Query(ctx, `select e.case_id, e.seq, e.type, e.at, e.data
		from event e join cases c on c.id = e.case_id
		where e.type in ('assigned', 'sent_back') and c.opened_at >= $1
		order by e.case_id, e.seq`, since)
	if err != nil {
		return fmt.Errorf("read routing events: %w", err)
	}
	var e hub.Event
	var data []byte
	_, err = pgx.ForEachRow(rows, []any{&e.Case, &e.Seq, &e.Type, &e.At, &data}, func() error {
		e.Data = hub.Data{}
		if err := json.Unmarshal(data, &e.Data); err != nil {
			return fmt.Errorf("event %d of %s: %w", e.Seq, e.Case, err)
		}
		return each(e)
	})
	if err != nil {
		return fmt.Errorf("read routing events: %w", err)
	}
	return nil
}
