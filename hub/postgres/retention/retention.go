// Package retention deletes personal data from PostgreSQL when its time is over,
// except of cases that are held. What statistics need stays. Start with [New].
package retention

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// A Store deletes and holds. It is safe for concurrent use.
type Store struct{ db *postgres.DB }

// New returns the store.
func New(db *postgres.DB) *Store { return &Store{db} }

// Hold keeps the personal data of a case from deletion, until it is released.
func (s *Store) Hold(ctx context.Context, id hub.CaseID, now time.Time, reason string) error {
	return s.hold(ctx, id, now, "personal.held", reason, `insert into legal_hold (case_id, reason, account, at)
		values (@id, @reason, @account, @now) on conflict (case_id) do update set reason = excluded.reason, at = excluded.at`)
}

// Release lets a case go that was held.
func (s *Store) Release(ctx context.Context, id hub.CaseID, now time.Time, reason string) error {
	return s.hold(ctx, id, now, "personal.released", reason, "delete from legal_hold where case_id = @id")
}

func (s *Store) hold(ctx context.Context, id hub.CaseID, now time.Time, action, reason, statement string) error {
	source, _ := audit.SourceOf(ctx)
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		sql, args := postgres.OneCase(ctx, "1", id)
		var one int
		if err := tx.QueryRow(ctx, sql, args).Scan(&one); err != nil {
			return postgres.NotFound("case.not_found", id)
		}
		_, err := tx.Exec(ctx, statement, pgx.NamedArgs{"id": string(id), "reason": reason, "account": source.Actor.ID, "now": now})
		if err != nil {
			return err
		}
		return auditlog.Append(ctx, tx, audit.New(ctx, now, action, string(id), map[string]string{"reason": reason}))
	})
	return postgres.Wrap(err, "%s %s", action, id)
}

// A LegalHold (依法保留) keeps the personal data of a case.
type LegalHold struct {
	Case   hub.CaseID `json:"case"`
	Reason string     `json:"reason"`
	By     string     `json:"by"`
	At     time.Time  `json:"at"`
}

// Holds returns what is kept from deletion within the scope of ctx, newest
// first.
func (s *Store) Holds(ctx context.Context) ([]LegalHold, error) {
	args := pgx.NamedArgs{}
	rows, err := s.db.Pool().Query(ctx, "select case_id, reason, account, at from legal_hold h where true"+
		postgres.ScopedCase(ctx, "h.case_id", args)+" order by at desc, case_id", args)
	if err != nil {
		return nil, postgres.Wrap(err, "read legal holds")
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[LegalHold])
	return list, postgres.Wrap(err, "read legal holds")
}

// Expiring counts the cases whose personal data [Store.Expire] would delete.
func (s *Store) Expiring(ctx context.Context, before time.Time) (int, error) {
	var n int
	err := s.db.Pool().QueryRow(ctx, "select count(*) from cases c join submission s on s.receipt = c.receipt"+expired, before).Scan(&n)
	return n, postgres.Wrap(err, "count what is past its term")
}

// expired are the cases c, with their submissions s, that were closed before
// $1, hold personal data and are not held.
const expired = ` where c.closed_at < $1 and s.erased_at is null
	and c.status in ('resolved', 'answered', 'rejected', 'merged', 'archived')
	and not exists (select from legal_hold h where h.case_id = c.id)`

// erased is what stands where a citizen's words were.
const erased = "（个人信息已按保存期限删除）"

// Expire deletes the personal data of up to n cases that were closed before a
// time and are not held, wherever it is kept (hub/doc/personal.tsv): who the
// citizen was, what they wrote, the bytes and photos that arrived, their copies
// in deliveries, the words of the case's history, orders, reviews and visits.
// What statistics need stays. It returns the cases.
func (s *Store) Expire(ctx context.Context, now, before time.Time, n int) ([]hub.CaseID, error) {
	var gone []hub.CaseID
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "select c.id from cases c join submission s on s.receipt = c.receipt"+expired+
			" order by c.closed_at limit $2 for update of s skip locked", before, n)
		if err != nil {
			return err
		}
		if gone, err = pgx.CollectRows(rows, pgx.RowTo[hub.CaseID]); err != nil || len(gone) == 0 {
			return err
		}
		if err := erasePhotos(ctx, tx, gone); err != nil {
			return err
		}
		var b pgx.Batch
		args := pgx.NamedArgs{"gone": gone, "erased": erased, "now": now, "content": fmt.Sprintf(`{"title": %q, "text": %q}`, erased, erased)}
		for _, sql := range erasures() {
			b.Queue(sql, args)
		}
		if err := tx.SendBatch(ctx, &b).Close(); err != nil {
			return err
		}
		e := audit.New(ctx, now, audit.Deleted, "retention", map[string]string{"cases": join(gone), "before": before.Format(time.RFC3339)})
		return auditlog.Append(ctx, tx, e)
	})
	return gone, postgres.Wrap(err, "delete personal data")
}

