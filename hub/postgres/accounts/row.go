package accounts

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// scanned gathers what a row of columns is read into.
type scanned struct {
	account                     access.Account
	phone, mail, totp, grants   []byte
	disabled, lastLogin, locked *time.Time
}

func (r *scanned) targets() []any {
	a := &r.account
	return []any{
		&a.ID, &a.Name, &a.Person, &r.phone, &r.mail, &a.Password, &r.totp, &a.Subject, &a.CreatedAt, &r.disabled,
		&r.lastLogin, &a.MustChange, &a.Failures, &r.locked, &a.Second, &r.grants,
	}
}

func (s *Store) scan(row pgx.CollectableRow) (access.Account, error) {
	var r scanned
	if err := row.Scan(r.targets()...); err != nil {
		return r.account, err
	}
	return s.finish(r)
}

// finish opens what is sealed and decodes the grants.
func (s *Store) finish(r scanned) (access.Account, error) {
	a := r.account
	a.CreatedAt = a.CreatedAt.UTC()
	a.DisabledAt, a.LastLogin, a.LockedUntil = postgres.Zero(r.disabled), postgres.Zero(r.lastLogin), postgres.Zero(r.locked)
	phone, err := s.keys.Open("account/"+a.ID+"/phone", r.phone)
	if err != nil {
		return a, fmt.Errorf("phone of %s: %w", a.ID, err)
	}
	mail, err := s.keys.Open("account/"+a.ID+"/mail", r.mail)
	if err != nil {
		return a, fmt.Errorf("mail of %s: %w", a.ID, err)
	}
	secret, err := s.keys.Open("account/"+a.ID+"/totp", r.totp)
	if err != nil {
		return a, fmt.Errorf("second factor of %s: %w", a.ID, err)
	}
	a.Phone, a.Mail, a.TOTP = string(phone), string(mail), string(secret)
	if err := json.Unmarshal(r.grants, &a.Grants); err != nil {
		return a, fmt.Errorf("grants of %s: %w", a.ID, err)
	}
	for i := range a.Grants {
		if g := &a.Grants[i]; g.Since.Unix() == 0 {
			g.Since = time.Time{}
		}
	}
	return a, nil
}

func notFound(id string) error { return hub.Errorf(hub.CodeNotFound, "account.not_found", id) }
