package postgres

import (
	"bytes"
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/seal"
)

// CheckKeys refuses a keyring that is not that of the nodes before: with key
// "keys.other" when a key has the id of another one, "keys.missing" when a key
// is not there that may have sealed something. New keys are noted.
func (db *DB) CheckKeys(ctx context.Context, keys *seal.Keyring, now time.Time) error {
	own := keys.Checks()
	err := db.Tx(ctx, func(tx pgx.Tx) error {
		// Two nodes that start at once see each other's keys.
		if _, err := tx.Exec(ctx, "lock table key_check in share row exclusive mode"); err != nil {
			return err
		}
		noted := map[string][]byte{}
		rows, err := tx.Query(ctx, "select id, value from key_check order by id")
		if err != nil {
			return err
		}
		var id string
		var value []byte
		if _, err := pgx.ForEachRow(rows, []any{&id, &value}, func() error { noted[id] = bytes.Clone(value); return nil }); err != nil {
			return err
		}
		for _, id := range slices.Sorted(maps.Keys(noted)) {
			switch mine, ok := own[id]; {
			case !ok:
				return hub.Errorf(hub.CodeConflict, "keys.missing", id)
			case !bytes.Equal(mine, noted[id]):
				return hub.Errorf(hub.CodeConflict, "keys.other", id)
			}
		}
		for id, value := range own {
			if _, err := tx.Exec(ctx, "insert into key_check (id, value, seen_at) values ($1, $2, $3) on conflict do nothing", id, value, now); err != nil {
				return err
			}
		}
		return nil
	})
	return Wrap(err, "compare the keys of personal data")
}

// ForgetKeys forgets the keys with which nothing is sealed any more, after all
// submissions were sealed with keys' current one, and returns their ids: they
// may leave the key file.
func (db *DB) ForgetKeys(ctx context.Context, keys *seal.Keyring) ([]string, error) {
	var gone []string
	err := db.Tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select encode(phone, 'base64') from account where phone is not null
			union all select encode(mail, 'base64') from account where mail is not null
			union all select encode(totp, 'base64') from account where totp is not null
			union all select secret from channel_key where state <> 'retired'`)
		if err != nil {
			return err
		}
		used := []string{keys.Current()}
		var text string
		_, err = pgx.ForEachRow(rows, []any{&text}, func() error {
			text = strings.ReplaceAll(text[strings.LastIndex(text, ":")+1:], "\n", "")
			if sealed, err := base64.StdEncoding.DecodeString(text); err == nil && seal.KeyOf(sealed) != "" {
				used = append(used, seal.KeyOf(sealed))
			}
			return nil
		})
		if err != nil {
			return err
		}
		rows, err = tx.Query(ctx, "delete from key_check where not id = any($1::text[]) returning id", used)
		if err != nil {
			return err
		}
		gone, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return gone, Wrap(err, "forget keys that seal nothing")
}
