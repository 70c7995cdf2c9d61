package civic

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/citizen"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// Sample adds visits of cases closed since a time. Which ones are a sample is
// decided by the case's number, so that nobody can choose.
func (s *Store) Sample(ctx context.Context, since time.Time, percent int) (int, error) {
	tag, err := s.db.Pool().Exec(ctx, `insert into return_visit (case_id, round, reason, closed_at)
		select id, round, reason, closed_at from (
			select id, round, closed_at, case
				when coalesce(rating, 5) <= 2 then 'dissatisfied' when urgency = 'critical' then 'critical'
				when ('x' || substr(md5(id || '/' || round), 1, 7))::bit(28)::int % 100 < $2 then 'sample' end as reason
			from cases, json_to_record(state::json) as s(round int, rating int)
			where closed_at >= $1 and cases.status in ('resolved', 'answered')) c
		where reason is not null on conflict do nothing`, since, percent)
	return int(tag.RowsAffected()), postgres.Wrap(err, "sample return visits")
}

// List returns visits within the scope of ctx, those that wait longest first.
func (s *Store) List(ctx context.Context, open bool, limit int) ([]citizen.Visit, error) {
	args := pgx.NamedArgs{"limit": limit, "open": open}
	rows, err := s.db.Pool().Query(ctx, visitSQL+`where (not @open or v.made_at is null)`+
		postgres.ScopedCase(ctx, "v.case_id", args)+` order by v.made_at nulls first, v.closed_at, v.case_id limit @limit`, args)
	if err != nil {
		return nil, postgres.Wrap(err, "read return visits")
	}
	list, err := pgx.CollectRows(rows, scanVisit)
	return list, postgres.Wrap(err, "read return visits")
}

const visitSQL = `select v.case_id, v.round, v.reason, v.closed_at, v.made_at, v.account, v.reached, v.solved,
	v.satisfied, v.text from return_visit v `

func scanVisit(r pgx.CollectableRow) (citizen.Visit, error) {
	var v citizen.Visit
	var made *time.Time
	err := r.Scan(&v.Case, &v.Round, &v.Reason, &v.ClosedAt, &made, &v.Account, &v.Reached, &v.Solved, &v.Satisfied, &v.Text)
	v.ClosedAt = v.ClosedAt.UTC()
	if made != nil {
		v.MadeAt = made.UTC()
	}
	return v, err
}

// Find returns the visit of a round of a case within the scope of ctx.
func (s *Store) Find(ctx context.Context, id hub.CaseID, round int) (citizen.Visit, error) {
	args := pgx.NamedArgs{"id": string(id), "round": round}
	rows, err := s.db.Pool().Query(ctx, visitSQL+"where v.case_id = @id and v.round = @round"+postgres.ScopedCase(ctx, "v.case_id", args), args)
	if err != nil {
		return citizen.Visit{}, postgres.Wrap(err, "read a return visit")
	}
	v, err := pgx.CollectExactlyOneRow(rows, scanVisit)
	if errors.Is(err, pgx.ErrNoRows) {
		return v, hub.Errorf(hub.CodeNotFound, "visit.not_found", string(id))
	}
	return v, postgres.Wrap(err, "read a return visit")
}

// Record stores how a visit went, once, with its audit record.
func (s *Store) Record(ctx context.Context, v citizen.Visit) error {
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{
			"id": string(v.Case), "round": v.Round, "at": v.MadeAt, "account": v.Account, "reached": v.Reached,
			"solved": v.Solved, "satisfied": v.Satisfied, "text": v.Text,
		}
		tag, err := tx.Exec(ctx, `update return_visit v set made_at = @at, account = @account, reached = @reached, solved = @solved,
			satisfied = @satisfied, text = @text where case_id = @id and made_at is null and round = coalesce(nullif(@round, 0),
				(select min(w.round) from return_visit w where w.case_id = @id and w.made_at is null))`+
			postgres.ScopedCase(ctx, "v.case_id", args), args)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return hub.Errorf(hub.CodeNotFound, "visit.not_found", string(v.Case))
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, v.MadeAt, "visit.recorded", string(v.Case), nil))
	})
	return postgres.Wrap(err, "record a return visit")
}