// erasures are the statements that delete what is kept of the cases @gone.
func erasures() []string {
	return []string{
		`update submission s set content = @content, raw = null, account = null, person = null, erased_at = @now
			from cases c where c.receipt = s.receipt and c.id = any(@gone::text[])`,
		`update cases set title = @erased, state = (state::jsonb #- '{asked,reason}')::text where id = any(@gone::text[])`,
		`update event set data = (data::jsonb - 'text' #- '{extension,reason}')::text, erased_at = @now
			where case_id = any(@gone::text[]) and (data::json->>'text' is not null or data::json->'extension' is not null)`,
		"update delivery set alert = (alert::jsonb - 'content' - 'text')::text, receipt = receipt - 'facts' - 'reason' where case_id = any(@gone::text[])",
		"update attempt a set result = '' from delivery d where d.alert_id = a.alert_id and d.case_id = any(@gone::text[])",
		"update case_order set text = @erased, answer = case answer when '' then '' else @erased end where case_id = any(@gone::text[])",
		"update deputy_act set text = '' where case_id = any(@gone::text[])",
		"update return_visit set text = '' where case_id = any(@gone::text[])",
		"update alert_feedback set note = '' where case_id = any(@gone::text[])",
		`update assess_appeal set reason = @erased, decision = case decision when '' then '' else @erased end
			where case_id = any(@gone::text[])`,
		"delete from search_words where case_id = any(@gone::text[])",
		"delete from dead_letter where key = any(@gone::text[])",
	}
}

// erasePhotos deletes the photos and documents of cases that are not those of
// another case too.
func erasePhotos(ctx context.Context, tx pgx.Tx, gone []hub.CaseID) error {
	rows, err := tx.Query(ctx, `select distinct a->>'sha256' from cases c join submission s on s.receipt = c.receipt,
		jsonb_array_elements(s.content::jsonb->'attachments') a where c.id = any($1::text[])
		union select t.sha256 from (select (regexp_matches(e.data::json->>'text', '现场照片 ([0-9a-f]{16})', 'g'))[1] as begins from event e
			where e.case_id = any($1::text[])) p join attachment t on t.sha256 >= p.begins and t.sha256 < p.begins || 'g'`, gone)
	if err != nil {
		return err
	}
	digests, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(digests) == 0 {
		return err
	}
	_, err = tx.Exec(ctx, `delete from attachment where sha256 = any($1::text[]) and sha256 not in (
		select a->>'sha256' from submission s, jsonb_array_elements(s.content::jsonb->'attachments') a
		where s.erased_at is null and not s.case_id = any($2::text[]) and s.content like '%"attachments":%')`, digests, gone)
	return err
}

// ExpireLetters deletes dead letters that came before a time and returns how
// many: nobody can tell whose data they hold.
func (s *Store) ExpireLetters(ctx context.Context, now, before time.Time) (int, error) {
	var n int64
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "delete from dead_letter where coalesce(last_at, at) < $1", before)
		if n = tag.RowsAffected(); err != nil || n == 0 {
			return err
		}
		e := audit.New(ctx, now, audit.Deleted, "dead_letter", map[string]string{"letters": strconv.FormatInt(n, 10), "before": before.Format(time.RFC3339)})
		return auditlog.Append(ctx, tx, e)
	})
	return int(n), postgres.Wrap(err, "delete old dead letters")
}

func join(ids []hub.CaseID) string {
	text := make([]string, len(ids))
	for i, id := range ids {
		text[i] = string(id)
	}
	return strings.Join(text, " ")
}
