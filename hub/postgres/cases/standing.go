package cases

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/daily"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// standingsSQL reads through all that is open once: how many cases each
// department has in which status, and the $2 that it has to finish first.
const standingsSQL = `with o as materialized (select a.department, c.id, c.status, c.due_at,
		row_number() over (partition by a.department order by c.due_at nulls last, c.opened_at desc, c.id desc) as n
	from cases c join assignment a on a.case_id = c.id where ` + postgres.IsOpen + `)
	select department, 0 as n, status, count(*), count(*) filter (where due_at < $1), null as state, '' as title, null as due_at
		from o group by department, status
	union all select o.department, o.n, '', 0, 0, c.state, c.title, c.due_at from o join cases c on c.id = o.id where o.n <= $2
	order by 1, 2`

// Standings returns how the open cases of each department stand at now, with
// the n that are due first. A department that has none is left out. It is for
// the hub itself: no scope is asked.
func (p *Store) Standings(ctx context.Context, now time.Time, n int) (map[hub.DepartmentCode]daily.Standing, error) {
	rows, err := p.db.Pool().Query(ctx, standingsSQL, now, n)
	if err != nil {
		return nil, postgres.Wrap(err, "read the open cases of departments")
	}
	out := map[hub.DepartmentCode]daily.Standing{}
	var dept hub.DepartmentCode
	var place, count, overdue int
	var status hub.Status
	var state []byte
	var title string
	var due *time.Time
	_, err = pgx.ForEachRow(rows, []any{&dept, &place, &status, &count, &overdue, &state, &title, &due}, func() error {
		s := out[dept]
		defer func() { out[dept] = s }()
		if place == 0 {
			if s.States == nil {
				s.States = map[hub.Status]int{}
			}
			s.States[status], s.Overdue = count, s.Overdue+overdue
			return nil
		}
		first := hub.Summary{Title: title, Due: postgres.Zero(due)}
		err := readCase(state, &first.Case)
		s.First = append(s.First, first)
		return err
	})
	return out, postgres.Wrap(err, "read the open cases of departments")
}
