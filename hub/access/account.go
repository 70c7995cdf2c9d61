package access

import (
	"context"
	"regexp"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// An Account (账号) is how a person logs in. Password and TOTP are secrets and
// leave the store only for checking.
type Account struct {
	ID     string       `json:"id"` // what is typed at log-in
	Name   string       `json:"name"`
	Person hub.PersonID `json:"person,omitempty"`
	Phone  string       `json:"-"`
	Mail   string       `json:"-"`
	Grants []Grant      `json:"grants"`
	// Password is an argon2id hash in PHC form, "" for none.
	Password string `json:"-"`
	// TOTP is the secret of the second factor, "" for none.
	TOTP string `json:"-"`
	// Subject is "issuer|sub" of the identity provider.
	Subject    string    `json:"-"`
	CreatedAt  time.Time `json:"created_at"`
	DisabledAt time.Time `json:"disabled_at,omitzero"`
	LastLogin  time.Time `json:"last_login,omitzero"`
	// MustChange asks for a new password at the next log-in.
	MustChange  bool      `json:"must_change,omitempty"`
	Failures    int       `json:"failures,omitempty"`
	LockedUntil time.Time `json:"locked_until,omitzero"`
	Second      bool      `json:"second_factor"`
}

// ids are what may be typed at log-in: letters, digits, and -_.@ inside.
var ids = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{0,62}[a-z0-9]$`)

// Check refuses an account that cannot be: a bad name, or grants that exclude
// one another.
func (a Account) Check() error {
	if !ids.MatchString(a.ID) {
		return hub.Errorf(hub.CodeInvalid, "account.id", a.ID)
	}
	if a.Name == "" {
		return hub.Errorf(hub.CodeInvalid, "account.name")
	}
	return Check(a.Grants)
}

// principal returns who a is at now.
func (a Account) principal(now time.Time) Principal {
	p := Principal{Account: a.ID, Name: a.Name, Person: a.Person, Grants: []Grant{}}
	for _, g := range a.Grants {
		if g.Holds(now) {
			p.Grants = append(p.Grants, g)
		}
	}
	return p
}

// A Session (会话) is a log-in that has not ended.
type Session struct {
	Account   string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
	Second    bool
}

// A Token (接口令牌) lets a program act for an account. Only its hash is kept.
type Token struct {
	ID        string    `json:"id"` // the beginning, to tell tokens apart
	Account   string    `json:"account"`
	Name      string    `json:"name,omitempty"`
	Limits    []Right   `json:"limits,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
	UsedAt    time.Time `json:"used_at,omitzero"`
}

// A Keeper finds who is behind a token or a session. Its methods are safe for
// concurrent use and return an Error of CodeNotFound for what is not there.
type Keeper interface {
	// Token returns the token with that hash and its account, disabled or not.
	Token(ctx context.Context, hash [32]byte) (Token, Account, error)
	// Session returns the session with that hash and its account.
	Session(ctx context.Context, hash [32]byte) (Session, Account, error)
	// Seen records the use of a session or token at now.
	Seen(ctx context.Context, hash [32]byte, now time.Time) error
}
