// Package channel keeps what channels need between two runs: how far each has
// read its source, the keys that were rotated in, and the letters (死信) that
// could not be taken.
//
// It decides nothing about them. Start with [New].
package channel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	"github.com/mashang-hub/mashang/hub/seal"
)

// A Store keeps it. Its methods are safe for concurrent use. What people do
// with keys and letters is recorded (审计) in the same transaction.
type Store struct {
	db    *postgres.DB
	clock hub.Clock
	seal  *seal.Keyring
}

// New returns the store in db; keys seals the bytes of letters.
func New(db *postgres.DB, clock hub.Clock, keys *seal.Keyring) *Store { return &Store{db, clock, keys} }

// The actions that are recorded; the object is "channel/" or "letter/" and its
// code or number.
const (
	KeyAdded       = "channel.key_added"
	KeyPromoted    = "channel.key_promoted"
	KeyRevoked     = "channel.key_revoked"
	LetterShown    = "letter.shown"
	LetterRepaired = "letter.repaired"
	LetterReplayed = "letter.replayed"
	WindowReplayed = "submissions.replayed"
)

// record writes what the source of ctx does to object into the audit.
func (s *Store) record(ctx context.Context, tx pgx.Tx, action, object string, data map[string]string) error {
	return auditlog.Append(ctx, tx, audit.New(ctx, s.clock.Now(), action, object, data))
}

// Record writes one record that belongs to no change of this store; what
// cannot be recorded must not be done.
func (s *Store) Record(ctx context.Context, action, object string, data map[string]string) error {
	err := s.db.Tx(ctx, func(tx pgx.Tx) error { return s.record(ctx, tx, action, object, data) })
	if err != nil {
		return fmt.Errorf("record %s of %s: %w", action, object, err)
	}
	return nil
}

// LoadCursor returns how far channel has read; "" at the beginning.
func (s *Store) LoadCursor(ctx context.Context, channel hub.ChannelCode) (string, error) {
	var cursor string
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, "select cursor from channel_cursor where channel = $1", channel).Scan(&cursor)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("load cursor of %s: %w", channel, err)
	}
	return cursor, nil
}

// SaveCursor remembers how far channel has read.
func (s *Store) SaveCursor(ctx context.Context, channel hub.ChannelCode, cursor string) error {
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `insert into channel_cursor (channel, cursor, changed_at) values ($1, $2, $3)
			on conflict (channel) do update set cursor = excluded.cursor, changed_at = excluded.changed_at`,
			channel, cursor, s.clock.Now())
		return err
	})
	if err != nil {
		return fmt.Errorf("save cursor of %s: %w", channel, err)
	}
	return nil
}

// The states of a key.
const (
	Next    = "next"    // accepted already, to become Current
	Current = "current" // replaces the keys of the channel's file
	Retired = "retired" // accepted no more
)

// A Key is one key of a channel. Secret is sealed, or a hash.
type Key struct {
	ID      int64           `json:"id"`
	Channel hub.ChannelCode `json:"channel"`
	State   string          `json:"state"`
	Secret  string          `json:"-"`
	Hint    string          `json:"hint"`
	MadeAt  time.Time       `json:"made_at"`
}

// AddKey makes k the next key of its channel and retires an earlier next one.
func (s *Store) AddKey(ctx context.Context, k Key) error {
	now := s.clock.Now()
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		if err := retire(ctx, tx, k.Channel, Next, now); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into channel_key (channel, state, secret, hint, made_at)
			values ($1, 'next', $2, $3, $4)`, k.Channel, k.Secret, k.Hint, now)
		if err != nil {
			return err
		}
		return s.record(ctx, tx, KeyAdded, "channel/"+string(k.Channel), map[string]string{"hint": k.Hint})
	})
	if err != nil {
		return fmt.Errorf("add key of %s: %w", k.Channel, err)
	}
	return nil
}

// Promote makes the next key the current one; all others are retired. It fails
// with channel.no_next_key when there is none.
func (s *Store) Promote(ctx context.Context, channel hub.ChannelCode) error {
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		if err := retire(ctx, tx, channel, Current, s.clock.Now()); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, "update channel_key set state = 'current' where channel = $1 and state = 'next'", channel)
		if err == nil && tag.RowsAffected() == 0 {
			return hub.Errorf(hub.CodeConflict, "channel.no_next_key", string(channel))
		}
		if err != nil {
			return err
		}
		return s.record(ctx, tx, KeyPromoted, "channel/"+string(channel), nil)
	})
	if err != nil {
		return fmt.Errorf("promote key of %s: %w", channel, err)
	}
	return nil
}

// Revoke retires the next key.
func (s *Store) Revoke(ctx context.Context, channel hub.ChannelCode) error {
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		if err := retire(ctx, tx, channel, Next, s.clock.Now()); err != nil {
			return err
		}
		return s.record(ctx, tx, KeyRevoked, "channel/"+string(channel), nil)
	})
	if err != nil {
		return fmt.Errorf("revoke key of %s: %w", channel, err)
	}
	return nil
}

func retire(ctx context.Context, tx pgx.Tx, channel hub.ChannelCode, state string, now time.Time) error {
	_, err := tx.Exec(ctx, `update channel_key set state = 'retired', retired_at = $3
		where channel = $1 and state = $2`, channel, state, now)
	return err
}

// Keys returns the live keys of all channels, or of one; the current one first.
func (s *Store) Keys(ctx context.Context, channel hub.ChannelCode) ([]Key, error) {
	var keys []Key
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select id, channel, state, secret, hint, made_at from channel_key
			where state <> 'retired' and ($1 = '' or channel = $1) order by channel, state`, channel)
		if err != nil {
			return err
		}
		keys, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Key])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return keys, nil
}
