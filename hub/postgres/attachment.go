package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
)

// SaveAttachment keeps the bytes of a under its digest; the caller has
// computed it. It is idempotent.
func (db *DB) SaveAttachment(ctx context.Context, a hub.Attachment, content []byte) error {
	_, err := db.exec(ctx, "save attachment", `insert into attachment (sha256, media_type, bytes)
		values ($1, $2, $3) on conflict do nothing`, a.SHA256, a.MediaType, content)
	return err
}

// Attachment returns the media type and bytes of an attachment.
func (db *DB) Attachment(ctx context.Context, sha256 string) (mediaType string, content []byte, err error) {
	err = db.pool.QueryRow(ctx, "select media_type, bytes from attachment where sha256 = $1", sha256).
		Scan(&mediaType, &content)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil, notFound("attachment.not_found", sha256)
	}
	return mediaType, content, wrap(err, "read attachment")
}

// NumberingKey returns the secret from which case numbers are derived. It was
// drawn when the database was made and never changes.
func (db *DB) NumberingKey(ctx context.Context) ([]byte, error) {
	var key []byte
	err := db.pool.QueryRow(ctx, "select value from setting where key = 'numbering_key'").Scan(&key)
	return key, wrap(err, "read numbering key")
}

// SaveRuleSet keeps the source of a rule set under its content address, so
// that old decisions can be explained. It is idempotent.
func (db *DB) SaveRuleSet(ctx context.Context, hash hub.RuleSetHash, source []byte, at time.Time) error {
	_, err := db.exec(ctx, "save rule set", `insert into rule_set (hash, at, source) values ($1, $2, $3)
		on conflict do nothing`, string(hash), at, source)
	return err
}
