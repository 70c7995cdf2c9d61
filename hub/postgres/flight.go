package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// undoTime bounds the rollback of a transaction whose caller has gone.
const undoTime = 5 * time.Second

// InFlight runs one transaction in two flights: it begins with what read adds
// and ends with what write adds, and each is one message to the server and one
// answer. A row that read locks is thus held for no longer than write takes to
// decide. Its statements find their rows by a key, see [DB.Keyed]. An error of
// write rolls back. As with [DB.Tx], write may use the pool but opens no second
// transaction.
func (db *DB) InFlight(ctx context.Context, read func(*pgx.Batch), write func(*pgx.Batch) error) error {
	pooled, err := db.keyed.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("take a connection: %w", err)
	}
	defer pooled.Release()
	conn := pooled.Conn()
	if err := flights(ctx, conn, read, write); err != nil {
		return undo(ctx, conn, err)
	}
	return nil
}

func flights(ctx context.Context, conn *pgx.Conn, read func(*pgx.Batch), write func(*pgx.Batch) error) error {
	var first, last pgx.Batch
	first.Queue("begin")
	read(&first)
	if err := conn.SendBatch(ctx, &first).Close(); err != nil {
		return err
	}
	if err := write(&last); err != nil {
		return err
	}
	last.Queue("commit")
	return conn.SendBatch(ctx, &last).Close()
}

// undo rolls back what is open on conn; a connection that cannot is closed, and
// the server rolls back by itself.
func undo(ctx context.Context, conn *pgx.Conn, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	if conn.IsClosed() || conn.PgConn().TxStatus() == 'I' {
		return cause
	}
	if _, err := conn.Exec(ctx, "rollback"); err != nil {
		_ = conn.Close(ctx)
	}
	return cause
}
