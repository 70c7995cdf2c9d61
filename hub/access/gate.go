package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// TokenPrefix begins every API token, so that scanners for secrets find them.
const TokenPrefix = "mst_"

// Cookie is the name of the session cookie. Browsers accept the prefix
// __Host- over TLS only, which is where SecureCookie is used.
const (
	Cookie       = "mashang"
	SecureCookie = "__Host-mashang"
)

// Limits of a session.
const (
	sessionIdle = 30 * time.Minute
	seenEvery   = time.Minute
)

// A Gate (入口) finds out who sends a request.
type Gate struct {
	Keeper Keeper // nil knows no accounts
	Clock  hub.Clock
	// Service is the installation's own token, "" for none. It may do
	// everything and is meant for the first set-up and for programs.
	Service string
	// Demo lets requests from this machine in without any proof.
	Demo bool
}

// Principal returns who sends r. Nobody is the zero Principal and no error; a
// proof that is wrong or has ended is an error of CodeUnauthorized.
func (g *Gate) Principal(r *http.Request) (Principal, error) {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok || scheme != "" {
		return g.byHeader(r, scheme, strings.TrimSpace(token))
	}
	if value := SessionCookie(r); value != "" {
		p, err := g.bySession(r.Context(), value)
		if err == nil || hub.CodeOf(err) != hub.CodeUnauthorized || !g.open(r) {
			return p, err
		}
	}
	if g.open(r) {
		return Service("demo", "演示用户"), nil
	}
	return Principal{}, nil
}

// open reports whether r comes straight from this machine to a demonstration.
func (g *Gate) open(r *http.Request) bool {
	if !g.Demo || g.Service != "" || r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" {
		return false
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && from.Addr().Unmap().IsLoopback()
}

// Service returns a principal with every role, who acts for others.
func Service(account, name string) Principal {
	p := Principal{Account: account, Name: name, Service: true, Second: true}
	for _, role := range Roles() {
		p.Grants = append(p.Grants, Grant{Role: role, Rung: 7})
	}
	return p
}

func (g *Gate) byHeader(r *http.Request, scheme, token string) (Principal, error) {
	if strings.EqualFold(scheme, "Basic") {
		_, token, _ = r.BasicAuth()
	} else if !strings.EqualFold(scheme, "Bearer") {
		return Principal{}, hub.Errorf(hub.CodeUnauthorized, "api.token")
	}
	hash := sha256.Sum256([]byte(token))
	if want := sha256.Sum256([]byte(g.Service)); g.Service != "" && subtle.ConstantTimeCompare(hash[:], want[:]) == 1 {
		return Service("service", "系统令牌"), nil
	}
	if g.Keeper == nil || !strings.HasPrefix(token, TokenPrefix) {
		return Principal{}, hub.Errorf(hub.CodeUnauthorized, "api.token")
	}
	return g.byToken(r.Context(), hash)
}

func (g *Gate) byToken(ctx context.Context, hash [32]byte) (Principal, error) {
	t, a, err := g.Keeper.Token(ctx, hash)
	now := g.Clock.Now()
	switch {
	case hub.CodeOf(err) == hub.CodeNotFound:
		return Principal{}, hub.Errorf(hub.CodeUnauthorized, "api.token")
	case err != nil:
		return Principal{}, err
	case !t.RevokedAt.IsZero() || !now.Before(t.ExpiresAt):
		return Principal{}, hub.Errorf(hub.CodeUnauthorized, "token.ended")
	case !a.DisabledAt.IsZero():
		return Principal{}, hub.Errorf(hub.CodeUnauthorized, "account.disabled")
	}
	if now.Sub(t.UsedAt) > seenEvery {
		if err := g.Keeper.Seen(ctx, hash, now); err != nil {
			return Principal{}, err
		}
	}
	p := a.principal(now)
	p.Limits, p.Session = t.Limits, "token "+t.ID
	return p, nil
}

func (g *Gate) bySession(ctx context.Context, value string) (Principal, error) {
	ended := hub.Errorf(hub.CodeUnauthorized, "session.ended")
	if g.Keeper == nil {
		return Principal{}, ended
	}
	hash := sha256.Sum256([]byte(value))
	s, a, err := g.Keeper.Session(ctx, hash)
	now := g.Clock.Now()
	switch {
	case hub.CodeOf(err) == hub.CodeNotFound:
		return Principal{}, ended
	case err != nil:
		return Principal{}, err
	case !now.Before(s.ExpiresAt), now.Sub(s.SeenAt) > sessionIdle, !a.DisabledAt.IsZero():
		return Principal{}, ended
	}
	if now.Sub(s.SeenAt) > seenEvery {
		if err := g.Keeper.Seen(ctx, hash, now); err != nil {
			return Principal{}, err
		}
	}
	p := a.principal(now)
	p.Second, p.Session = s.Second, "session"
	if a.MustChange { // nothing before the password is one's own
		p.Limits = []Right{Self}
	}
	return p, nil
}

// SessionCookie returns the session that r carries, "" for none.
func SessionCookie(r *http.Request) string {
	for _, name := range []string{SecureCookie, Cookie} {
		if c, err := r.Cookie(name); err == nil {
			return c.Value
		}
	}
	return ""
}
