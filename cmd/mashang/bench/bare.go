package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mashang-hub/mashang/hub"
)

// bare is the least that a system of this kind does with a message: it stores
// a case and an outbox row in one statement per batch, then marks the batch.
type bare struct {
	pool *pgxpool.Pool
	want int64
	got  atomic.Int64
	done func()
	err  atomic.Pointer[error]
}

// Setup does nothing.
func (b *bare) Setup(sarama.ConsumerGroupSession) error { return nil }

// Cleanup does nothing.
func (b *bare) Cleanup(sarama.ConsumerGroupSession) error { return nil }

// ConsumeClaim reads one partition in batches of 500 or 5 ms.
func (b *bare) ConsumeClaim(s sarama.ConsumerGroupSession, c sarama.ConsumerGroupClaim) error {
	batch := make([]*sarama.ConsumerMessage, 0, 500)
	wait := time.NewTicker(5 * time.Millisecond)
	defer wait.Stop()
	for {
		select {
		case m, ok := <-c.Messages():
			if !ok {
				return nil
			}
			batch = append(batch, m)
			if len(batch) < cap(batch) {
				continue
			}
		case <-wait.C:
		case <-s.Context().Done():
			return nil
		}
		if len(batch) == 0 {
			continue
		}
		if err := b.insert(s.Context(), batch); err != nil {
			b.err.Store(&err)
			b.done()
			return err
		}
		s.MarkMessage(batch[len(batch)-1], "")
		if b.got.Add(int64(len(batch))) >= b.want {
			b.done()
		}
		batch = batch[:0]
	}
}

func (b *bare) insert(ctx context.Context, batch []*sarama.ConsumerMessage) error {
	n := len(batch)
	ids, channels, externals, titles := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	contents, payloads, at := make([]string, n), make([][]byte, n), make([]time.Time, n)
	for i, m := range batch {
		var s hub.Submission
		if err := json.Unmarshal(m.Value, &s); err != nil {
			return err
		}
		content, err := json.Marshal(s.Content)
		if err != nil {
			return err
		}
		ids[i], channels[i], externals[i], titles[i] = string(s.Case), string(s.Channel), s.ExternalID, s.Title
		contents[i], at[i] = string(content), s.ReceivedAt
		payloads[i] = content
	}
	_, err := b.pool.Exec(ctx, `with t as (
			select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::bytea[])
				as t(id, channel, external_id, title, content, opened_at, payload)
		), c as (
			insert into bench_case (id, channel, external_id, title, content, opened_at)
			select id, channel, external_id, title, content::jsonb, opened_at from t
			on conflict do nothing returning id
		)
		insert into bench_outbox (key, payload) select t.id, t.payload from t join c using (id)`,
		ids, channels, externals, titles, contents, at, payloads)
	if err != nil {
		return fmt.Errorf("insert %d bare cases: %w", n, err)
	}
	return nil
}

func bareTables(ctx context.Context, pool *pgxpool.Pool) error {
	_, err := pool.Exec(ctx, `drop table if exists bench_case, bench_outbox;
		create table bench_case (id text collate "C" primary key, channel text not null, external_id text not null,
			title text not null, content jsonb not null, opened_at timestamptz not null, unique (channel, external_id));
		create table bench_outbox (id bigint generated always as identity primary key, key text not null, payload bytea not null)`)
	if err != nil {
		return fmt.Errorf("make the bare tables: %w", err)
	}
	return nil
}

func dropBare(pool *pgxpool.Pool) error {
	_, err := pool.Exec(context.Background(), `drop table bench_case, bench_outbox`)
	return err
}
