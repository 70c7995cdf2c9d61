package qrcode

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/poster"
)

// Elsewhere records that somebody who scanned a code was at another place.
func (s *Store) Elsewhere(ctx context.Context, n poster.Number, place hub.PlaceCode, now time.Time) error {
	_, err := s.db.Pool().Exec(ctx, "insert into qr_elsewhere (number, place, at) values ($1, $2, $3)", n, place, now)
	if err != nil {
		return fmt.Errorf("record a scan of code %d elsewhere: %w", n, err)
	}
	return nil
}

// Misused lists codes that since then were used from at least places other
// places, the widest spread first.
func (s *Store) Misused(ctx context.Context, since time.Time, places int) ([]poster.Misuse, error) {
	rows, err := s.db.Pool().Query(ctx, `select c.number, c.place, c.kind, c.label, c.version, c.issued_at, c.revoked_at, c.reason,
			array_agg(distinct e.place order by e.place), count(*), max(e.at)
		from qr_elsewhere e join qr_code c using (number) where e.at >= $1
		group by c.number having count(distinct e.place) >= $2
		order by count(distinct e.place) desc, c.number limit 1000`, since, places)
	if err != nil {
		return nil, fmt.Errorf("list misused codes: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (poster.Misuse, error) {
		var m poster.Misuse
		var revoked *time.Time
		err := row.Scan(&m.Number, &m.Place, &m.Kind, &m.Label, &m.Version, &m.IssuedAt, &revoked, &m.Reason,
			&m.Places, &m.Times, &m.LastAt)
		if revoked != nil {
			m.RevokedAt = *revoked
		}
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("list misused codes: %w", err)
	}
	return out, nil
}
