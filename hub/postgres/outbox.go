package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/mashang-hub/mashang/hub"
)

// RelayOutbox hands up to n waiting messages to publish, each topic's in the
// order in which they were stored, and removes them when publish returns nil.
// It calls publish once for each topic, all at the same time. One relay runs
// at a time, so the order per key holds; a second one returns 0. If the
// process dies after publish, the same messages come again.
func (db *DB) RelayOutbox(ctx context.Context, n int, publish func([]hub.Outgoing) error) (int, error) {
	var out []hub.Outgoing
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		var alone bool
		err := tx.QueryRow(ctx,
			"select pg_try_advisory_xact_lock(hashtextextended(current_schema() || '.outbox', 0))").Scan(&alone)
		if err != nil || !alone {
			return err
		}
		if out, err = takeOutbox(ctx, tx, n); err != nil || len(out) == 0 {
			return err
		}
		return publishTopics(out, publish)
	})
	if err != nil {
		return 0, wrap(err, "relay outbox")
	}
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

func takeOutbox(ctx context.Context, tx pgx.Tx, n int) ([]hub.Outgoing, error) {
	type row struct {
		ID      int64
		Message hub.Outgoing
	}
	rows, err := tx.Query(ctx, `delete from outbox where id = any(array(
			select id from outbox order by id limit $1))
		returning id, topic, key, msg_id, payload`, n)
	if err != nil {
		return nil, fmt.Errorf("take: %w", err)
	}
	taken, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (row, error) {
		var v row
		err := r.Scan(&v.ID, &v.Message.Topic, &v.Message.Key, &v.Message.ID, &v.Message.Payload)
		return v, err
	})
	if err != nil {
		return nil, fmt.Errorf("take: %w", err)
	}
	slices.SortFunc(taken, func(a, b row) int { return cmp.Compare(a.ID, b.ID) })
	out := make([]hub.Outgoing, len(taken))
	for i, v := range taken {
		out[i] = v.Message
	}
	return out, nil
}

// OutboxDepth returns how many messages wait to be published.
func (db *DB) OutboxDepth(ctx context.Context) (int, error) {
	var n int
	err := db.pool.QueryRow(ctx, "select count(*) from outbox").Scan(&n)
	return n, wrap(err, "count outbox")
}

// Forget removes handled message ids older than before: those that can no
// longer be redelivered.
func (db *DB) Forget(ctx context.Context, before time.Time) (int64, error) {
	return db.exec(ctx, "forget handled messages", "delete from processed where at < $1", before)
}
