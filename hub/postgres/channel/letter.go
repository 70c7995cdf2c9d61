package channel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
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

// KeepLetter stores l, its bytes sealed. The same bytes of the same channel and
// stage are one letter, which counts how often they came.
func (s *Store) KeepLetter(ctx context.Context, l Letter) error {
	digest := digestOf(l.Stage, l.MediaType, l.Payload)
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `insert into dead_letter
				(at, last_at, stage, channel, key, media_type, name, reason, payload, digest, sealed)
			values ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, true)
			on conflict (channel, digest) where digest is not null do update set seen = dead_letter.seen + 1,
				last_at = excluded.last_at, reason = excluded.reason`,
			s.clock.Now(), clean(l.Stage), clean(string(l.Channel)), clean(l.Key), clean(l.MediaType), clean(l.Name),
			clean(l.Reason), s.close(digest, l.Payload), digest)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep letter of %s: %w", l.Channel, err)
	}
	return nil
}

// digestOf tells letters apart and is the place that their bytes are sealed
// for.
func digestOf(stage, mediaType string, payload []byte) []byte {
	sum := sha256.Sum256(append([]byte(stage+"\x00"+mediaType+"\x00"), payload...))
	return sum[:]
}

// placeOf is where a letter's bytes are sealed for.
func placeOf(digest []byte) string { return "letter/" + hex.EncodeToString(digest) }

// close seals payload; an empty one stays empty.
func (s *Store) close(digest, payload []byte) []byte {
	if len(payload) == 0 {
		return []byte{}
	}
	return s.seal.Seal(placeOf(digest), payload)
}

// clean makes text storable: it is ours or shown only, the payload is the
// truth.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

const letterColumns = `id, at, coalesce(last_at, at), stage, channel, key, media_type, name, reason, seen, payload, digest, sealed`

// scan reads one row of letterColumns and opens its bytes.
func (s *Store) scan(row pgx.CollectableRow) (Letter, error) {
	var l Letter
	var digest []byte
	var sealed bool
	err := row.Scan(&l.ID, &l.At, &l.LastAt, &l.Stage, &l.Channel, &l.Key, &l.MediaType, &l.Name, &l.Reason, &l.Seen,
		&l.Payload, &digest, &sealed)
	if err != nil || !sealed {
		return l, err
	}
	if l.Payload, err = s.seal.Open(placeOf(digest), l.Payload); err != nil {
		return l, fmt.Errorf("open letter %d: %w", l.ID, err)
	}
	return l, nil
}

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
		letters, err = pgx.CollectRows(rows, s.scan)
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
		var err error
		l, err = s.letter(ctx, tx, id)
		return err
	})
	if err != nil {
		return Letter{}, fmt.Errorf("read letter %d: %w", id, err)
	}
	return l, nil
}

// ShowLetter is Letter for a person: without the record nothing is shown.
func (s *Store) ShowLetter(ctx context.Context, id int64) (Letter, error) {
	var l Letter
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		var err error
		if l, err = s.letter(ctx, tx, id); err != nil {
			return err
		}
		return s.record(ctx, tx, LetterShown, objectOf(id), map[string]string{"channel": string(l.Channel)})
	})
	if err != nil {
		return Letter{}, fmt.Errorf("show letter %d: %w", id, err)
	}
	return l, nil
}

func objectOf(id int64) string { return "letter/" + strconv.FormatInt(id, 10) }

// letter reads one letter and locks it.
func (s *Store) letter(ctx context.Context, tx pgx.Tx, id int64) (Letter, error) {
	rows, err := tx.Query(ctx, "select "+letterColumns+" from dead_letter where id = $1 for update", id)
	if err != nil {
		return Letter{}, err
	}
	l, err := pgx.CollectExactlyOneRow(rows, s.scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return l, hub.Errorf(hub.CodeNotFound, "dead_letter.not_found", id)
	}
	return l, err
}

// RepairLetter puts other bytes into a letter.
func (s *Store) RepairLetter(ctx context.Context, id int64, payload []byte, mediaType string) error {
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		l, err := s.letter(ctx, tx, id)
		if err != nil {
			return err
		}
		digest := digestOf(l.Stage, mediaType, payload)
		_, err = tx.Exec(ctx, `update dead_letter set payload = $2, media_type = $3, digest = $4, last_at = $5, sealed = true
			where id = $1`, id, s.close(digest, payload), clean(mediaType), digest, s.clock.Now())
		if err != nil {
			return err
		}
		return s.record(ctx, tx, LetterRepaired, objectOf(id), map[string]string{
			"channel": string(l.Channel), "before": fingerprint(l.Payload), "after": fingerprint(payload),
		})
	})
	if err != nil {
		return fmt.Errorf("repair letter %d: %w", id, err)
	}
	return nil
}

// fingerprint names bytes in the audit without showing them.
func fingerprint(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// DropLetter removes a letter that was replayed and became cases.
func (s *Store) DropLetter(ctx context.Context, l Letter, cases []hub.CaseID) error {
	data := map[string]string{"channel": string(l.Channel), "stage": l.Stage, "fingerprint": fingerprint(l.Payload)}
	for _, id := range cases {
		data["cases"] = strings.TrimSpace(data["cases"] + " " + string(id))
	}
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "delete from dead_letter where id = $1", l.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, LetterReplayed, objectOf(l.ID), data)
	})
	if err != nil {
		return fmt.Errorf("drop letter %d: %w", l.ID, err)
	}
	return nil
}
