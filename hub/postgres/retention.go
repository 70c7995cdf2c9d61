package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// Hold keeps the personal data of a case from deletion, until it is released.
func (db *DB) Hold(ctx context.Context, id hub.CaseID, now time.Time, reason string) error {
	return db.hold(ctx, id, now, "personal.held", reason, `insert into legal_hold (case_id, reason, account, at)
		values (@id, @reason, @account, @now) on conflict (case_id) do update set reason = excluded.reason, at = excluded.at`)
}

// Release lets a case go that was held.
func (db *DB) Release(ctx context.Context, id hub.CaseID, now time.Time, reason string) error {
	return db.hold(ctx, id, now, "personal.released", reason, "delete from legal_hold where case_id = @id")
}

func (db *DB) hold(ctx context.Context, id hub.CaseID, now time.Time, action, reason, statement string) error {
	source, _ := audit.SourceOf(ctx)
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		sql, args := oneCase(ctx, "1", id)
		var one int
		if err := tx.QueryRow(ctx, sql, args).Scan(&one); err != nil {
			return notFound("case.not_found", id)
		}
		_, err := tx.Exec(ctx, statement, pgx.NamedArgs{"id": string(id), "reason": reason, "account": source.Actor.ID, "now": now})
		if err != nil {
			return err
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, now, action, string(id), map[string]string{"reason": reason}))
	})
	return wrap(err, "%s %s", action, id)
}

// erased is what stands where a citizen's words were.
const erased = "（个人信息已按保存期限删除）"

// Expire deletes the personal data of up to n cases that were closed before a
// time and are not held: who the citizen was, what they wrote, the bytes that
// arrived and their copies in deliveries. What statistics need stays. It
// returns the cases.
func (db *DB) Expire(ctx context.Context, now, before time.Time, n int) ([]hub.CaseID, error) {
	var gone []hub.CaseID
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select c.id from cases c join submission s on s.receipt = c.receipt
			where c.closed_at < $1 and s.erased_at is null
			and c.status in ('resolved', 'answered', 'rejected', 'merged', 'archived')
			and not exists (select from legal_hold h where h.case_id = c.id)
			order by c.closed_at limit $2 for update of s skip locked`, before, n)
		if err != nil {
			return err
		}
		if gone, err = pgx.CollectRows(rows, pgx.RowTo[hub.CaseID]); err != nil || len(gone) == 0 {
			return err
		}
		var b pgx.Batch
		content := fmt.Sprintf(`{"title": %q, "text": %q}`, erased, erased)
		b.Queue(`update submission s set content = $2::jsonb, raw = null, erased_at = $3
			from cases c where c.receipt = s.receipt and c.id = any($1::text[])`, gone, content, now)
		b.Queue("update cases set title = $2 where id = any($1::text[])", gone, erased)
		b.Queue("update delivery set alert = alert - 'content' where case_id = any($1::text[])", gone)
		if err := tx.SendBatch(ctx, &b).Close(); err != nil {
			return err
		}
		e := audit.New(ctx, now, audit.Deleted, "retention", map[string]string{"cases": join(gone), "before": before.Format(time.RFC3339)})
		return auditlog.Append(ctx, tx, e)
	})
	return gone, wrap(err, "delete personal data")
}

func join(ids []hub.CaseID) string {
	text := make([]string, len(ids))
	for i, id := range ids {
		text[i] = string(id)
	}
	return strings.Join(text, " ")
}
