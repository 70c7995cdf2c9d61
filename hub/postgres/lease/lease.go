// Package lease lets one node at a time (同一时刻只有一个节点) do what two must
// not do at once, such as fetching from one mailbox.
//
// A lease is a PostgreSQL advisory lock on a connection of its own: it needs
// no clock and is free as soon as its holder dies. A holder that loses the
// connection stops its work; what it had begun may then be done once more by
// the next, so the work must bear that. Start with [Leases.Hold].
package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/mashang-hub/mashang/hub/postgres"
)

// Leases hands out leases of one database. It is safe for concurrent use.
type Leases struct {
	db  *postgres.DB
	log *slog.Logger
	// Every is how often a free lease is looked for and a held one proved.
	Every time.Duration
}

// New returns the leases of db, looked for each second.
func New(db *postgres.DB, log *slog.Logger) *Leases { return &Leases{db, log, time.Second} }

// patience is how long the database may take to prove a lease.
const patience = 5 * time.Second

// errLost says that a lease may have gone to another node.
var errLost = errors.New("lease lost")

// Hold runs work whenever this node holds the lease called name, and ends when
// ctx does, with nil, or when work returns an error of its own. The context of
// work ends with the lease; it must return then.
func (l *Leases) Hold(ctx context.Context, name string, work func(context.Context) error) error {
	last := ""
	for ctx.Err() == nil {
		err := l.once(ctx, name, work)
		if own, ok := errors.AsType[*failed](err); ok {
			return own.err
		}
		if err != nil && ctx.Err() == nil && err.Error() != last {
			last = err.Error()
			l.log.Warn("lease must wait", "lease", name, "error", err)
		}
		l.pause(ctx)
	}
	return nil
}

// failed is an error of the work itself.
type failed struct{ err error }

func (f *failed) Error() string { return f.err.Error() }

// once waits for the lease on one connection and works while it holds it.
func (l *Leases) once(ctx context.Context, name string, work func(context.Context) error) error {
	conn, err := l.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // frees the lease
	for {
		var ours bool
		err := conn.QueryRow(ctx, "select pg_try_advisory_lock(hashtextextended(current_schema() || '.lease.' || $1, 0))", name).Scan(&ours)
		if err != nil {
			return fmt.Errorf("take lease %s: %w", name, err)
		}
		if ours {
			break
		}
		if l.pause(ctx); ctx.Err() != nil {
			return nil
		}
	}
	g, inner := errgroup.WithContext(ctx)
	g.Go(func() error { return l.prove(inner, conn) })
	g.Go(func() error {
		if err := work(inner); err != nil {
			return &failed{err}
		}
		return context.Canceled // ends the proving too
	})
	return g.Wait()
}

// connect opens a connection of its own, so that the pool's are not held. A
// server that does not hear from its peer any more frees the lease in about
// twenty seconds.
func (l *Leases) connect(ctx context.Context) (*pgx.Conn, error) {
	config := l.db.Pool().Config().ConnConfig.Copy()
	config.RuntimeParams["application_name"] = "mashang lease"
	config.RuntimeParams["tcp_keepalives_idle"] = "5"
	config.RuntimeParams["tcp_keepalives_interval"] = "5"
	config.RuntimeParams["tcp_keepalives_count"] = "3"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect for a lease: %w", err)
	}
	return conn, nil
}

// prove asks over the connection that holds the lease whether it still stands.
func (l *Leases) prove(ctx context.Context, conn *pgx.Conn) error {
	for {
		if l.pause(ctx); ctx.Err() != nil {
			return nil
		}
		bounded, cancel := context.WithTimeout(ctx, patience)
		err := conn.Ping(bounded)
		cancel()
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("%w: %w", errLost, err)
		}
	}
}

func (l *Leases) pause(ctx context.Context) {
	timer := time.NewTimer(l.Every)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
