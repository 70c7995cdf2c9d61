// Package qrcode keeps the issued QR codes (民情码) and what was noticed of
// their use.
//
// It neither signs nor draws them (package poster). Start with [New].
package qrcode

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/poster"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// A Store keeps codes. Its methods are safe for concurrent use.
type Store struct{ db *postgres.DB }

// New returns the store in db.
func New(db *postgres.DB) *Store { return &Store{db} }

// batch is how many units one statement issues.
const batch = 5000

// Issue gives a code to each unit that has none and returns how many those
// were. It is idempotent: a unit keeps its first code.
func (s *Store) Issue(ctx context.Context, units []poster.Unit, now time.Time) (int, error) {
	issued := 0
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		for len(units) > 0 {
			n := min(batch, len(units))
			fresh, err := issue(ctx, tx, units[:n], now)
			if err != nil {
				return fmt.Errorf("issue codes: %w", err)
			}
			issued, units = issued+fresh, units[n:]
		}
		return nil
	})
	return issued, err
}

func issue(ctx context.Context, tx pgx.Tx, units []poster.Unit, now time.Time) (int, error) {
	var places, kinds, labels []string
	for _, u := range units {
		places, kinds, labels = append(places, string(u.Place)), append(kinds, string(u.Kind)), append(labels, u.Label)
	}
	tag, err := tx.Exec(ctx, `insert into qr_code (place, kind, label, issued_at)
		select place, kind, label, $4 from unnest($1::text[], $2::text[], $3::text[])
			with ordinality as unit (place, kind, label, n) order by n
		on conflict do nothing`, places, kinds, labels, now)
	return int(tag.RowsAffected()), err
}

const columns = "select number, place, kind, label, version, issued_at, revoked_at, reason from qr_code "

// Codes lists codes by number.
func (s *Store) Codes(ctx context.Context, f poster.Filter) ([]poster.Code, error) {
	if f.Limit <= 0 {
		f.Limit = 1000
	}
	rows, err := s.db.Pool().Query(ctx, columns+`where number > @after
		and (@place = '' or starts_with(place, @place)) and (@kind = '' or kind = @kind)
		and (not @live or revoked_at is null) order by number limit @limit`,
		pgx.NamedArgs{
			"after": f.After, "place": stem(f.Place), "kind": string(f.Kind), "live": f.Live, "limit": min(f.Limit, 10_000),
		})
	if err != nil {
		return nil, fmt.Errorf("list codes: %w", err)
	}
	codes, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("list codes: %w", err)
	}
	return codes, nil
}

// stem is what the codes of all places in p begin with: 620402000000 and
// 620402 are one county.
func stem(p hub.PlaceCode) string {
	s := string(p)
	for len(s) > 4 && len(s)%2 == 0 && s[len(s)-2:] == "00" {
		s = s[:len(s)-2]
	}
	return s
}

// Code returns one code, revoked or not; CodeNotFound if there is none.
func (s *Store) Code(ctx context.Context, n poster.Number) (poster.Code, error) {
	return one(ctx, s.db.Pool(), n, columns+"where number = $1", n)
}

// Revoke ends a code for a reason; scanning it then says so. A code that is
// revoked already stays as it is.
func (s *Store) Revoke(ctx context.Context, n poster.Number, reason string, now time.Time) (poster.Code, error) {
	if reason == "" {
		return poster.Code{}, hub.Errorf(hub.CodeInvalid, "reason.required")
	}
	_, err := s.db.Pool().Exec(ctx, "update qr_code set revoked_at = $2, reason = $3 where number = $1 and revoked_at is null",
		n, now, reason)
	if err != nil {
		return poster.Code{}, fmt.Errorf("revoke code %d: %w", n, err)
	}
	return s.Code(ctx, n)
}

// Renew gives the unit of a code a new print: what hangs there now stops
// working, as when a poster was torn down or pasted over.
func (s *Store) Renew(ctx context.Context, n poster.Number, reason string, now time.Time) (poster.Code, error) {
	if reason == "" {
		return poster.Code{}, hub.Errorf(hub.CodeInvalid, "reason.required")
	}
	c, err := s.Code(ctx, n)
	if err != nil {
		return c, err
	}
	if c.Version == poster.MaxVersion {
		return c, hub.Errorf(hub.CodeConflict, "qr_code.worn_out", int64(n))
	}
	return one(ctx, s.db.Pool(), n, `update qr_code set version = version + 1, issued_at = $2, revoked_at = null, reason = $3
		where number = $1 returning number, place, kind, label, version, issued_at, revoked_at, reason`, n, now, reason)
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func one(ctx context.Context, q querier, n poster.Number, sql string, args ...any) (poster.Code, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return poster.Code{}, fmt.Errorf("code %d: %w", n, err)
	}
	c, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, hub.Errorf(hub.CodeNotFound, "qr_code.not_found", int64(n))
	}
	if err != nil {
		return c, fmt.Errorf("code %d: %w", n, err)
	}
	return c, nil
}

func scan(row pgx.CollectableRow) (poster.Code, error) {
	var c poster.Code
	var revoked *time.Time
	err := row.Scan(&c.Number, &c.Place, &c.Kind, &c.Label, &c.Version, &c.IssuedAt, &revoked, &c.Reason)
	if revoked != nil {
		c.RevokedAt = *revoked
	}
	return c, err
}
