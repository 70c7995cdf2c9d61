package cases

import (
	"cmp"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// orderRows are supervisions and instructions that were given or answered.
type orderRows struct {
	given    []orderRow
	answered []orderRow
}

type orderRow struct {
	id   hub.CaseID
	e    hub.Event
	o    hub.Order // zero ID: all that are open
	lead hub.DepartmentCode
}

func (r *orderRows) add(was hub.Case, events []hub.Event) {
	for _, e := range events {
		row := orderRow{id: e.Case, e: e, lead: was.Lead()}
		if e.Data.Order != nil {
			row.o = *e.Data.Order
		}
		switch {
		case e.Type == hub.DemandAnswered || (closes(e.Type) && (was.Supervised || was.Instructed || len(r.given) > 0)):
			r.answered = append(r.answered, row)
		case (e.Type == hub.Supervised || e.Type == hub.Instructed) && row.o.ID != 0:
			r.given = append(r.given, row)
		}
	}
}

// closes reports whether t ends a case, and its orders with it.
func closes(t hub.EventType) bool {
	return t == hub.Resolved || t == hub.Answered || t == hub.Rejected || t == hub.Merged
}

func (r *orderRows) queue(b *pgx.Batch) {
	for _, v := range r.given {
		b.Queue(`insert into case_order (case_id, id, kind, grade, owner, note, given_by, text, given_at, due_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing`,
			string(v.id), v.o.ID, string(v.o.Kind), string(v.o.Grade), string(cmp.Or(v.o.Owner, v.lead)), v.o.Note,
			cmp.Or(v.e.By.Name, v.e.By.ID), postgres.Clean(v.e.Data.Text), v.e.At, v.o.Due)
	}
	for _, v := range r.answered {
		b.Queue(`update case_order set answered_at = $3, answered_by = $4, answer = $5
			where case_id = $1 and ($2 = 0 or id = $2) and answered_at is null`,
			string(v.id), v.o.ID, v.e.At, cmp.Or(v.e.By.Name, v.e.By.ID), postgres.Clean(v.e.Data.Text))
	}
}
