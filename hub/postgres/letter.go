package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// SaveAudit records that actor did action to object.
func (db *DB) SaveAudit(ctx context.Context, at time.Time, actor hub.Actor, action, object string,
	data map[string]string,
) error {
	e := audit.New(ctx, at, action, object, data)
	e.Actor = actor
	err := db.inTx(ctx, func(tx pgx.Tx) error { return auditlog.Append(ctx, tx, e) })
	return wrap(err, "save audit")
}

// Audit returns audit records, newest first.
func (db *DB) Audit(ctx context.Context, f auditlog.Filter) ([]audit.Entry, error) {
	list, err := auditlog.List(ctx, db.pool, f)
	return list, wrap(err, "read audit")
}

// VerifyAudit follows the audit's chains in one snapshot and returns the first
// record that is not as it was written, nil when all are.
func (db *DB) VerifyAudit(ctx context.Context, v *audit.Verifier) (*audit.Fault, error) {
	var fault *audit.Fault
	err := pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var err error
		fault, err = auditlog.Verify(ctx, tx, v)
		return err
	})
	return fault, wrap(err, "verify audit")
}
