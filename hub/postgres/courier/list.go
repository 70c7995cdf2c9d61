package courier

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/courier"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// A Filter narrows a list of notices; empty fields do not.
type Filter struct {
	Status courier.Status
	Case   hub.CaseID
	Person hub.PersonID
	Event  hub.EventType
	// To is citizen or staff.
	To           string
	Since, Until time.Time // of the event, from the one to before the other
	Limit        int       // 0 means 50, at most 1000
	// AfterAt and AfterID are of the last notice of the page before: those
	// behind it are listed.
	AfterAt time.Time
	AfterID string
}

// terms of a list, also of the counts beside it.
const terms = ` from person_notice n where (@case = '' or case_id = @case) and (@person = '' or person = @person)
	and (@event = '' or event = @event) and (@to = '' or (person = '') = (@to = 'citizen'))
	and (@since::timestamptz is null or at >= @since) and (@until::timestamptz is null or at < @until)`

func (f Filter) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"status": string(f.Status), "case": string(f.Case), "person": string(f.Person), "event": string(f.Event), "to": f.To,
		"since": null(f.Since), "until": null(f.Until), "after_at": null(f.AfterAt), "after_id": f.AfterID,
	}
}

// List returns notices within the scope of ctx, newest first.
func (s *Store) List(ctx context.Context, f Filter) ([]courier.Notice, error) {
	if f.Limit <= 0 {
		f.Limit = 50
	}
	args := f.args()
	args["limit"] = min(f.Limit, 1000)
	rows, err := s.db.Pool().Query(ctx, "select "+columns+terms+` and (@status = '' or status = @status)
		and (@after_at::timestamptz is null or at <= @after_at and (at < @after_at or id > @after_id))`+
		postgres.ScopedCase(ctx, "n.case_id", args)+` order by at desc, id limit @limit`, args)
	if err != nil {
		return nil, postgres.Wrap(err, "read notices")
	}
	list, err := pgx.CollectRows(rows, scan)
	return list, postgres.Wrap(err, "read notices")
}

// Notice returns one within the scope of ctx.
func (s *Store) Notice(ctx context.Context, id string) (courier.Notice, error) {
	args := pgx.NamedArgs{"id": id}
	rows, err := s.db.Pool().Query(ctx, "select "+columns+" from person_notice n where id = @id"+postgres.ScopedCase(ctx, "n.case_id", args), args)
	if err != nil {
		return courier.Notice{}, postgres.Wrap(err, "read notice %s", id)
	}
	list, err := pgx.CollectRows(rows, scan)
	if err == nil && len(list) == 0 {
		return courier.Notice{}, hub.Errorf(hub.CodeNotFound, "notice.not_found", id)
	}
	if err != nil {
		return courier.Notice{}, postgres.Wrap(err, "read notice %s", id)
	}
	return list[0], nil
}

// Counts returns how many notices of f there are of each status, within the
// scope of ctx.
func (s *Store) Counts(ctx context.Context, f Filter) (map[courier.Status]int, error) {
	args, out := f.args(), map[courier.Status]int{}
	rows, err := s.db.Pool().Query(ctx, "select status, count(*)"+terms+postgres.ScopedCase(ctx, "n.case_id", args)+" group by status", args)
	if err != nil {
		return nil, postgres.Wrap(err, "count notices")
	}
	var status courier.Status
	var n int
	_, err = pgx.ForEachRow(rows, []any{&status, &n}, func() error { out[status] = n; return nil })
	return out, postgres.Wrap(err, "count notices")
}

// Again has a notice that was given up, or that went out and did not arrive,
// sent once more, from its first way, as a message of its own, with its audit
// record.
func (s *Store) Again(ctx context.Context, id, reason string, now time.Time) error {
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"id": id, "now": now}
		tag, err := tx.Exec(ctx, `update person_notice n set status = 'waiting', way = 0, attempts = 0, next_at = @now, sent_at = null, reason = '',
				message = id || '.again' || extract(epoch from @now::timestamptz)::bigint
			where id = @id and status <> 'waiting'`+postgres.ScopedCase(ctx, "n.case_id", args), args)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return hub.Errorf(hub.CodeNotFound, "notice.not_dead", id)
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, now, "notice.again", id, map[string]string{"reason": reason}))
	})
	return postgres.Wrap(err, "send notice %s again", id)
}
