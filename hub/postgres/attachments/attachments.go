// Package attachments keeps the bytes of attachments in PostgreSQL, each under
// its digest. It judges none of them: package intake does. Start with [New].
package attachments

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// A Store keeps attachments. It is safe for concurrent use.
type Store struct{ db *postgres.DB }

// New returns the store.
func New(db *postgres.DB) *Store { return &Store{db} }

// SaveAttachment keeps the bytes of a under its digest; the caller has
// computed it. It is idempotent.
func (s *Store) SaveAttachment(ctx context.Context, a hub.Attachment, content []byte) error {
	_, err := s.db.Exec(ctx, "save attachment", `insert into attachment (sha256, media_type, bytes)
		values ($1, $2, $3) on conflict do nothing`, a.SHA256, a.MediaType, content)
	return err
}

// Attachment returns the media type and bytes of an attachment.
func (s *Store) Attachment(ctx context.Context, sha256 string) (mediaType string, content []byte, err error) {
	err = s.db.Pool().QueryRow(ctx, "select media_type, bytes from attachment where sha256 = $1", sha256).
		Scan(&mediaType, &content)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil, postgres.NotFound("attachment.not_found", sha256)
	}
	return mediaType, content, postgres.Wrap(err, "read attachment")
}
