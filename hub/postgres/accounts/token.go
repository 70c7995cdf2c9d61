package accounts

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// AddToken stores a token by the hash of its whole text.
func (s *Store) AddToken(ctx context.Context, hash [32]byte, t access.Token) error {
	e := audit.New(ctx, t.CreatedAt, "token.created", "account/"+t.Account, map[string]string{
		"token": t.ID, "name": t.Name, "expires": t.ExpiresAt.Format(time.RFC3339),
	})
	return s.record(ctx, e, func(tx pgx.Tx) error {
		var known bool
		if err := tx.QueryRow(ctx, "select exists (select from account where id = $1)", t.Account).Scan(&known); err != nil {
			return err
		}
		if !known {
			return notFound(t.Account)
		}
		_, err := tx.Exec(ctx, `insert into account_token (id, account, hash, name, limits, created_at, expires_at)
			values ($1, $2, $3, $4, $5, $6, $7)`, t.ID, t.Account, hash[:], t.Name, t.Limits, t.CreatedAt, t.ExpiresAt)
		return err
	})
}

// RevokeToken ends a token by the beginning that is shown.
func (s *Store) RevokeToken(ctx context.Context, now time.Time, id string) error {
	e := audit.New(ctx, now, "token.revoked", "token/"+id, nil)
	return s.record(ctx, e, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "update account_token set revoked_at = coalesce(revoked_at, $2) where id = $1", id, now)
		if err == nil && tag.RowsAffected() == 0 {
			return hub.Errorf(hub.CodeNotFound, "token.not_found", id)
		}
		return err
	})
}

const tokenColumns = "t.id, t.account, t.name, t.limits, t.created_at, t.expires_at, t.revoked_at, t.used_at"

// Tokens lists the tokens of an account, "" for all, newest first.
func (s *Store) Tokens(ctx context.Context, account string) ([]access.Token, error) {
	rows, err := s.db.Pool().Query(ctx, "select "+tokenColumns+` from account_token t
		where $1 = '' or account = $1 order by created_at desc, id`, account)
	if err != nil {
		return nil, postgres.Wrap(err, "read tokens")
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (access.Token, error) {
		var t access.Token
		var revoked, used *time.Time
		err := row.Scan(&t.ID, &t.Account, &t.Name, &t.Limits, &t.CreatedAt, &t.ExpiresAt, &revoked, &used)
		t.RevokedAt, t.UsedAt = postgres.Zero(revoked), postgres.Zero(used)
		return t, err
	})
	return list, postgres.Wrap(err, "read tokens")
}

// Token returns the token with that hash and its account, without what the
// account logs in with. A change that another node made counts a second later.
func (s *Store) Token(ctx context.Context, hash [32]byte) (access.Token, access.Account, error) {
	r, changes, ok := s.recent.get(hash)
	if ok {
		return r.token, r.account, nil
	}
	t := &r.token
	var revoked, used *time.Time
	a, err := s.joined(ctx, "select "+tokenColumns+", "+columns+` from account_token t
		join account a on a.id = t.account where t.hash = $1`, hash[:],
		&t.ID, &t.Account, &t.Name, &t.Limits, &t.CreatedAt, &t.ExpiresAt, &revoked, &used)
	if err != nil {
		return access.Token{}, access.Account{}, err
	}
	t.RevokedAt, t.UsedAt = postgres.Zero(revoked), postgres.Zero(used)
	a.Password, a.TOTP, a.Phone, a.Mail = "", "", "", ""
	r.account = a
	s.recent.put(hash, r, changes)
	return r.token, r.account, nil
}
