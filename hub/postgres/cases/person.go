package cases

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// OfPerson lists at most n cases that somebody with this identity number
// brought since a moment, the newest first; merged ones are left out. Without
// keys of personal data it finds none.
func (p *Store) OfPerson(ctx context.Context, idNumber string, since time.Time, n int) ([]hub.CaseID, error) {
	who := p.db.Persons(idNumber)
	if who == nil {
		return nil, nil
	}
	rows, err := p.db.Pool().Query(ctx, `select c.id from submission s join cases c on c.receipt = s.receipt
		where s.person = any($1) and c.opened_at >= $2 and c.status <> 'merged'
		order by c.opened_at desc, c.id limit $3`, who, since, n)
	if err != nil {
		return nil, postgres.Wrap(err, "read a person's cases")
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[hub.CaseID])
	return list, postgres.Wrap(err, "read a person's cases")
}
