package ruleset

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
)

// A Hits (命中) says how often a rule matched, and how often it decided.
type Hits struct {
	Rule         hub.RuleID
	Matched, Won int
	Last         time.Time
}

// Hits counts the decisions of the cases that were opened after a moment, by
// rule, as they were recorded.
func (s *Store) Hits(ctx context.Context, since time.Time) ([]Hits, error) {
	rows, err := s.db.Pool().Query(ctx, `select m->>'rule' as rule, count(*)::int as matched,
			count(*) filter (where m->>'rule' = e.data::json->'decision'->>'rule')::int as won, max(c.opened_at) as last
		from cases c join event e on e.case_id = c.id and e.seq <= 3
			and json_typeof(e.data::json->'decision'->'matches') = 'array'
		cross join lateral json_array_elements(e.data::json->'decision'->'matches') m
		where c.opened_at > $1 group by 1`, since)
	if err != nil {
		return nil, fmt.Errorf("count the hits of rules: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Hits])
	if err != nil {
		return nil, fmt.Errorf("count the hits of rules: %w", err)
	}
	return list, nil
}
