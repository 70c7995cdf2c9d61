package channel

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub/seal"
)

// Reseal seals n letters after an id with the current key, where another one
// was used or none, and returns the last id that it looked at, 0 at the end,
// and how many it changed.
func (s *Store) Reseal(ctx context.Context, after int64, n int) (last int64, changed int, err error) {
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select id, stage, media_type, payload, coalesce(digest, ''), sealed from dead_letter
			where id > $1 order by id limit $2 for update`, after, n)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[kept])
		if err != nil {
			return err
		}
		if len(list) == n {
			last = list[n-1].ID
		}
		var b pgx.Batch
		for _, k := range list {
			if k.Sealed && (len(k.Payload) == 0 || seal.KeyOf(k.Payload) == s.seal.Current()) {
				continue
			}
			if err := s.again(&b, k); err != nil {
				return err
			}
			changed++
		}
		return tx.SendBatch(ctx, &b).Close()
	})
	if err != nil {
		return 0, 0, fmt.Errorf("seal letters anew: %w", err)
	}
	return last, changed, nil
}

// kept is a letter as it is stored.
type kept struct {
	ID        int64
	Stage     string
	MediaType string
	Payload   []byte
	Digest    []byte
	Sealed    bool
}

// again queues the sealing of one letter with the current key.
func (s *Store) again(b *pgx.Batch, k kept) error {
	if k.Sealed {
		var err error
		if k.Payload, err = s.seal.Open(placeOf(k.Digest), k.Payload); err != nil {
			return fmt.Errorf("open letter %d: %w", k.ID, err)
		}
	}
	if len(k.Digest) == 0 {
		k.Digest = digestOf(k.Stage, k.MediaType, k.Payload)
	}
	b.Queue("update dead_letter set payload = $2, digest = $3, sealed = true where id = $1", k.ID, s.close(k.Digest, k.Payload), k.Digest)
	return nil
}
