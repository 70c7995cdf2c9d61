package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// A DeadLetter (死信) is something that could not be handled, with its bytes
// and the reason.
type DeadLetter struct {
	ID      int64     `json:"id"`
	At      time.Time `json:"at"`
	Stage   string    `json:"stage"` // where it failed
	Key     string    `json:"key"`
	Reason  string    `json:"reason"`
	Payload []byte    `json:"payload"`
}

// SaveDeadLetter stores l under a new id.
func (db *DB) SaveDeadLetter(ctx context.Context, l DeadLetter) error {
	payload := l.Payload
	if payload == nil {
		payload = []byte{}
	}
	_, err := db.exec(ctx, "save dead letter",
		"insert into dead_letter (at, stage, key, reason, payload) values ($1, $2, $3, $4, $5)",
		l.At, clean(l.Stage), clean(l.Key), clean(l.Reason), payload)
	return err
}

// DeadLetters returns up to limit dead letters, newest first.
func (db *DB) DeadLetters(ctx context.Context, limit int) ([]DeadLetter, error) {
	rows, err := db.pool.Query(ctx,
		"select id, at, stage, key, reason, payload from dead_letter order by id desc limit $1", limit)
	if err != nil {
		return nil, wrap(err, "read dead letters")
	}
	letters, err := pgx.CollectRows(rows, pgx.RowToStructByPos[DeadLetter])
	return letters, wrap(err, "read dead letters")
}

// TakeDeadLetter hands one dead letter to repair and removes it when repair
// returns nil.
func (db *DB) TakeDeadLetter(ctx context.Context, id int64, repair func(DeadLetter) error) error {
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		l := DeadLetter{ID: id}
		err := tx.QueryRow(ctx, `delete from dead_letter where id = $1
			returning at, stage, key, reason, payload`, id).Scan(&l.At, &l.Stage, &l.Key, &l.Reason, &l.Payload)
		if errors.Is(err, pgx.ErrNoRows) {
			return notFound("dead_letter.not_found", id)
		}
		if err != nil {
			return err
		}
		return repair(l)
	})
	return wrap(err, "take dead letter %d", id)
}

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
