package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
)

// record runs f and writes one audit record in the same transaction.
func (s *Store) record(ctx context.Context, e audit.Entry, f func(tx pgx.Tx) error) error {
	defer s.recent.forget()
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return auditlog.Append(ctx, tx, e)
	})
	return postgres.Wrap(err, "%s", e.Action)
}

// change runs a statement about account id and records it.
func (s *Store) change(ctx context.Context, now time.Time, action, id, sql string, args ...any) error {
	return s.record(ctx, audit.New(ctx, now, action, "account/"+id, nil), func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql, append([]any{id}, args...)...)
		if err == nil && tag.RowsAffected() == 0 {
			return notFound(id)
		}
		return err
	})
}

// Failed counts a failed log-in and locks the account until then, if that is
// not zero. An account that is not there is recorded only.
func (s *Store) Failed(ctx context.Context, now time.Time, id, reason string, until time.Time) error {
	var locked *time.Time
	if !until.IsZero() {
		locked = &until
	}
	e := audit.New(ctx, now, audit.LoginFailed, "account/"+id, map[string]string{"reason": reason})
	return s.record(ctx, e, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `update account set failures = failures + 1, locked_until = coalesce($2, locked_until)
			where id = $1`, id, locked)
		return err
	})
}

// Begin opens a session after a log-in. step is the step of the code of the
// second factor, 0 without one: a step that was used is refused with
// "login.code_used".
func (s *Store) Begin(ctx context.Context, hash [32]byte, x access.Session, step int64) error {
	e := audit.New(ctx, x.CreatedAt, audit.LoginDone, "account/"+x.Account, nil)
	e.Actor = hub.Actor{Kind: hub.ActorPerson, ID: x.Account}
	return s.record(ctx, e, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `update account set failures = 0, locked_until = null, last_login = $2,
			totp_step = greatest(totp_step, $3) where id = $1 and ($3 = 0 or totp_step < $3)`, x.Account, x.CreatedAt, step)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return hub.Errorf(hub.CodeUnauthorized, "login.code_used")
		}
		_, err = tx.Exec(ctx, `insert into account_session (id, account, created_at, seen_at, expires_at, second)
			values ($1, $2, $3, $3, $4, $5)`, hash[:], x.Account, x.CreatedAt, x.ExpiresAt, x.Second)
		return err
	})
}

// End closes a session, or with all every one of the account.
func (s *Store) End(ctx context.Context, now time.Time, hash [32]byte, account string, all bool) error {
	return s.record(ctx, audit.New(ctx, now, audit.Logout, "account/"+account, nil), func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "delete from account_session where id = $1 or ($3 and account = $2)", hash[:], account, all)
		return err
	})
}

// Session returns the session with that hash and its account.
func (s *Store) Session(ctx context.Context, hash [32]byte) (access.Session, access.Account, error) {
	var x access.Session
	a, err := s.joined(ctx, `select x.account, x.created_at, x.seen_at, x.expires_at, x.second, `+columns+`
		from account_session x join account a on a.id = x.account where x.id = $1`, hash[:],
		&x.Account, &x.CreatedAt, &x.SeenAt, &x.ExpiresAt, &x.Second)
	return x, a, err
}

// joined reads one row of own targets followed by the columns of an account.
func (s *Store) joined(ctx context.Context, sql string, arg any, own ...any) (access.Account, error) {
	rows, err := s.db.Pool().Query(ctx, sql, arg)
	if err != nil {
		return access.Account{}, postgres.Wrap(err, "read account")
	}
	a, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (access.Account, error) {
		var r scanned
		if err := row.Scan(append(own, r.targets()...)...); err != nil {
			return access.Account{}, err
		}
		return s.finish(r)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return a, hub.Errorf(hub.CodeNotFound, "session.not_found")
	}
	return a, postgres.Wrap(err, "read account")
}

// Seen records the use of a session or token at now.
func (s *Store) Seen(ctx context.Context, hash [32]byte, now time.Time) error {
	defer s.recent.forget()
	for _, sql := range []string{
		"update account_session set seen_at = $2 where id = $1", "update account_token set used_at = $2 where hash = $1",
	} {
		if _, err := s.db.Pool().Exec(ctx, sql, hash[:], now); err != nil {
			return postgres.Wrap(err, "record use")
		}
	}
	return nil
}

// SetPassword stores a new password hash and ends all sessions.
func (s *Store) SetPassword(ctx context.Context, now time.Time, id, hash string, mustChange bool) error {
	return s.change(ctx, now, "account.password_changed", id, `with gone as (delete from account_session where account = $1)
		update account set password = $2, must_change = $3, failures = 0, locked_until = null, changed_at = $4 where id = $1`,
		hash, mustChange, now)
}

// SetTOTP stores the secret of a second factor, "" to take it away.
func (s *Store) SetTOTP(ctx context.Context, now time.Time, id, secret string) error {
	return s.change(ctx, now, "account.second_factor_changed", id,
		"update account set totp = $2, totp_step = 0, changed_at = $3 where id = $1",
		s.keys.Seal("account/"+id+"/totp", []byte(secret)), now)
}

// SetDisabled closes an account with all its sessions and tokens, or opens it
// again.
func (s *Store) SetDisabled(ctx context.Context, now time.Time, id string, disabled bool) error {
	if !disabled {
		return s.change(ctx, now, "account.enabled", id, "update account set disabled_at = null, changed_at = $2 where id = $1", now)
	}
	return s.change(ctx, now, "account.disabled", id, `with gone as (delete from account_session where account = $1),
		revoked as (update account_token set revoked_at = $2 where account = $1 and revoked_at is null)
		update account set disabled_at = $2, changed_at = $2 where id = $1`, now)
}

// SetLocked locks an account until then, or unlocks it at the zero time.
func (s *Store) SetLocked(ctx context.Context, now time.Time, id string, until time.Time) error {
	if until.IsZero() {
		return s.change(ctx, now, "account.unlocked", id, "update account set locked_until = null, failures = 0, changed_at = $2 where id = $1", now)
	}
	return s.change(ctx, now, "account.locked", id, `with gone as (delete from account_session where account = $1)
		update account set locked_until = $2, changed_at = $3 where id = $1`, until, now)
}

// Delegate lends the grants of one account to another until they end.
func (s *Store) Delegate(ctx context.Context, now time.Time, to string, grants []access.Grant, reason string) error {
	if len(grants) == 0 {
		return hub.Errorf(hub.CodeInvalid, "account.no_role")
	}
	from := grants[0].From
	e := audit.New(ctx, now, "account.delegated", "account/"+to, map[string]string{
		"from": from, "until": grants[0].Until.Format(time.RFC3339), "reason": reason,
	})
	return s.record(ctx, e, func(tx pgx.Tx) error {
		var n int
		if err := tx.QueryRow(ctx, "select count(*) from account where id in ($1, $2)", from, to).Scan(&n); err != nil {
			return err
		}
		if n != 2 {
			return notFound(to)
		}
		if err := insertGrants(ctx, tx, to, grants, reason); err != nil {
			return fmt.Errorf("delegate: %w", err)
		}
		return nil
	})
}

// Purge forgets sessions that have ended.
func (s *Store) Purge(ctx context.Context, now time.Time) error {
	_, err := s.db.Pool().Exec(ctx, "delete from account_session where expires_at < $1", now)
	return postgres.Wrap(err, "purge sessions")
}
