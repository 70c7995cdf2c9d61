package deliveries

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// matching is the condition of f within the scope of ctx.
func matching(ctx context.Context, f hub.DeliveryFilter) (string, pgx.NamedArgs) {
	args := pgx.NamedArgs{
		"department": string(f.Department), "status": string(f.Status), "case": string(f.Case), "alert": string(f.Alert),
		"from": postgres.Null(f.From), "to": postgres.Null(f.To),
	}
	sql := ` (@department = '' or d.department = @department) and (@status = '' or d.status = @status)
		and (@case = '' or d.case_id = @case) and (@alert = '' or d.alert_id = @alert)
		and (@from::timestamptz is null or d.added_at >= @from) and (@to::timestamptz is null or d.added_at < @to)`
	return sql + scopedDelivery(ctx, args), args
}

// scopedDelivery limits rows of delivery, named d, to the cases and the
// departments of the scope of ctx.
func scopedDelivery(ctx context.Context, args pgx.NamedArgs) string {
	scope := hub.ScopeOf(ctx)
	sql := postgres.ScopedCase(ctx, "d.case_id", args)
	var own []string
	for _, g := range scope {
		if g.Department == "" {
			return sql
		}
		own = append(own, string(g.Department))
	}
	args["scope_departments"] = own
	return sql + " and d.department = any(@scope_departments::text[])"
}

// FindDeliveries returns the deliveries that match f, the last changed first.
func (s *Store) FindDeliveries(ctx context.Context, f hub.DeliveryFilter) ([]hub.Delivery, error) {
	where, args := matching(ctx, f)
	args["limit"] = min(f.Limit, 1000)
	if f.Limit <= 0 {
		args["limit"] = 50
	}
	rows, err := s.db.Pool().Query(ctx, "select "+deliveryColumns+" from delivery d where"+where+
		" order by d.changed_at desc, d.seq desc, d.alert_id limit @limit", args)
	ds, err := s.collectDeliveries(rows, err)
	return ds, postgres.Wrap(err, "find deliveries")
}

// CountDeliveries returns how many deliveries match f; its Limit is ignored.
func (s *Store) CountDeliveries(ctx context.Context, f hub.DeliveryFilter) (int, error) {
	where, args := matching(ctx, f)
	var n int
	err := s.db.Pool().QueryRow(ctx, "select count(*) from delivery d where"+where, args).Scan(&n)
	return n, postgres.Wrap(err, "count deliveries")
}

// RedoDeliveries makes the finished deliveries that match f due again at now
// and returns how many they were. Those that wait already stay as they are, so
// asking twice pushes once. The attempts stay on record; the schedule begins
// anew. Who asked is recorded.
func (s *Store) RedoDeliveries(ctx context.Context, f hub.DeliveryFilter, now time.Time) (int, error) {
	where, args := matching(ctx, f)
	args["now"] = now
	n := 0
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `update delivery d set status = 'pending', next_at = @now, changed_at = @now,
			base = attempts where d.status in ('done', 'dead') and`+where, args)
		if err != nil {
			return err
		}
		n = int(tag.RowsAffected())
		return auditlog.Append(ctx, tx, audit.New(ctx, now, audit.DeliveriesRedone, "delivery/"+string(f.Department), redoData(f, n)))
	})
	return n, postgres.Wrap(err, "redo deliveries")
}

// RedoDelivery makes one finished delivery due again at now, such as one that
// was given up.
func (s *Store) RedoDelivery(ctx context.Context, id hub.AlertID, now time.Time) error {
	n, err := s.RedoDeliveries(ctx, hub.DeliveryFilter{Alert: id}, now)
	if err != nil || n > 0 {
		return err
	}
	if n, err = s.CountDeliveries(ctx, hub.DeliveryFilter{Alert: id}); err == nil && n == 0 {
		return postgres.NotFound("delivery.not_found", id)
	}
	return err
}

// redoData says in the audit what was redone.
func redoData(f hub.DeliveryFilter, n int) map[string]string {
	data := map[string]string{"count": strconv.Itoa(n)}
	for k, v := range map[string]string{
		"department": string(f.Department), "status": string(f.Status), "case": string(f.Case), "alert": string(f.Alert),
	} {
		if v != "" {
			data[k] = v
		}
	}
	for k, t := range map[string]time.Time{"from": f.From, "to": f.To} {
		if !t.IsZero() {
			data[k] = t.UTC().Format(time.RFC3339)
		}
	}
	return data
}

// Deliveries returns what was pushed about a case, in order.
func (s *Store) Deliveries(ctx context.Context, id hub.CaseID) ([]hub.Delivery, error) {
	args := pgx.NamedArgs{"id": string(id)}
	rows, err := s.db.Pool().Query(ctx, "select "+deliveryColumns+" from delivery d where case_id = @id"+
		scopedDelivery(ctx, args)+" order by seq, department, alert_id", args)
	ds, err := s.collectDeliveries(rows, err)
	return ds, postgres.Wrap(err, "read deliveries of case %s", id)
}

// RecentDeliveries returns up to limit deliveries, the last changed first. An
// empty department or status means all.
func (s *Store) RecentDeliveries(ctx context.Context, dept hub.DepartmentCode, status hub.DeliveryStatus,
	limit int,
) ([]hub.Delivery, error) {
	args := pgx.NamedArgs{"department": string(dept), "status": string(status), "limit": limit}
	rows, err := s.db.Pool().Query(ctx, "select "+deliveryColumns+` from delivery d
		where (@department = '' or department = @department) and (@status = '' or status = @status)`+
		scopedDelivery(ctx, args)+" order by changed_at desc, seq desc, alert_id limit @limit", args)
	ds, err := s.collectDeliveries(rows, err)
	return ds, postgres.Wrap(err, "read recent deliveries")
}

// DeliveryCounts returns how many deliveries of each status a department has.
func (s *Store) DeliveryCounts(ctx context.Context, dept hub.DepartmentCode) (map[hub.DeliveryStatus]int, error) {
	args := pgx.NamedArgs{"department": string(dept)}
	rows, err := s.db.Pool().Query(ctx, "select status, count(*) from delivery d where department = @department"+
		scopedDelivery(ctx, args)+" group by 1", args)
	if err != nil {
		return nil, postgres.Wrap(err, "count deliveries")
	}
	counts := map[hub.DeliveryStatus]int{}
	var status hub.DeliveryStatus
	var n int
	_, err = pgx.ForEachRow(rows, []any{&status, &n}, func() error {
		counts[status] = n
		return nil
	})
	return counts, postgres.Wrap(err, "count deliveries")
}
