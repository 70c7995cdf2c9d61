package auditlog

import (
	"context"
	"crypto/ed25519"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// A Store is the audit for those who have no transaction open. It is safe for
// concurrent use.
type Store struct{ db *postgres.DB }

// New returns the store.
func New(db *postgres.DB) *Store { return &Store{db} }

// SaveAudit records that actor did action to object.
func (s *Store) SaveAudit(ctx context.Context, at time.Time, actor hub.Actor, action, object string,
	data map[string]string,
) error {
	e := audit.New(ctx, at, action, object, data)
	e.Actor = actor
	err := s.db.Tx(ctx, func(tx pgx.Tx) error { return Append(ctx, tx, e) })
	return postgres.Wrap(err, "save audit")
}

// Audit returns audit records, newest first.
func (s *Store) Audit(ctx context.Context, f Filter) ([]audit.Entry, error) {
	list, err := List(ctx, s.db.Pool(), f)
	return list, postgres.Wrap(err, "read audit")
}

// VerifyAudit follows the audit's chains in one snapshot and returns the first
// record that is not as it was written, nil when all are.
func (s *Store) VerifyAudit(ctx context.Context, v *audit.Verifier) (*audit.Fault, error) {
	var fault *audit.Fault
	err := pgx.BeginTxFunc(ctx, s.db.Pool(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var err error
		fault, err = Verify(ctx, tx, v)
		return err
	})
	return fault, postgres.Wrap(err, "verify audit")
}

// AddSigner registers the public key of a node that signs checkpoints; a new one
// is recorded.
func (s *Store) AddSigner(ctx context.Context, key ed25519.PublicKey, now time.Time) error {
	id := audit.KeyID(key)
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `insert into audit_signer (key_id, public_key, since) values ($1, $2, $3)
			on conflict (key_id) do nothing`, id, []byte(key), now)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return Append(ctx, tx, audit.New(ctx, now, "signer.added", "signer/"+id, map[string]string{"key": audit.FormatKey(key)}))
	})
	return postgres.Wrap(err, "register the audit key %s", id)
}

// Signers returns the public keys of all nodes.
func (s *Store) Signers(ctx context.Context) ([]ed25519.PublicKey, error) {
	rows, err := s.db.Pool().Query(ctx, "select public_key from audit_signer order by since, key_id")
	if err != nil {
		return nil, postgres.Wrap(err, "read the audit keys")
	}
	keys, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	list := make([]ed25519.PublicKey, len(keys))
	for i, key := range keys {
		list[i] = key
	}
	return list, postgres.Wrap(err, "read the audit keys")
}
