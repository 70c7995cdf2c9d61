// Package auditlog writes audit records into PostgreSQL, each at the end of
// its chain and in the transaction of what it records.
//
// A chain's head is one row, locked until the transaction ends: records of one
// chain have one order, and what rolls back leaves no gap. It knows nothing
// about what is recorded. Start with [Append].
package auditlog

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
)

// link appends one record and moves the head, in one statement.
const link = `with h as (select seq, hash from audit_head where shard = $1 for update),
	i as (insert into audit (at, actor, action, object, data, shard, seq, hash)
		select $2, $3::jsonb, $4, $5, $6::jsonb, $1, h.seq + 1, sha256(h.hash || int8send(h.seq + 1) || $7::bytea) from h
		returning seq, hash)
	update audit_head a set seq = i.seq, hash = i.hash from i where a.shard = $1`

// linkMany appends records to one chain and moves its head, in one statement.
const linkMany = `with recursive h as (select seq, hash from audit_head where shard = $1 for update),
	c as (select 0 as n, seq, hash from h union all
		select n + 1, seq + 1, sha256(hash || int8send(seq + 1) || ($7::bytea[])[n + 1]) from c where n < cardinality($7::bytea[])),
	i as (insert into audit (at, actor, action, object, data, shard, seq, hash)
		select ($2::timestamptz[])[n], ($3::text[])[n]::jsonb, ($4::text[])[n], ($5::text[])[n], ($6::text[])[n]::jsonb, $1, seq, hash
		from c where n > 0)
	update audit_head a set seq = c.seq, hash = c.hash from c where a.shard = $1 and c.n = cardinality($7::bytea[])`

func arguments(e audit.Entry) ([]any, error) {
	actor, err1 := json.Marshal(e.Actor)
	data, err2 := json.Marshal(e.Data)
	digest, err3 := e.Digest()
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, fmt.Errorf("encode audit entry: %w", err)
	}
	return []any{int16(e.Shard), e.At, string(actor), e.Action, e.Object, string(data), digest}, nil
}

// Rows gathers the records of one transaction. All are put into the chain of
// the first, or two transactions could wait for each other.
type Rows struct {
	one                            []any // the arguments of link
	at                             []time.Time
	actors, actions, objects, data []string
	digests                        [][]byte
}

// Add appends a record.
func (r *Rows) Add(e audit.Entry) error {
	args, err := arguments(e)
	if err != nil {
		return err
	}
	if r.one == nil {
		r.one = args
	}
	r.at = append(r.at, e.At)
	r.actors = append(r.actors, args[2].(string))
	r.actions = append(r.actions, e.Action)
	r.objects = append(r.objects, e.Object)
	r.data = append(r.data, args[5].(string))
	r.digests = append(r.digests, args[6].([]byte))
	return nil
}

// Queue adds what writes the records to a batch: as its last statement, because
// the chain is locked until the transaction ends.
func (r *Rows) Queue(b *pgx.Batch) {
	switch len(r.at) {
	case 0:
	case 1:
		b.Queue(link, r.one...).Exec(linked)
	default:
		b.Queue(linkMany, r.one[0], r.at, r.actors, r.actions, r.objects, r.data, r.digests).Exec(linked)
	}
}

// Append writes one record in tx. Call it last in a transaction: the chain is
// locked until the end.
func Append(ctx context.Context, tx pgx.Tx, e audit.Entry) error {
	args, err := arguments(e)
	if err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, link, args...)
	if err == nil {
		err = linked(tag)
	}
	if err != nil {
		return fmt.Errorf("write audit entry: %w", err)
	}
	return nil
}

// linked refuses what wrote no record: its chain's head was taken away, and
// what cannot be recorded does not happen.
func linked(tag pgconn.CommandTag) error {
	if tag.RowsAffected() != 1 {
		return hub.Errorf(hub.CodeInternal, "audit.no_head")
	}
	return nil
}

// A Querier runs statements that read.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

const columns = `id, coalesce(shard, -1), coalesce(seq, 0), at, actor, action, object, data, hash`

func scan(r pgx.CollectableRow) (audit.Entry, error) {
	var e audit.Entry
	var actor, data []byte
	var shard int16
	if err := r.Scan(&e.ID, &shard, &e.Seq, &e.At, &actor, &e.Action, &e.Object, &data, &e.Hash); err != nil {
		return e, err
	}
	e.Shard, e.At = int(shard), e.At.UTC()
	return e, errors.Join(json.Unmarshal(actor, &e.Actor), json.Unmarshal(data, &e.Data))
}

// A Filter narrows a list of records; empty fields do not.
type Filter struct {
	Actor, Action, Object string
	Since, Until          time.Time
	Limit                 int // 0 means 100, at most 1000
}

// List returns records, newest first.
func List(ctx context.Context, q Querier, f Filter) ([]audit.Entry, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	until := f.Until
	if until.IsZero() {
		until = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	rows, err := q.Query(ctx, `select `+columns+` from audit where ($1 = '' or actor->>'id' = $1)
		and ($2 = '' or starts_with(action, $2)) and ($3 = '' or object = $3) and at >= $4 and at < $5
		order by id desc limit $6`, f.Actor, f.Action, f.Object, f.Since, until, min(limit, 1000))
	if err != nil {
		return nil, fmt.Errorf("read audit: %w", err)
	}
	return pgx.CollectRows(rows, scan)
}

// Heads returns the ends of the chains.
func Heads(ctx context.Context, q Querier) ([]audit.Head, error) {
	rows, err := q.Query(ctx, "select shard, seq, hash from audit_head order by shard")
	if err != nil {
		return nil, fmt.Errorf("read audit heads: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (audit.Head, error) {
		var h audit.Head
		var shard int16
		var hash []byte
		err := r.Scan(&shard, &h.Seq, &hash)
		h.Shard, h.Hash = int(shard), hex.EncodeToString(hash)
		return h, err
	})
}

// Verify follows the chains that v is to follow and returns the first record
// that is not as it was written, nil when all are. v knows the checkpoints
// already. Run it in one snapshot: a repeatable read transaction. One record is
// in memory at a time.
func Verify(ctx context.Context, q Querier, v *audit.Verifier) (*audit.Fault, error) {
	heads, err := Heads(ctx, q)
	if err != nil {
		return nil, err
	}
	shards := []int16{}
	for shard := range audit.Shards {
		if v.Follows(shard) {
			shards = append(shards, int16(shard))
		}
	}
	rows, err := q.Query(ctx, "select "+columns+" from audit where shard = any($1) order by shard, seq", shards)
	if err != nil {
		return nil, fmt.Errorf("read audit: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read audit: %w", err)
		}
		if fault := v.Next(e); fault != nil {
			return fault, nil
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read audit: %w", err)
	}
	return v.End(heads), nil
}
