package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
)

func (s *People) tokens(r *http.Request) (any, error) {
	list, err := s.Secrets.Tokens(r.Context(), r.PathValue("id"))
	if list == nil {
		list = []access.Token{}
	}
	return TokenList{list}, err
}

func (s *People) addToken(r *http.Request) (any, error) {
	var req TokenRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	return s.Issue(r.Context(), r.PathValue("id"), req)
}

// Issue makes a token for an account; its whole text is told only now.
func (s *People) Issue(ctx context.Context, account string, req TokenRequest) (TokenCreated, error) {
	life := tokenLife
	if req.Days != 0 {
		life = time.Duration(req.Days) * 24 * time.Hour
	}
	if life <= 0 || life > maxTokenLife {
		return TokenCreated{}, hub.Errorf(hub.CodeInvalid, "token.life")
	}
	for _, right := range req.Limits {
		if right != access.Self && !slices.Contains(access.Rights(), right) {
			return TokenCreated{}, hub.Errorf(hub.CodeInvalid, "token.right", string(right))
		}
	}
	text, hash, id := access.NewToken()
	now := s.Clock.Now()
	t := access.Token{
		ID: id, Account: account, Name: req.Name, Limits: req.Limits, CreatedAt: now, ExpiresAt: now.Add(life),
	}
	if err := s.Secrets.AddToken(ctx, hash, t); err != nil {
		return TokenCreated{}, err
	}
	return TokenCreated{Token: text, ID: id, Account: t.Account, Expires: t.ExpiresAt}, nil
}

func (s *People) revoke(r *http.Request) (any, error) {
	return Done{true}, s.Secrets.RevokeToken(r.Context(), s.Clock.Now(), r.PathValue("token"))
}

func (s *People) delegate(r *http.Request) (any, error) {
	var req DelegationRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	return Done{true}, s.Lend(r.Context(), r.PathValue("id"), req)
}

// Lend lends what the account itself holds; what was lent to it cannot be lent
// on.
func (s *People) Lend(ctx context.Context, account string, req DelegationRequest) error {
	now := s.Clock.Now()
	if req.Since.IsZero() {
		req.Since = now
	}
	if !req.Until.After(now) || req.Until.After(now.Add(maxDelegation)) || req.Since.After(req.Until) {
		return hub.Errorf(hub.CodeInvalid, "delegation.until")
	}
	if req.Reason == "" {
		return hub.Errorf(hub.CodeInvalid, "reason.required")
	}
	from, err := s.Accounts.Find(ctx, account)
	if err != nil {
		return err
	}
	to, err := s.Accounts.Find(ctx, req.To)
	if err != nil {
		return err
	}
	lent := access.Lend(from, req.Roles, req.Since, req.Until)
	if err := access.Check(append(slices.Clone(to.Grants), lent...)); err != nil {
		return err
	}
	return s.Secrets.Delegate(ctx, now, req.To, lent, req.Reason)
}

// Imported (导入结果) says how many accounts were made or changed and tells the
// passwords of the new ones, once.
type Imported struct {
	Accounts  int            `json:"accounts"`
	Passwords []AccountSaved `json:"passwords"`
}

// maxPasswords is how many passwords an import makes: each costs what a log-in
// costs.
const maxPasswords = 500

// importPeople reads people as a CSV table, see access.ReadPeople. New accounts
// get a password only when that is asked for; else they log in elsewhere or
// after a reset.
func (s *People) importPeople(r *http.Request) (any, error) {
	people, err := access.ReadPeople(http.MaxBytesReader(nil, r.Body, 8<<20))
	if err != nil {
		return nil, err
	}
	old, err := s.Accounts.List(r.Context())
	if err != nil {
		return nil, err
	}
	out := Imported{Accounts: len(people), Passwords: []AccountSaved{}}
	for i := range people {
		a := &people[i]
		if r.URL.Query().Get("passwords") != "true" || len(out.Passwords) == maxPasswords {
			break
		}
		if slices.ContainsFunc(old, func(o access.Account) bool { return o.ID == a.ID }) || a.Subject != "" {
			continue
		}
		password := access.NewPassword()
		a.Password, a.MustChange = access.HashPassword(password), true
		out.Passwords = append(out.Passwords, AccountSaved{a.ID, password})
	}
	return out, s.Accounts.Save(r.Context(), s.Clock.Now(), people...)
}
