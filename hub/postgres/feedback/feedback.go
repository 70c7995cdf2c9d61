// Package feedback keeps what departments say of the alerts that they get
// (误报、不归我们、信息不全), for the score of the rules that caused them.
//
// It changes no case. Start with New.
package feedback

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/receipt"
)

// A Store keeps feedback. It is safe for concurrent use.
type Store struct{ pool *pgxpool.Pool }

// New returns the store in the database of pool.
func New(pool *pgxpool.Pool) *Store { return &Store{pool} }

// Save keeps one feedback with the rule that assigned the case. Saying the same
// again replaces the words.
func (s *Store) Save(ctx context.Context, f receipt.Feedback) error {
	_, err := s.pool.Exec(ctx, `insert into alert_feedback (alert_id, department, case_id, kind, rule, note, at)
		values ($1, $2, $3, $4, coalesce((select data::json->'decision'->>'rule' from event
			where case_id = $3 and data::json->'decision' is not null order by seq desc limit 1), ''), $5, $6)
		on conflict (alert_id, kind) do update set note = excluded.note, at = excluded.at`,
		string(f.Alert), string(f.Department), string(f.Case), string(f.Kind), f.Note, f.At)
	if err != nil {
		return fmt.Errorf("save feedback on %s: %w", f.Alert, err)
	}
	return nil
}

// A Count says how often departments said one thing of one rule's alerts.
type Count struct {
	Rule       string       `json:"rule"`
	Kind       receipt.Kind `json:"kind"`
	Count      int          `json:"count"`
	Department string       `json:"department"`
}

// Counts returns the counts since a time, the most frequent first.
func (s *Store) Counts(ctx context.Context, since time.Time) ([]Count, error) {
	rows, err := s.pool.Query(ctx, `select rule, kind, count(*)::int as count, department from alert_feedback
		where at >= $1 group by rule, kind, department order by 3 desc, 1, 2, 4`, since)
	if err != nil {
		return nil, fmt.Errorf("count feedback: %w", err)
	}
	counts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Count])
	if err != nil {
		return nil, fmt.Errorf("count feedback: %w", err)
	}
	return counts, nil
}

// A Remark is one thing that a department said of the alert of one case.
type Remark struct {
	Case       hub.CaseID
	Rule       hub.RuleID
	Department hub.DepartmentCode
	Kind       receipt.Kind
}

// Remarks returns what departments said of the cases that were received since
// then and that a rule had decided, each thing once a case, in the order of the
// cases.
func (s *Store) Remarks(ctx context.Context, since time.Time) ([]Remark, error) {
	rows, err := s.pool.Query(ctx, `select distinct f.case_id, f.rule, f.department, f.kind
		from alert_feedback f join cases c on c.id = f.case_id
		where c.opened_at >= $1 and f.rule <> '' order by 1, 3, 4, 2`, since)
	if err != nil {
		return nil, fmt.Errorf("read feedback: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Remark])
	if err != nil {
		return nil, fmt.Errorf("read feedback: %w", err)
	}
	return list, nil
}
