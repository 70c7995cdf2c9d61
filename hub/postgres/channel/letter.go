package channel

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
)

// A Letter is something that could not be handled, with its bytes. Channel is
// that of the sender; it is empty for a record of the bus, whose topic is Stage.
type Letter struct {
	ID        int64           `json:"id"`
	At        time.Time       `json:"at"`
	LastAt    time.Time       `json:"last_at"`
	Stage     string          `json:"stage"`
	Channel   hub.ChannelCode `json:"channel,omitempty"`
	Key       string          `json:"key,omitempty"`
	MediaType string          `json:"media_type,omitempty"`
	Name      string          `json:"name,omitempty"`
	Reason    string          `json:"reason"`
	Seen      int             `json:"seen"`
	Payload   []byte          `json:"payload"`
}

// KeepLetter stores l. The same bytes of the same channel are one letter, which
// counts how often they came.
func (s *Store) KeepLetter(ctx context.Context, l Letter) error {
	sum := sha256.Sum256(append([]byte(l.MediaType+"\x00"), l.Payload...))
	if l.Payload == nil {
		l.Payload = []byte{}
	}
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `insert into dead_letter
				(at, last_at, stage, channel, key, media_type, name, reason, payload, digest)
			values ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9)
			on conflict (channel, digest) where digest is not null do update set seen = dead_letter.seen + 1,
				last_at = excluded.last_at, reason = excluded.reason`,
			s.clock.Now(), clean(l.Stage), clean(string(l.Channel)), clean(l.Key), clean(l.MediaType), clean(l.Name),
			clean(l.Reason), l.Payload, sum[:])
		return err
	})
	if err != nil {
		return fmt.Errorf("keep letter of %s: %w", l.Channel, err)
	}
	return nil
}

// clean makes text storable: it is ours or shown only, the payload is the
// truth.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

const letterColumns = `id, at, coalesce(last_at, at), stage, channel, key, media_type, name, reason, seen, payload`

// A LetterFilter narrows Letters.
type LetterFilter struct {
	Channel       hub.ChannelCode
	Since, Until  time.Time
	Limit, Offset int
}

// Letters returns letters, the newest first, and how many there are in all.
func (s *Store) Letters(ctx context.Context, f LetterFilter) ([]Letter, int, error) {
	var letters []Letter
	total := 0
	args := pgx.NamedArgs{
		"channel": f.Channel, "since": f.Since, "until": f.Until, "no_until": f.Until.IsZero(),
		"limit": min(max(f.Limit, 1), 1000), "offset": max(f.Offset, 0),
	}
	const where = ` from dead_letter where (@channel = '' or channel = @channel)
		and coalesce(last_at, at) >= @since and (@no_until or at < @until)`
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, "select count(*)"+where, args).Scan(&total); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, "select "+letterColumns+where+" order by id desc limit @limit offset @offset", args)
		if err != nil {
			return err
		}
		letters, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Letter])
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list letters: %w", err)
	}
	return letters, total, nil
}

// Letter returns one letter.
func (s *Store) Letter(ctx context.Context, id int64) (Letter, error) {
	var l Letter
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "select "+letterColumns+" from dead_letter where id = $1", id)
		if err != nil {
			return err
		}
		l, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Letter])
		if errors.Is(err, pgx.ErrNoRows) {
			return hub.Errorf(hub.CodeNotFound, "dead_letter.not_found", id)
		}
		return err
	})
	if err != nil {
		return l, fmt.Errorf("read letter %d: %w", id, err)
	}
	return l, nil
}

// RepairLetter puts other bytes into a letter.
func (s *Store) RepairLetter(ctx context.Context, id int64, payload []byte, mediaType string) error {
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		sum := sha256.Sum256(append([]byte(mediaType+"\x00"), payload...))
		tag, err := tx.Exec(ctx, `update dead_letter set payload = $2, media_type = $3, digest = $4, last_at = $5
			where id = $1`, id, payload, clean(mediaType), sum[:], s.clock.Now())
		if err == nil && tag.RowsAffected() == 0 {
			return hub.Errorf(hub.CodeNotFound, "dead_letter.not_found", id)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("repair letter %d: %w", id, err)
	}
	return nil
}

// DropLetter removes a letter that was dealt with.
func (s *Store) DropLetter(ctx context.Context, id int64) error {
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "delete from dead_letter where id = $1", id)
		return err
	})
	if err != nil {
		return fmt.Errorf("drop letter %d: %w", id, err)
	}
	return nil
}
