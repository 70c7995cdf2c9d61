package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/mashang-hub/mashang/hub"
)

// Limits of logging in.
const (
	maxFailures = 5
	lockTime    = 15 * time.Minute
	sessionLife = 10 * time.Hour
	hashers     = 4 // passwords checked at once: each takes 19 MiB
	totpPeriod  = 30
)

// A LoginStore keeps what logging in changes, each with its audit record.
type LoginStore interface {
	Find(ctx context.Context, id string) (Account, error)
	FindSubject(ctx context.Context, subject string) (Account, error)
	// Failed counts a failure; a time that is not zero locks the account.
	Failed(ctx context.Context, now time.Time, id, reason string, until time.Time) error
	// Begin opens a session; a step of the second factor counts once.
	Begin(ctx context.Context, hash [32]byte, s Session, step int64) error
	End(ctx context.Context, now time.Time, hash [32]byte, account string, all bool) error
}

// A Login (登录) opens and closes sessions. Make one with NewLogin; it is safe
// for concurrent use.
type Login struct {
	store LoginStore
	clock hub.Clock
	slots chan struct{}
}

// NewLogin returns a Login.
func NewLogin(store LoginStore, clock hub.Clock) *Login {
	return &Login{store, clock, make(chan struct{}, hashers)}
}

// Password opens a session for a name with its password and, if the account
// has a second factor, the code that it shows. All wrong answers look the
// same.
func (l *Login) Password(ctx context.Context, id, password, code string) (string, Account, error) {
	now := l.clock.Now()
	a, err := l.store.Find(ctx, id)
	if err != nil && hub.CodeOf(err) != hub.CodeNotFound {
		return "", a, err
	}
	known := err == nil
	if known && now.Before(a.LockedUntil) {
		return "", a, hub.Errorf(hub.CodeForbidden, "login.locked")
	}
	right, err := l.check(ctx, a.Password, password)
	if err != nil {
		return "", a, err
	}
	if !known || !right || !a.DisabledAt.IsZero() {
		return "", a, l.refuse(ctx, now, id, a, "password")
	}
	var step int64
	if a.TOTP != "" {
		if code == "" {
			return "", a, hub.Errorf(hub.CodeUnauthorized, "login.code_needed")
		}
		if step = matchStep(a.TOTP, code, now); step == 0 {
			return "", a, l.refuse(ctx, now, id, a, "code")
		}
	}
	value, err := l.begin(ctx, a, now, step, step > 0)
	return value, a, err
}

// check spends the time of a password check, a few at once.
func (l *Login) check(ctx context.Context, hash, password string) (bool, error) {
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
		return CheckPassword(hash, password), nil
	case <-ctx.Done():
		return false, &hub.Error{Code: hub.CodeUnavailable, Key: "login.busy", Err: ctx.Err()}
	}
}

// refuse counts a failure and locks the account after too many.
func (l *Login) refuse(ctx context.Context, now time.Time, id string, a Account, reason string) error {
	var until time.Time
	if a.Failures+1 >= maxFailures {
		until = now.Add(lockTime)
	}
	if err := l.store.Failed(ctx, now, short(id), reason, until); err != nil {
		return err
	}
	return hub.Errorf(hub.CodeUnauthorized, "login.wrong")
}

func short(s string) string {
	if r := []rune(s); len(r) > 64 {
		return string(r[:64])
	}
	return s
}

// Subject opens a session for the account that an identity provider vouches
// for; the provider has seen to the second factor.
func (l *Login) Subject(ctx context.Context, subject string) (string, Account, error) {
	now := l.clock.Now()
	a, err := l.store.FindSubject(ctx, subject)
	if hub.CodeOf(err) == hub.CodeNotFound {
		if err := l.store.Failed(ctx, now, "oidc", "unknown subject", time.Time{}); err != nil {
			return "", a, err
		}
		return "", a, hub.Errorf(hub.CodeForbidden, "login.no_account")
	}
	if err != nil {
		return "", a, err
	}
	if !a.DisabledAt.IsZero() || now.Before(a.LockedUntil) {
		return "", a, hub.Errorf(hub.CodeForbidden, "account.disabled")
	}
	value, err := l.begin(ctx, a, now, 0, true)
	return value, a, err
}

func (l *Login) begin(ctx context.Context, a Account, now time.Time, step int64, second bool) (string, error) {
	value := rand.Text()
	return value, l.store.Begin(ctx, sha256.Sum256([]byte(value)), Session{
		Account: a.ID, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(sessionLife), Second: second,
	}, step)
}

// Logout ends the session behind a cookie, or with all every session of the
// account.
func (l *Login) Logout(ctx context.Context, value, account string, all bool) error {
	return l.store.End(ctx, l.clock.Now(), sha256.Sum256([]byte(value)), account, all)
}

// NewTOTP returns a secret for a second factor and the address that an
// authenticator app reads from a QR code.
func NewTOTP(account string) (secret, address string, err error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "mashang", AccountName: account})
	if err != nil {
		return "", "", err
	}
	return key.Secret(), key.URL(), nil
}

// MatchTOTP reports whether code is what secret shows around now.
func MatchTOTP(secret, code string, now time.Time) bool { return matchStep(secret, code, now) > 0 }

// matchStep returns the step whose code was given, 0 if none: the present one
// and its neighbours count, because clocks differ.
func matchStep(secret, code string, now time.Time) int64 {
	for _, d := range []int64{0, -1, 1} {
		step := now.Unix()/totpPeriod + d
		want, err := totp.GenerateCodeCustom(secret, time.Unix(step*totpPeriod, 0),
			totp.ValidateOpts{Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return step
		}
	}
	return 0
}
