// Package postgres is what all stores in PostgreSQL stand on: connections,
// transactions, the outbox, the scope of who asks, the sealing of personal
// data and the codes of errors. Each package below it is one store, named for
// what it keeps; cases holds the life of a case.
//
// It decides nothing, and time is always an argument: no statement asks the
// server what time it is. Start with [Open] and [DB.Tx].
package postgres

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"maps"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/migration"
	"github.com/mashang-hub/mashang/hub/seal"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// connections is the size of the pool, unless the address says another.
const connections = 16

// lazyConnections is the size of the pool that does not wait for the disk,
// keyedConnections of the one that finds its rows by a key.
const lazyConnections, keyedConnections = 4, 8

// A DB is the store. Its methods are safe for concurrent use.
type DB struct {
	pool  *pgxpool.Pool
	lazy  *pgxpool.Pool // its commits do not wait for the disk
	keyed *pgxpool.Pool // its statements find their rows by a key
	log   *slog.Logger
	txs   chan struct{} // one per open transaction of pool

	stored chan struct{} // signalled when the outbox has grown
	fresh  fresh         // what it has grown by
	keys   *seal.Keyring // nil seals nothing
}

// Open connects to the server at dsn. It refuses, with key "postgres.unsafe",
// a server that may lose what it committed.
func Open(ctx context.Context, dsn string, log *slog.Logger) (*DB, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "postgres.dsn", Err: err}
	}
	params := config.ConnConfig.RuntimeParams
	params["idle_in_transaction_session_timeout"] = "60000"
	params["application_name"] = "mashang"
	params["timezone"] = "UTC"
	params["jit"] = "off" // compiling costs more than any of our statements
	// The library's own number goes by the processors and is too small for us.
	if !strings.Contains(dsn, "pool_max_conns") {
		config.MaxConns = max(config.MaxConns, connections)
	}
	config.MaxConns = max(config.MaxConns, 2)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, Wrap(err, "open postgres")
	}
	spare := max(1, config.MaxConns/4)
	db := &DB{pool: pool, log: log, txs: make(chan struct{}, config.MaxConns-spare), stored: make(chan struct{}, 1)}
	if err := db.checkSafe(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	db.lazy, err = openBeside(ctx, config, lazyConnections, map[string]string{"synchronous_commit": "off"})
	if err == nil {
		db.keyed, err = openBeside(ctx, config, keyedConnections, map[string]string{"plan_cache_mode": "force_generic_plan"})
	}
	if err != nil {
		db.Close()
		return nil, Wrap(err, "open postgres")
	}
	return db, nil
}

// openBeside opens a pool of up to n connections like those of the pool, but
// with the server's settings params. Nothing in it reads a whole table, see
// ByKey.
func openBeside(ctx context.Context, like *pgxpool.Config, n int32, params map[string]string) (*pgxpool.Pool, error) {
	config := like.Copy()
	config.ConnConfig.RuntimeParams["enable_seqscan"] = "off"
	maps.Copy(config.ConnConfig.RuntimeParams, params)
	config.MaxConns, config.MinConns = min(n, like.MaxConns), 0
	return pgxpool.NewWithConfig(ctx, config)
}

// checkSafe refuses settings that give up what was committed on a power cut.
func (db *DB) checkSafe(ctx context.Context) error {
	for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		var value string
		err := db.pool.QueryRow(ctx, "select current_setting($1)", name).Scan(&value)
		if err != nil {
			return Wrap(err, "read setting %s", name)
		}
		if value == "off" {
			return hub.Errorf(hub.CodeInvalid, "postgres.unsafe", name)
		}
	}
	return nil
}

// Migrate builds or updates the tables. Several nodes may call it at once.
func (db *DB) Migrate(ctx context.Context) error {
	var schema string
	if err := db.pool.QueryRow(ctx, "select coalesce(current_schema(), 'public')").Scan(&schema); err != nil {
		return Wrap(err, "read schema")
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte("mashang.migrate." + schema))
	locker, err := lock.NewPostgresSessionLocker(
		lock.WithLockID(int64(h.Sum64())), lock.WithLockTimeout(1, 120))
	if err != nil {
		return fmt.Errorf("make migration lock: %w", err)
	}
	conn := stdlib.OpenDBFromPool(db.pool)
	defer func() { _ = conn.Close() }()
	provider, err := goose.NewProvider(goose.DialectPostgres, conn, migration.FS(),
		goose.WithSessionLocker(locker), goose.WithSlog(db.log), goose.WithVerbose(false))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	_, err = provider.Up(ctx)
	return Wrap(err, "migrate")
}

// Ping reports whether the server answers.
func (db *DB) Ping(ctx context.Context) error { return Wrap(db.pool.Ping(ctx), "ping postgres") }

// Close waits for running calls and closes the connections.
func (db *DB) Close() {
	for _, pool := range []*pgxpool.Pool{db.keyed, db.lazy, db.pool} {
		if pool != nil {
			pool.Close()
		}
	}
}

// Pool is for the stores of the packages below this one, which read through it
// and write in [DB.Tx].
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Lazy is a pool whose commits do not wait for the disk: for what is simply
// done again when a crash undoes it, such as taking messages away that are
// published, lending out deliveries and indexing words. All of it finds its
// rows by a key.
func (db *DB) Lazy() *pgxpool.Pool { return db.lazy }

// ByKey has the statements after it in a transaction of [DB.Tx] find their rows by a
// key. A plan that was made while a table was small must not be to read all of
// it: until the server has counted the rows anew, a minute of much work.
const ByKey = "select set_config('enable_seqscan', 'off', true)"

// Keyed is a pool for statements that find their rows by a key, whatever the
// server believes of the size of their tables; each is planned once and not for
// each of its values.
func (db *DB) Keyed() *pgxpool.Pool { return db.keyed }

// Tx runs f in one transaction; an error rolls it back and is returned as it
// is. Transactions never take all connections: f may decide by what it reads
// through the pool, and would wait for ever if every connection were held by
// one like it. For the same reason f opens no second transaction.
func (db *DB) Tx(ctx context.Context, f func(tx pgx.Tx) error) error {
	select {
	case db.txs <- struct{}{}:
		defer func() { <-db.txs }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return pgx.BeginFunc(ctx, db.pool, f)
}

// Exec runs one statement and returns how many rows it touched; what says in an
// error what was being done.
func (db *DB) Exec(ctx context.Context, what, sql string, args ...any) (int64, error) {
	tag, err := db.pool.Exec(ctx, sql, args...)
	return tag.RowsAffected(), Wrap(err, "%s", what)
}

// NumberingKey returns the secret from which case numbers are derived. It was
// drawn when the database was made and never changes.
func (db *DB) NumberingKey(ctx context.Context) ([]byte, error) {
	var key []byte
	err := db.pool.QueryRow(ctx, "select value from setting where key = 'numbering_key'").Scan(&key)
	return key, Wrap(err, "read numbering key")
}
