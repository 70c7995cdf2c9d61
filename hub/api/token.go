package api

import (
	"net/http"
	"slices"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
)

func (s *accountRoutes) tokens(r *http.Request) (any, error) {
	list, err := s.secrets.Tokens(r.Context(), r.PathValue("id"))
	if list == nil {
		list = []access.Token{}
	}
	return TokenList{list}, err
}

func (s *accountRoutes) addToken(r *http.Request) (any, error) {
	var req TokenRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	life := tokenLife
	if req.Days != 0 {
		life = time.Duration(req.Days) * 24 * time.Hour
	}
	if life <= 0 || life > maxTokenLife {
		return nil, hub.Errorf(hub.CodeInvalid, "token.life")
	}
	for _, right := range req.Limits {
		if right != access.Self && !slices.Contains(access.Rights(), right) {
			return nil, hub.Errorf(hub.CodeInvalid, "token.right", string(right))
		}
	}
	text, hash, id := access.NewToken()
	now := s.clock.Now()
	t := access.Token{
		ID: id, Account: r.PathValue("id"), Name: req.Name, Limits: req.Limits, CreatedAt: now, ExpiresAt: now.Add(life),
	}
	if err := s.secrets.AddToken(r.Context(), hash, t); err != nil {
		return nil, err
	}
	return TokenCreated{Token: text, ID: id, Account: t.Account, Expires: t.ExpiresAt}, nil
}

func (s *accountRoutes) revoke(r *http.Request) (any, error) {
	return Done{true}, s.secrets.RevokeToken(r.Context(), s.clock.Now(), r.PathValue("token"))
}

// delegate lends what the account itself holds; what was lent to it cannot be
// lent on.
func (s *accountRoutes) delegate(r *http.Request) (any, error) {
	var req DelegationRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	now := s.clock.Now()
	if req.Since.IsZero() {
		req.Since = now
	}
	if !req.Until.After(now) || req.Until.After(now.Add(maxDelegation)) || req.Since.After(req.Until) {
		return nil, hub.Errorf(hub.CodeInvalid, "delegation.until")
	}
	if req.Reason == "" {
		return nil, hub.Errorf(hub.CodeInvalid, "reason.required")
	}
	from, err := s.accounts.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	to, err := s.accounts.Find(r.Context(), req.To)
	if err != nil {
		return nil, err
	}
	lent := access.Lend(from, req.Roles, req.Since, req.Until)
	if err := access.Check(append(slices.Clone(to.Grants), lent...)); err != nil {
		return nil, err
	}
	return Done{true}, s.secrets.Delegate(r.Context(), now, req.To, lent, req.Reason)
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
func (s *accountRoutes) importPeople(r *http.Request) (any, error) {
	people, err := access.ReadPeople(http.MaxBytesReader(nil, r.Body, 8<<20))
	if err != nil {
		return nil, err
	}
	old, err := s.accounts.List(r.Context())
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
	return out, s.accounts.Save(r.Context(), s.clock.Now(), people...)
}
