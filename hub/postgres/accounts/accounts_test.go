package accounts_test

import (
	"crypto/sha256"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/accounts"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/seal"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// A clock that the test moves.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

const password = "Correct-horse-7"

// house is an empty installation with the account li of the heating office.
type house struct {
	*accounts.Store
	db    *postgres.DB
	clock *clock
	login *access.Login
	gate  *access.Gate
}

func open(t *testing.T) house {
	t.Helper()
	keys, err := seal.Parse(seal.NewLine("k1"))
	if err != nil {
		t.Fatal(err)
	}
	db := pgtest.Open(t)
	c := &clock{time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	h := house{Store: accounts.New(db, keys), db: db, clock: c}
	h.login, h.gate = access.NewLogin(h.Store, c), &access.Gate{Keeper: h.Store, Clock: c}
	h.add(t, "li", access.Grant{Role: access.Worker, Department: "heating"})
	return h
}

func (h house) add(t *testing.T, id string, grants ...access.Grant) {
	t.Helper()
	err := h.Save(t.Context(), h.clock.now, access.Account{
		ID: id, Name: "李", Phone: "19900000001", Mail: "li@city.gov.cn", Password: access.HashPassword(password), Grants: grants,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// by is the principal of a request with this cookie or bearer token.
func (h house) by(t *testing.T, cookie, bearer string) (access.Principal, error) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	if cookie != "" {
		r.Header.Set("Cookie", access.Cookie+"="+cookie)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	return h.gate.Principal(r)
}

func (h house) actions(t *testing.T) string {
	t.Helper()
	list, err := auditlog.List(t.Context(), h.db.Pool(), auditlog.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append([]string{e.Action}, names...)
	}
	var v audit.Verifier
	if fault, err := auditlog.Verify(t.Context(), h.db.Pool(), &v); fault != nil || err != nil {
		t.Errorf("audit: %+v, %v", fault, err)
	}
	return strings.Join(names, " ")
}

func TestAPersonLogsInAndOut(t *testing.T) {
	t.Parallel()
	h := open(t)
	value, a, err := h.login.Password(t.Context(), "li", password, "")
	if err != nil || a.Phone != "19900000001" || a.Mail != "li@city.gov.cn" {
		t.Fatalf("%+v, %v", a, err)
	}
	p, err := h.by(t, value, "")
	if err != nil || p.Account != "li" || !p.Can(access.HandleCases) || p.Can(access.SortCases) {
		t.Fatalf("%+v, %v", p, err)
	}
	if s := p.Scope(access.HandleCases); len(s) != 1 || s[0].Department != "heating" {
		t.Errorf("scope %+v", s)
	}
	if err := h.login.Logout(t.Context(), value, "li", false); err != nil {
		t.Fatal(err)
	}
	if _, err := h.by(t, value, ""); hub.CodeOf(err) != hub.CodeUnauthorized {
		t.Errorf("after logging out: %v", err)
	}
	if got := h.actions(t); got != "account.saved login.done logout" {
		t.Errorf("audit: %s", got)
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	h := open(t)
	log := func() string {
		value, _, err := h.login.Password(t.Context(), "li", password, "")
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	idle := log()
	h.clock.now = h.clock.now.Add(31 * time.Minute)
	if _, err := h.by(t, idle, ""); hub.CodeOf(err) != hub.CodeUnauthorized {
		t.Errorf("idle: %v", err)
	}
	used := log()
	for range 29 { // used every 20 minutes
		h.clock.now = h.clock.now.Add(20 * time.Minute)
		if _, err := h.by(t, used, ""); err != nil {
			t.Fatal(err)
		}
	}
	h.clock.now = h.clock.now.Add(20 * time.Minute)
	if _, err := h.by(t, used, ""); hub.CodeOf(err) != hub.CodeUnauthorized {
		t.Errorf("after ten hours: %v", err)
	}
	if err := h.Purge(t.Context(), h.clock.now.Add(11*time.Hour)); err != nil {
		t.Fatal(err)
	}
	open := log()
	if err := h.SetDisabled(t.Context(), h.clock.now, "li", true); err != nil {
		t.Fatal(err)
	}
	if _, err := h.by(t, open, ""); hub.CodeOf(err) != hub.CodeUnauthorized {
		t.Errorf("a disabled account's session: %v", err)
	}
}

func TestTooManyFailuresLock(t *testing.T) {
	t.Parallel()
	h := open(t)
	for range 5 {
		if _, _, err := h.login.Password(t.Context(), "li", "wrong", ""); hub.CodeOf(err) != hub.CodeUnauthorized {
			t.Fatal(err)
		}
	}
	if _, _, err := h.login.Password(t.Context(), "li", password, ""); hub.CodeOf(err) != hub.CodeForbidden {
		t.Errorf("a locked account logs in: %v", err)
	}
	h.clock.now = h.clock.now.Add(16 * time.Minute)
	if _, _, err := h.login.Password(t.Context(), "li", password, ""); err != nil {
		t.Errorf("after the lock: %v", err)
	}
	if _, _, err := h.login.Password(t.Context(), "nobody", password, ""); hub.CodeOf(err) != hub.CodeUnauthorized {
		t.Errorf("an unknown name: %v", err)
	}
}

func TestSecondFactorCountsOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	secret, address, err := access.NewTOTP("li")
	if err != nil || !strings.HasPrefix(address, "otpauth://totp/") {
		t.Fatal(address, err)
	}
	if err := h.SetTOTP(t.Context(), h.clock.now, "li", secret); err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(secret, h.clock.now)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		code string
		want hub.ErrorCode
	}{{"", hub.CodeUnauthorized}, {"000000", hub.CodeUnauthorized}, {code, ""}, {code, hub.CodeUnauthorized}} {
		value, _, err := h.login.Password(t.Context(), "li", password, v.code)
		if hub.CodeOf(err) != v.want {
			t.Errorf("code %q: %v", v.code, err)
		}
		if err == nil {
			if p, err := h.by(t, value, ""); err != nil || !p.Second {
				t.Errorf("%+v, %v", p, err)
			}
		}
	}
}

func TestTokensActWithinTheirLimits(t *testing.T) {
	t.Parallel()
	h := open(t)
	text, hash, id := access.NewToken()
	token := access.Token{ID: id, Account: "li", Limits: []access.Right{access.ReadCases}, CreatedAt: h.clock.now, ExpiresAt: h.clock.now.Add(time.Hour)}
	if err := h.AddToken(t.Context(), hash, token); err != nil {
		t.Fatal(err)
	}
	p, err := h.by(t, "", text)
	if err != nil || !p.Can(access.ReadCases) || p.Can(access.HandleCases) || p.Session != "token "+id {
		t.Fatalf("%+v, %v", p, err)
	}
	var stored int
	if err := h.db.Pool().QueryRow(t.Context(), "select count(*) from account_token t where t::text like '%' || $1 || '%'", text).Scan(&stored); err != nil || stored != 0 {
		t.Errorf("the token itself is stored: %d, %v", stored, err)
	}
	if _, err := h.by(t, "", text+"x"); hub.CodeOf(err) != hub.CodeUnauthorized {
		t.Errorf("a wrong token: %v", err)
	}
	if err := h.RevokeToken(t.Context(), h.clock.now, id); err != nil {
		t.Fatal(err)
	}
	if _, err := h.by(t, "", text); hub.CodeOf(err) != hub.CodeUnauthorized {
		t.Errorf("revoked: %v", err)
	}
	if list, err := h.Tokens(t.Context(), "li"); err != nil || len(list) != 1 || list[0].RevokedAt.IsZero() {
		t.Errorf("%+v, %v", list, err)
	}
	if err := h.AddToken(t.Context(), sha256.Sum256([]byte("y")), access.Token{ID: "mst_y", Account: "nobody", ExpiresAt: h.clock.now}); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("for nobody: %v", err)
	}
}

func TestDelegationEnds(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.add(t, "guo", access.Grant{Role: access.Head, Department: "heating"})
	from, err := h.Find(t.Context(), "guo")
	if err != nil {
		t.Fatal(err)
	}
	until := h.clock.now.Add(24 * time.Hour)
	if err := h.Delegate(t.Context(), h.clock.now, "li", access.Lend(from, nil, h.clock.now, until), "年休假"); err != nil {
		t.Fatal(err)
	}
	value, _, err := h.login.Password(t.Context(), "li", password, "")
	if err != nil {
		t.Fatal(err)
	}
	if p, err := h.by(t, value, ""); err != nil || !p.Can(access.Export) {
		t.Errorf("while it lasts: %+v, %v", p, err)
	}
	h.add(t, "li", access.Grant{Role: access.Worker, Department: "heating"}) // saved again: what is lent stays
	li, err := h.Find(t.Context(), "li")
	if err != nil || len(li.Grants) != 2 || len(access.Lend(li, []access.Role{access.Head}, h.clock.now, until)) != 0 {
		t.Errorf("%+v, %v: what is lent cannot be lent on", li.Grants, err)
	}
	h.clock.now = until
	value, _, err = h.login.Password(t.Context(), "li", password, "")
	if err != nil {
		t.Fatal(err)
	}
	if p, err := h.by(t, value, ""); err != nil || p.Can(access.Export) || !p.Can(access.HandleCases) {
		t.Errorf("after its end, in a session: %+v, %v", p, err)
	}
}

func TestSecretsAreSealed(t *testing.T) {
	t.Parallel()
	h := open(t)
	if err := h.SetTOTP(t.Context(), h.clock.now, "li", "JBSWY3DPEHPK3PXP"); err != nil {
		t.Fatal(err)
	}
	var row string
	if err := h.db.Pool().QueryRow(t.Context(), `select encode(phone || totp || mail, 'escape') || password from account`).Scan(&row); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"19900000001", "li@city.gov.cn", "JBSWY3DPEHPK3PXP", password} {
		if strings.Contains(row, secret) {
			t.Errorf("%s is stored in the open", secret)
		}
	}
	if has, err := h.HasAdmin(t.Context()); has || err != nil {
		t.Errorf("admin %v, %v", has, err)
	}
	h.add(t, "root", access.Grant{Role: access.SecurityAdmin})
	if has, err := h.HasAdmin(t.Context()); !has || err != nil {
		t.Errorf("admin %v, %v", has, err)
	}
}

// After a change of keys the old one may be taken away, once nothing needs it.
func TestAccountsAreSealedWithTheNewKey(t *testing.T) {
	t.Parallel()
	db, ctx, now := pgtest.Open(t), t.Context(), time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	oldLine, newLine := seal.NewLine("k1"), seal.NewLine("k2")
	ring := func(text string) *seal.Keyring {
		k, err := seal.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.CheckKeys(ctx, k, now); err != nil {
			t.Fatal(err)
		}
		return k
	}
	a := access.Account{ID: "li", Name: "李", Phone: "19900000001", Grants: []access.Grant{{Role: access.Leader}}}
	if err := accounts.New(db, ring(oldLine)).Save(ctx, now, a); err != nil {
		t.Fatal(err)
	}
	both := ring(newLine + oldLine)
	if gone, err := db.ForgetKeys(ctx, both); len(gone) != 0 || err != nil {
		t.Fatalf("forgot %v although a telephone needs it, %v", gone, err)
	}
	if n, err := accounts.New(db, both).Reseal(ctx); n != 1 || err != nil {
		t.Fatalf("sealed %d anew, %v", n, err)
	}
	if gone, err := db.ForgetKeys(ctx, both); len(gone) != 1 || err != nil {
		t.Fatalf("forgot %v, %v", gone, err)
	}
	if got, err := accounts.New(db, ring(newLine)).Find(ctx, "li"); err != nil || got.Phone != a.Phone {
		t.Errorf("with the new key alone: %+v, %v", got, err)
	}
}
