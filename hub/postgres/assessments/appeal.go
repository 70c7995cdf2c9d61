package assessments

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/assess"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// AddAppeal files an appeal about a case within the scope of ctx, with its
// audit record. A mark is appealed against once at a time.
func (s *Store) AddAppeal(ctx context.Context, a assess.Appeal) (int64, error) {
	var id int64
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"case": string(a.Case), "measure": a.Measure, "reason": a.Reason, "account": a.Account, "at": a.At}
		err := tx.QueryRow(ctx, `insert into assess_appeal (case_id, measure, reason, account, at)
			select x.id, @measure, @reason, @account, @at from cases x where x.id = @case`+postgres.ScopedCase(ctx, "x.id", args)+
			` on conflict do nothing returning id`, args).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			var known bool
			if err := tx.QueryRow(ctx, "select exists (select from cases x where x.id = @case"+postgres.ScopedCase(ctx, "x.id", args)+")", args).Scan(&known); err != nil || !known {
				return hub.Errorf(hub.CodeNotFound, "case.not_found", string(a.Case))
			}
			return hub.Errorf(hub.CodeConflict, "appeal.pending")
		}
		if err != nil {
			return err
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, a.At, "appeal.filed", string(a.Case), map[string]string{"measure": a.Measure}))
	})
	return id, postgres.Wrap(err, "file an appeal")
}

// DecideAppeal grants or refuses an appeal about a case within the scope of
// ctx, once, and not one's own.
func (s *Store) DecideAppeal(ctx context.Context, a assess.Appeal) error {
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"id": a.ID, "granted": a.Granted, "decision": a.Decision, "by": a.DecidedBy, "at": a.DecidedAt}
		var id, account string
		err := tx.QueryRow(ctx, "select v.case_id, v.account from assess_appeal v where v.id = @id and v.granted is null"+
			postgres.ScopedCase(ctx, "v.case_id", args)+" for update", args).Scan(&id, &account)
		if errors.Is(err, pgx.ErrNoRows) {
			return hub.Errorf(hub.CodeNotFound, "appeal.not_found", a.ID)
		}
		if err != nil {
			return err
		}
		if account == a.DecidedBy {
			return hub.Errorf(hub.CodeForbidden, "appeal.own")
		}
		if _, err := tx.Exec(ctx, `update assess_appeal set granted = @granted, decision = @decision, decided_by = @by, decided_at = @at
			where id = @id`, args); err != nil {
			return err
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, a.DecidedAt, "appeal.decided", id, map[string]string{"decision": a.Decision}))
	})
	return postgres.Wrap(err, "decide an appeal")
}

// Appeals returns appeals within the scope of ctx, newest first.
func (s *Store) Appeals(ctx context.Context, open bool) ([]assess.Appeal, error) {
	args := pgx.NamedArgs{"open": open}
	rows, err := s.db.Pool().Query(ctx, `select v.id, v.case_id, v.measure, v.reason, v.account, v.at, v.granted, v.decision,
		v.decided_by, v.decided_at from assess_appeal v where (not @open or v.granted is null)`+
		postgres.ScopedCase(ctx, "v.case_id", args)+" order by v.id desc limit 1000", args)
	if err != nil {
		return nil, postgres.Wrap(err, "read appeals")
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (assess.Appeal, error) {
		var a assess.Appeal
		var decided *time.Time
		err := r.Scan(&a.ID, &a.Case, &a.Measure, &a.Reason, &a.Account, &a.At, &a.Granted, &a.Decision, &a.DecidedBy, &decided)
		if a.At = a.At.UTC(); decided != nil {
			a.DecidedAt = decided.UTC()
		}
		return a, err
	})
	return list, postgres.Wrap(err, "read appeals")
}
