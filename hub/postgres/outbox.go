package postgres

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/mashang-hub/mashang/hub"
)

// QueueOut adds to b what adds messages to the outbox. They leave when the
// transaction has committed: at once if [DB.Wake] is called then.
func QueueOut(b *pgx.Batch, out []hub.Outgoing) {
	for _, v := range bundles(out) {
		b.Queue("insert into outbox (messages, bundle) values ($1, $2)", v.n, v.packed())
	}
}

// QueueKept is [QueueOut] for messages that their relay is to find in memory:
// kept has them once the batch was sent, and [DB.Keep] takes it.
func QueueKept(b *pgx.Batch, out []hub.Outgoing, kept *Kept) {
	for len(out) > 0 {
		n, value := kept.packer.pack(out)
		messages := out[:n:n]
		out = out[n:]
		b.Queue("insert into outbox (messages, bundle) values ($1, $2) returning id", n, value).
			QueryRow(func(row pgx.Row) error {
				var id int64
				err := row.Scan(&id)
				kept.rows = append(kept.rows, keptRow{id, messages})
				return err
			})
	}
}

// SendIn adds messages to the outbox in a transaction, see [QueueOut].
func (db *DB) SendIn(ctx context.Context, tx pgx.Tx, out []hub.Outgoing) error {
	if len(out) == 0 {
		return nil
	}
	var b pgx.Batch
	QueueOut(&b, out)
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return Wrap(err, "add to the outbox")
	}
	return nil
}

// Wake lets the relay of this store look at the outbox at once.
func (db *DB) Wake() {
	select {
	case db.stored <- struct{}{}:
	default: // one is waiting already
	}
}

// What leaves in one transaction: about as many rows, packed bytes and
// messages at most.
const (
	relayRows     = 1000
	relayBytes    = 1 << 20
	relayMessages = 5000
)

// RelayOutbox hands waiting messages to publish, each topic's in the order in
// which they were stored, and removes them when publish returns nil. It takes
// about n messages, whole transactions at a time. It calls publish once for
// each topic, all at the same time. One relay runs at a time, so the order per
// key holds; a second one waits for it. If the process dies after publish, the
// same messages come again.
func (db *DB) RelayOutbox(ctx context.Context, n int, publish func([]hub.Outgoing) error) (int, error) {
	var out []hub.Outgoing
	var last int64
	err := pgx.BeginFunc(ctx, db.lazy, func(tx pgx.Tx) error {
		var err error
		if out, last, err = db.takeOutbox(ctx, tx, n); err != nil || len(out) == 0 {
			return err
		}
		return publishTopics(out, publish)
	})
	if err != nil {
		return 0, Wrap(err, "relay outbox")
	}
	db.fresh.forget(last)
	return len(out), nil
}

// publishTopics publishes the topics next to each other, so that a batch waits
// once for the slowest and not for all of them in turn.
func publishTopics(out []hub.Outgoing, publish func([]hub.Outgoing) error) error {
	byTopic := map[string][]hub.Outgoing{}
	for _, o := range out {
		byTopic[o.Topic] = append(byTopic[o.Topic], o)
	}
	var group errgroup.Group
	for _, msgs := range byTopic {
		group.Go(func() error { return publish(msgs) })
	}
	return group.Wait()
}

// takeOutbox takes rows away while it holds the lock of the relay, and returns
// their messages and the last id. Rows of one case have ids in the order of its
// changes: a change takes its id while it holds the case. The lock is a
// statement of its own, so that the second one sees what was committed before
// the lock was ours.
func (db *DB) takeOutbox(ctx context.Context, tx pgx.Tx, n int) (out []hub.Outgoing, last int64, err error) {
	type row struct {
		ID       int64
		Messages int
		Bundle   []byte // nil: known
	}
	ids, known := db.fresh.known()
	var b pgx.Batch
	b.Queue("select pg_advisory_xact_lock(hashtextextended(current_schema() || '.outbox', 0))")
	b.Queue(`delete from outbox where id = any(array(
			select id from (
				select id, sum(messages) over w - messages as before, sum(octet_length(bundle)) over w as bytes
				from (select * from outbox order by id limit $2) o window w as (order by id)) o
			where before = 0 or before < $1 and bytes < $3))
		returning id, messages, case when id = any($4::bigint[]) then null else bundle end`,
		n, relayRows, relayBytes, ids)
	results := tx.SendBatch(ctx, &b)
	defer func() { _ = results.Close() }()
	if _, err := results.Exec(); err != nil {
		return nil, 0, fmt.Errorf("lock: %w", err)
	}
	rows, err := results.Query()
	if err != nil {
		return nil, 0, fmt.Errorf("take: %w", err)
	}
	taken, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	if err != nil {
		return nil, 0, fmt.Errorf("take: %w", err)
	}
	slices.SortFunc(taken, func(a, b row) int { return cmp.Compare(a.ID, b.ID) })
	for _, v := range taken {
		last = v.ID
		if messages, ok := known[v.ID]; ok && v.Bundle == nil {
			out = append(out, messages...)
			continue
		}
		if out, err = unpack(out, v.Messages, v.Bundle); err != nil {
			return nil, 0, fmt.Errorf("outbox row %d: %w", v.ID, err)
		}
	}
	return out, last, results.Close()
}

// relaySweep is how often a relay looks by itself: for what another node left
// behind, and after an error.
const relaySweep = 500 * time.Millisecond

// Relay publishes the outbox until ctx ends. It wakes when a transaction of
// this store has added to it, and sweeps for what other nodes left.
func (db *DB) Relay(ctx context.Context, publish func([]hub.Outgoing) error, log *slog.Logger) error {
	sweep := time.NewTicker(relaySweep)
	defer sweep.Stop()
	said := ""
	for {
		n, err := db.RelayOutbox(ctx, relayMessages, publish)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && err.Error() != said:
			said = err.Error()
			log.ErrorContext(ctx, "the outbox stands still", "err", err)
		case err == nil:
			said = ""
		}
		if n > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-db.stored:
		case <-sweep.C:
		}
	}
}

// OutboxDepth returns how many messages wait to be published.
func (db *DB) OutboxDepth(ctx context.Context) (int, error) {
	var n int
	err := db.pool.QueryRow(ctx, "select coalesce(sum(messages), 0) from outbox").Scan(&n)
	return n, Wrap(err, "count outbox")
}

// Forget removes handled message ids older than before: those that can no
// longer be redelivered.
func (db *DB) Forget(ctx context.Context, before time.Time) (int64, error) {
	return db.Exec(ctx, "forget handled messages", "delete from processed where at < $1", before)
}

// Send stores messages that no change of a case brings with it, in one
// transaction, and wakes the relay.
func (db *DB) Send(ctx context.Context, out []hub.Outgoing) error {
	if len(out) == 0 {
		return nil
	}
	var b pgx.Batch // one transaction, and one message to the server
	QueueOut(&b, out)
	err := db.pool.SendBatch(ctx, &b).Close()
	if err == nil {
		db.Wake()
	}
	return Wrap(err, "send %d messages", len(out))
}
