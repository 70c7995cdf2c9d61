// Package public finds the cases and steps that the outside may see of some
// channels: numbers only, which the caller reads and masks.
//
// Start with [New].
package public

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// A Store finds public cases. Its methods are safe for concurrent use.
type Store struct{ db *postgres.DB }

// New returns the store in db.
func New(db *postgres.DB) *Store { return &Store{db} }

// A Filter chooses cases of some channels; zero fields do not narrow.
type Filter struct {
	Channels []hub.ChannelCode
	Cases    []hub.CaseID
	Receipts []hub.ReceiptID
	From, To time.Time // when they were opened
	Open     *bool
	Services []string // what was asked for; "" finds those that did not say
	Account  string   // who the channel's own user is
	Limit    int
	Offset   int
}

// A Found is a case and when it last changed.
type Found struct {
	ID        hub.CaseID
	UpdatedAt time.Time
}

// Cases lists cases, newest first.
func (s *Store) Cases(ctx context.Context, f Filter) ([]Found, error) {
	accounts := s.db.Accounts(f.Account)
	if f.Account != "" && accounts == nil {
		return nil, hub.Errorf(hub.CodeUnavailable, "account.unsealed")
	}
	rows, err := s.db.Pool().Query(ctx, `select c.id, coalesce(e.at, c.opened_at)
		from cases c left join event e on e.case_id = c.id and e.seq = c.version
		where c.channel = any(@channels)
			and (@ids::text[] is null or c.id = any(@ids)) and (@receipts::text[] is null or c.receipt = any(@receipts))
			and (@since::timestamptz is null or c.opened_at >= @since) and (@until::timestamptz is null or c.opened_at <= @until)
			and (@accounts::text[] is null or c.receipt in (select s.receipt from submission s
				where s.channel = any(@channels) and s.account = any(@accounts)))
			and (@services::text[] is null or coalesce((select s.content::json->'extra'->>'service_code' from submission s
				where s.receipt = c.receipt), '') = any(@services))
			and (@open::boolean is null or @open = (c.status = any(@states)))
		order by c.opened_at desc, c.id desc limit @limit offset @offset`,
		pgx.NamedArgs{
			"channels": f.Channels, "ids": f.Cases, "receipts": f.Receipts, "since": postgres.Null(f.From), "until": postgres.Null(f.To),
			"open": f.Open, "states": open(), "accounts": accounts, "services": f.Services, "limit": f.Limit, "offset": f.Offset,
		})
	if err != nil {
		return nil, fmt.Errorf("find public cases: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Found])
	if err != nil {
		return nil, fmt.Errorf("find public cases: %w", err)
	}
	return found, nil
}

// A Step is one event of a public case.
type Step struct {
	Case hub.CaseID
	Seq  int64
	Type hub.EventType
	At   time.Time
	Text string
}

// lookback is how old a case may be for its steps to be listed.
const lookback = 400 * 24 * time.Hour

// Steps lists events of these types in [from, to), oldest first.
func (s *Store) Steps(ctx context.Context, channels []hub.ChannelCode, types []hub.EventType, from, to time.Time, limit int) ([]Step, error) {
	rows, err := s.db.Pool().Query(ctx, `select e.case_id, e.seq, e.type, e.at, coalesce(e.data::json ->> 'text', '')
		from cases c join event e on e.case_id = c.id
		where c.channel = any(@channels) and c.opened_at >= @oldest and c.opened_at < @to
			and e.at >= @from and e.at < @to and e.type = any(@types)
		order by e.at, e.case_id, e.seq limit @limit`,
		pgx.NamedArgs{
			"channels": channels, "types": types, "oldest": from.Add(-lookback), "from": from, "to": to, "limit": limit,
		})
	if err != nil {
		return nil, fmt.Errorf("list public steps: %w", err)
	}
	steps, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Step])
	if err != nil {
		return nil, fmt.Errorf("list public steps: %w", err)
	}
	return steps, nil
}

func open() []hub.Status {
	return []hub.Status{
		hub.StatusSorting, hub.StatusAssigned, hub.StatusSigned, hub.StatusHandling, hub.StatusWaiting, hub.StatusSuspended,
	}
}
