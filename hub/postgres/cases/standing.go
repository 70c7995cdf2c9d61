package cases

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/daily"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// openOf are the open cases of each department, numbered in the order in which
// they are due.
const openOf = `with o as (select a.department, c.id, c.status, c.due_at,
		row_number() over (partition by a.department order by c.due_at nulls last, c.opened_at desc, c.id desc) as n
	from cases c join assignment a on a.case_id = c.id where ` + postgres.IsOpen + `) `

// Standings returns how the open cases of each department stand at now, with
// the n that are due first: of all departments in one snapshot, because each
// reads through all that is open. A department that has none is left out. It is
// for the hub itself: no scope is asked.
func (p *Store) Standings(ctx context.Context, now time.Time, n int) (map[hub.DepartmentCode]daily.Standing, error) {
	out := map[hub.DepartmentCode]daily.Standing{}
	err := pgx.BeginTxFunc(ctx, p.db.Pool(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, openOf+`select department, status, count(*), count(*) filter (where due_at < $1) from o group by 1, 2`, now)
		if err != nil {
			return err
		}
		var dept hub.DepartmentCode
		var status hub.Status
		var count, overdue int
		_, err = pgx.ForEachRow(rows, []any{&dept, &status, &count, &overdue}, func() error {
			s := out[dept]
			if s.States == nil {
				s.States = map[hub.Status]int{}
			}
			s.States[status], s.Overdue = count, s.Overdue+overdue
			out[dept] = s
			return nil
		})
		if err != nil {
			return err
		}
		rows, err = tx.Query(ctx, openOf+`select o.department, c.state, c.title, c.due_at
			from o join cases c on c.id = o.id where o.n <= $1 order by o.department, o.n`, n)
		if err != nil {
			return err
		}
		var state []byte
		var title string
		var due *time.Time
		_, err = pgx.ForEachRow(rows, []any{&dept, &state, &title, &due}, func() error {
			first := hub.Summary{Title: title, Due: postgres.Zero(due)}
			err := readCase(state, &first.Case)
			s := out[dept]
			s.First = append(s.First, first)
			out[dept] = s
			return err
		})
		return err
	})
	return out, postgres.Wrap(err, "read the open cases of departments")
}
