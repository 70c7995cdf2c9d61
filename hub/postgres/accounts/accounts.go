// Package accounts keeps accounts, their grants, sessions and tokens in
// PostgreSQL. Every change is recorded in the audit in its own transaction.
//
// It checks no passwords and gives no rights: package access does. Start with
// [New].
package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	"github.com/mashang-hub/mashang/hub/seal"
)

// A Store keeps accounts. It is safe for concurrent use.
type Store struct {
	db     *postgres.DB
	keys   *seal.Keyring
	recent memory
}

// New returns the store; phones, mail addresses and second factors are sealed with keys.
func New(db *postgres.DB, keys *seal.Keyring) *Store { return &Store{db: db, keys: keys} }

// Save adds an account or changes the one of that name, with its grants. An
// empty password, phone, mail or subject leaves the old one; delegated grants stay.
func (s *Store) Save(ctx context.Context, now time.Time, accounts ...access.Account) error {
	for _, a := range accounts {
		if err := a.Check(); err != nil {
			return err
		}
	}
	defer s.recent.forget()
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		for _, a := range accounts {
			if err := s.save(ctx, tx, now, a); err != nil {
				return err
			}
		}
		return auditlog.Append(ctx, tx, savedEntry(ctx, now, accounts))
	})
	return postgres.Wrap(err, "save accounts")
}

// savedEntry is one record for all accounts of a call: an import is one act.
func savedEntry(ctx context.Context, now time.Time, accounts []access.Account) audit.Entry {
	object, data := "accounts", map[string]string{"count": fmt.Sprint(len(accounts))}
	if len(accounts) == 1 {
		object = "account/" + accounts[0].ID
		data = map[string]string{"grants": grantText(accounts[0].Grants)}
	}
	return audit.New(ctx, now, audit.AccountSaved, object, data)
}

func grantText(grants []access.Grant) string {
	var text strings.Builder
	for _, g := range grants {
		text.WriteString(fmt.Sprintf("%s %s %s %d;", g.Role, g.Place, g.Department, g.Rung))
	}
	return text.String()
}

func (s *Store) save(ctx context.Context, tx pgx.Tx, now time.Time, a access.Account) error {
	var subject *string
	if a.Subject != "" {
		subject = &a.Subject
	}
	_, err := tx.Exec(ctx, `insert into account (id, name, person, phone, mail, password, subject, must_change, created_at, changed_at)
		values (@id, @name, @person, @phone, @mail, @password, @subject, @must, @now, @now)
		on conflict (id) do update set name = excluded.name, changed_at = excluded.changed_at,
			person = excluded.person, phone = coalesce(excluded.phone, account.phone), mail = coalesce(excluded.mail, account.mail),
			password = case when excluded.password = '' then account.password else excluded.password end,
			must_change = case when excluded.password = '' then account.must_change else excluded.must_change end,
			subject = coalesce(excluded.subject, account.subject)`, pgx.NamedArgs{
		"id": a.ID, "name": a.Name, "person": string(a.Person), "phone": s.keys.Seal("account/"+a.ID+"/phone", []byte(a.Phone)),
		"mail": s.keys.Seal("account/"+a.ID+"/mail", []byte(a.Mail)), "password": a.Password, "subject": subject, "must": a.MustChange, "now": now,
	})
	if err != nil {
		return fmt.Errorf("account %s: %w", a.ID, err)
	}
	if _, err := tx.Exec(ctx, "delete from account_grant where account = $1 and from_account = ''", a.ID); err != nil {
		return fmt.Errorf("grants of %s: %w", a.ID, err)
	}
	return insertGrants(ctx, tx, a.ID, a.Grants, "")
}

