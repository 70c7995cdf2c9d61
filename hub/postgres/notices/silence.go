package notices

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/notice"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// Add checks and stores a silence, records who set it, and returns it with its
// number.
func (s *Store) Add(ctx context.Context, si notice.Silence, now time.Time) (notice.Silence, error) {
	if err := si.Validate(); err != nil {
		return si, err
	}
	matchers, err := json.Marshal(si.Matchers)
	if err != nil {
		return si, fmt.Errorf("encode matchers: %w", err)
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `insert into silence (matchers, author, reason, starts_at, ends_at, created_at)
			values ($1, $2, $3, $4, $5, $6) returning id`,
			string(matchers), si.Author, si.Reason, si.StartsAt, si.EndsAt, now).Scan(&si.ID)
		if err != nil {
			return err
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, now, "silence.set", "silence/"+strconv.FormatInt(si.ID, 10),
			map[string]string{"matchers": string(matchers), "reason": si.Reason, "ends_at": si.EndsAt.UTC().Format(time.RFC3339)}))
	})
	return si, wrap(err, "add silence")
}

// End ends a silence at now; what it held comes back.
func (s *Store) End(ctx context.Context, id int64, now time.Time) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "update silence set ends_at = greatest(starts_at, $2) where id = $1 and ends_at > $2", id, now)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return hub.Errorf(hub.CodeNotFound, "silence.not_found", id)
		}
		name := strconv.FormatInt(id, 10)
		_, err = tx.Exec(ctx, "update delivery set next_at = $2 where status = 'muted' and muted_by = $1 and next_at > $2", "silence:"+name, now)
		if err != nil {
			return err
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, now, "silence.ended", "silence/"+name, nil))
	})
	return wrap(err, "end silence")
}

// Active implements notice.Store.
func (s *Store) Active(ctx context.Context, now time.Time) ([]notice.Silence, error) {
	return s.list(ctx, now, false)
}

// List returns the silences, those that are over too, with how many alerts each
// holds; the newest first.
func (s *Store) List(ctx context.Context, now time.Time) ([]notice.Silence, error) {
	return s.list(ctx, now, true)
}

func (s *Store) list(ctx context.Context, now time.Time, all bool) ([]notice.Silence, error) {
	count := "0"
	if all {
		count = "(select count(*) from delivery d where d.status = 'muted' and d.muted_by = 'silence:' || s.id)::int"
	}
	res, err := s.pool.Query(ctx, `select id, matchers, author, reason, starts_at, ends_at, `+count+`
		from silence s where $2 or ends_at > $1 order by id desc limit 1000`, now, all)
	if err != nil {
		return nil, wrap(err, "read silences")
	}
	list, err := pgx.CollectRows(res, func(r pgx.CollectableRow) (notice.Silence, error) {
		var si notice.Silence
		var matchers []byte
		if err := r.Scan(&si.ID, &matchers, &si.Author, &si.Reason, &si.StartsAt, &si.EndsAt, &si.Muted); err != nil {
			return si, err
		}
		si.StartsAt, si.EndsAt = si.StartsAt.UTC(), si.EndsAt.UTC()
		return si, json.Unmarshal(matchers, &si.Matchers)
	})
	return list, wrap(err, "read silences")
}