func insertGrants(ctx context.Context, tx pgx.Tx, account string, grants []access.Grant, reason string) error {
	for _, g := range grants {
		var until *time.Time
		if !g.Until.IsZero() {
			until = &g.Until
		}
		since := g.Since
		if since.IsZero() {
			since = time.Unix(0, 0)
		}
		_, err := tx.Exec(ctx, `insert into account_grant (account, role, place, department, rung, since, until, from_account, reason)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`, account, string(g.Role), string(g.Place),
			string(g.Department), int32(g.Rung), since, until, g.From, reason)
		if err != nil {
			return fmt.Errorf("grant of %s: %w", account, err)
		}
	}
	return nil
}

// grants is the JSON of an account's grants, beside the columns of account a.
const columns = `a.id, a.name, a.person, a.phone, a.mail, a.password, a.totp, coalesce(a.subject, ''), a.created_at, a.disabled_at,
	a.last_login, a.must_change, a.failures, a.locked_until, a.totp is not null,
	(select coalesce(jsonb_agg(jsonb_build_object('role', role, 'place', place, 'department', department, 'rung', rung,
		'since', since, 'until', until, 'from', from_account) order by role, place, department), '[]')
	 from account_grant g where g.account = a.id)`

// Find returns the account of that name.
func (s *Store) Find(ctx context.Context, id string) (access.Account, error) {
	return s.one(ctx, "select "+columns+" from account a where a.id = $1", id)
}

// FindSubject returns the account that an identity provider knows as subject.
func (s *Store) FindSubject(ctx context.Context, subject string) (access.Account, error) {
	return s.one(ctx, "select "+columns+" from account a where a.subject = $1", subject)
}

// FindPerson returns the account of a member of staff that is not disabled.
func (s *Store) FindPerson(ctx context.Context, person hub.PersonID) (access.Account, error) {
	return s.one(ctx, "select "+columns+" from account a where a.person = $1 and a.person <> '' and a.disabled_at is null order by a.id limit 1",
		string(person))
}

func (s *Store) one(ctx context.Context, sql string, arg any) (access.Account, error) {
	rows, err := s.db.Pool().Query(ctx, sql, arg)
	if err != nil {
		return access.Account{}, postgres.Wrap(err, "read account")
	}
	a, err := pgx.CollectExactlyOneRow(rows, s.scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, hub.Errorf(hub.CodeNotFound, "account.not_found", arg)
	}
	return a, postgres.Wrap(err, "read account")
}

// List returns all accounts by name.
func (s *Store) List(ctx context.Context) ([]access.Account, error) {
	rows, err := s.db.Pool().Query(ctx, "select "+columns+" from account a order by a.id")
	if err != nil {
		return nil, postgres.Wrap(err, "read accounts")
	}
	list, err := pgx.CollectRows(rows, s.scan)
	return list, postgres.Wrap(err, "read accounts")
}

// HasAdmin reports whether somebody can manage accounts.
func (s *Store) HasAdmin(ctx context.Context) (bool, error) {
	rows, err := s.db.Pool().Query(ctx, `select exists (select from account a join account_grant g on g.account = a.id
		where g.role = $1 and a.disabled_at is null)`, string(access.SecurityAdmin))
	if err != nil {
		return false, postgres.Wrap(err, "look for an admin")
	}
	has, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	return has, postgres.Wrap(err, "look for an admin")
}

// Reseal seals the telephones, mail addresses and second factors of all accounts with the
// current key and returns how many it changed.
func (s *Store) Reseal(ctx context.Context) (changed int, err error) {
	list, err := s.List(ctx)
	if err != nil {
		return 0, err
	}
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		for _, a := range list {
			tag, err := tx.Exec(ctx, `update account set phone = $2, totp = $3, mail = $4
					where id = $1 and (phone is not null or totp is not null or mail is not null)`,
				a.ID, s.keys.Seal("account/"+a.ID+"/phone", []byte(a.Phone)), s.keys.Seal("account/"+a.ID+"/totp", []byte(a.TOTP)),
				s.keys.Seal("account/"+a.ID+"/mail", []byte(a.Mail)))
			if err != nil {
				return err
			}
			changed += int(tag.RowsAffected())
		}
		return nil
	})
	return changed, postgres.Wrap(err, "seal accounts anew")
}
