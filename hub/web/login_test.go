package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/access/accesstest"
	"github.com/mashang-hub/mashang/hub/citizen"
	"github.com/mashang-hub/mashang/hub/deputy"
	"github.com/mashang-hub/mashang/hub/web"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

const horse = "Correct-horse-7"

// house is one account, its secrets and what was said at the counter.
type house struct {
	cabinet
	account access.Account
	ended   bool
	said    []string
	acts    []deputy.Act
}

func (h *house) Password(_ context.Context, id, password, code string) (string, access.Account, error) {
	switch {
	case id != "li" || password != horse:
		return "", access.Account{}, hub.Errorf(hub.CodeUnauthorized, "login.wrong")
	case code == "":
		return "", access.Account{}, hub.Errorf(hub.CodeUnauthorized, "login.code_needed")
	}
	return "value", h.account, nil
}

func (h *house) Logout(context.Context, string, string, bool) error {
	h.ended = true
	return nil
}

func (h *house) Find(context.Context, string) (access.Account, error) { return h.account, nil }

func (h *house) SetPassword(_ context.Context, _ time.Time, _, hash string, _ bool) error {
	h.account.Password = hash
	return nil
}

func (h *house) SetTOTP(_ context.Context, _ time.Time, _, secret string) error {
	h.account.TOTP = secret
	return nil
}

func (h *house) hear(p citizen.Proof, text string) (hub.Case, error) {
	if p.Tail != "1234" && p.Key != "KEY" {
		return hub.Case{}, hub.Errorf(hub.CodeForbidden, "citizen.proof")
	}
	h.said = append(h.said, text)
	return h.one(), nil
}

func (h *house) Reply(_ context.Context, _ hub.CaseID, p citizen.Proof, text string) (hub.Case, error) {
	return h.hear(p, text)
}

func (h *house) Rate(_ context.Context, _ hub.CaseID, p citizen.Proof, r citizen.Rating) (hub.Case, error) {
	return h.hear(p, r.Text)
}

func (h *house) Reopen(_ context.Context, _ hub.CaseID, p citizen.Proof, text string) (hub.Case, error) {
	return h.hear(p, text)
}

func (h *house) SaveAct(_ context.Context, a deputy.Act) error {
	h.acts = append(h.acts, a)
	return nil
}

func (h *house) Acts(context.Context, string, hub.CaseID, time.Time, time.Time, int) ([]deputy.Act, error) {
	return h.acts, nil
}

func (h *house) DoAll(_ context.Context, _ hub.CaseID, _ string, _ ...hub.Command) (hub.Case, error) {
	return h.one(), nil
}

func (h *house) doors(grants ...access.Grant) http.Handler {
	d := web.Login(web.Doors{Keeper: h, Secrets: h}, frame.Names{City: "白银市"}, hub.ClockFunc(noon))
	return frame.Protect(d, accesstest.As(grants...))
}

func TestLoggingIn(t *testing.T) {
	h := (&house{}).doors()
	form := url.Values{"id": {"LI"}, "password": {"x"}, "next": {"https://evil.example"}}
	if code, body, _ := ask(t, h, "POST", "/login", form); code != 401 || !strings.Contains(body, `role="alert"`) || !strings.Contains(body, `value="li"`) {
		t.Errorf("wrong: %d %s", code, body)
	}
	form.Set("password", horse)
	if code, body, _ := ask(t, h, "POST", "/login", form); code != 401 || !strings.Contains(body, `autocomplete="one-time-code" required`) {
		t.Errorf("without a code: %d %s", code, body)
	}
	form.Set("code", "123456")
	code, _, header := ask(t, h, "POST", "/login", form)
	cookie := header.Get("Set-Cookie")
	if code != 303 || header.Get("Location") != "/" || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
		t.Errorf("%d %s %s", code, header.Get("Location"), cookie)
	}
	if code, _, _ := ask(t, h, "POST", "/login", form, "Sec-Fetch-Site", "cross-site"); code != 403 {
		t.Errorf("from another site: %d", code)
	}
}

func TestCookiesTravelOverTLSOnly(t *testing.T) {
	d := web.Login(web.Doors{Keeper: &house{}, Secure: true}, frame.Names{}, hub.ClockFunc(noon))
	_, _, header := ask(t, d, "POST", "/login", url.Values{"id": {"li"}, "password": {horse}, "code": {"1"}})
	if c := header.Get("Set-Cookie"); !strings.HasPrefix(c, access.SecureCookie+"=value") || !strings.Contains(c, "Secure") {
		t.Error(c)
	}
}

func TestOnesOwnAccount(t *testing.T) {
	h := &house{account: access.Account{ID: "test", Name: "测试员", Password: access.HashPassword(horse)}}
	d := h.doors(access.Grant{Role: access.Operator})
	if code, body, _ := ask(t, d, "GET", "/account", nil); code != 200 || !strings.Contains(body, "测试员") || strings.Contains(body, "argon2id") {
		t.Errorf("%d %s", code, body)
	}
	for name, form := range map[string]url.Values{
		"wrong old": {"old": {"x"}, "new": {"Better-horse-8"}, "again": {"Better-horse-8"}},
		"not twice": {"old": {horse}, "new": {"Better-horse-8"}, "again": {"x"}},
		"weak":      {"old": {horse}, "new": {"short"}, "again": {"short"}},
	} {
		if code, body, _ := ask(t, d, "POST", "/account/password", form); code != 422 || !strings.Contains(body, `role="alert"`) {
			t.Errorf("%s: %d", name, code)
		}
	}
	code, _, header := ask(t, d, "POST", "/account/password", url.Values{"old": {horse}, "new": {"Better-horse-8"}, "again": {"Better-horse-8"}})
	if code != 303 || header.Get("Location") != "/login" || !access.CheckPassword(h.account.Password, "Better-horse-8") {
		t.Errorf("%d %v", code, header)
	}
	if _, body, _ := ask(t, d, "POST", "/account/totp", url.Values{"old": {"Better-horse-8"}}); !strings.Contains(body, "确认开通") {
		t.Error(body)
	}
	if code, _, _ := ask(t, d, "POST", "/account/confirm", url.Values{"old": {"Better-horse-8"}, "secret": {"JBSWY3DPEHPK3PXP"}, "code": {"000000"}}); code != 422 || h.account.TOTP != "" {
		t.Errorf("a wrong code: %d", code)
	}
	if code, _, _ := ask(t, d, "POST", "/logout", url.Values{}, "Cookie", access.Cookie+"=value"); code != 303 || !h.ended {
		t.Errorf("log out: %d", code)
	}
}

func personalPages(h *house, grants ...access.Grant) http.Handler {
	reveal := func(_ context.Context, _ hub.CaseID, purpose string) (hub.Submission, error) {
		h.said = append(h.said, purpose)
		return hub.Submission{Content: hub.Content{Reporter: hub.Reporter{Name: "张三丰", Phone: "13912341234"}}}, nil
	}
	return frame.Protect(web.Personal(&h.cabinet, h, reveal, frame.Names{}, hub.ClockFunc(noon)), accesstest.As(grants...))
}

func TestPersonalDataIsShownForAPurpose(t *testing.T) {
	h := &house{}
	d := personalPages(h, access.Grant{Role: access.Operator})
	path := strings.Replace(casePath, "/cases", "/reveal", 1)
	if code, body, _ := ask(t, d, "GET", path, nil); code != 200 || strings.Contains(body, "13912341234") {
		t.Errorf("%d %s", code, body)
	}
	if code, body, _ := ask(t, d, "POST", path, url.Values{"purpose": {" "}}); code != 422 || strings.Contains(body, "13912341234") {
		t.Errorf("without a purpose: %d", code)
	}
	if code, body, _ := ask(t, d, "POST", path, url.Values{"purpose": {"首次联系"}}); code != 200 || !strings.Contains(body, "13912341234") || h.said[0] != "首次联系" {
		t.Errorf("%d %v %s", code, h.said, body)
	}
	if code, _, _ := ask(t, personalPages(h, access.Grant{Role: access.Leader}), "GET", path, nil); code != 403 {
		t.Errorf("a leader: %d", code)
	}
}

func TestCitizensSpeakOnTheirPage(t *testing.T) {
	h := &house{cabinet: cabinet{state: hub.StatusResolved}}
	track := strings.Replace(casePath, "/cases", "/t", 1)
	if _, body, _ := ask(t, handler(&h.cabinet), "GET", track+"?k=KEY", nil); !strings.Contains(body, "您满意吗") || !strings.Contains(body, `name="k" value="KEY"`) {
		t.Error(body)
	}
	d := personalPages(h)
	code, body, _ := ask(t, d, "POST", track+"/say", url.Values{"what": {"rate"}, "tail": {"0000"}, "text": {"还是冷"}})
	if code != 403 || !strings.Contains(body, "还是冷") || !strings.Contains(body, `role="alert"`) {
		t.Errorf("a wrong tail: %d %s", code, body)
	}
	for _, what := range []string{"rate", "reply", "reopen"} {
		code, _, header := ask(t, d, "POST", track+"/say", url.Values{"what": {what}, "tail": {"1234"}, "text": {what}})
		if code != 303 || header.Get("Location") != track+"?done=1" {
			t.Errorf("%s: %d %v", what, code, header)
		}
	}
	if strings.Join(h.said, " ") != "rate reply reopen" {
		t.Error(h.said)
	}
}

func TestDeputiesPages(t *testing.T) {
	h := &house{cabinet: cabinet{state: hub.StatusResolved}}
	b := &deputy.Bench{Cases: &h.cabinet, Records: h, Desk: h, Clock: hub.ClockFunc(noon)}
	d := frame.Protect(web.Deputy(b, frame.Names{}, hub.ClockFunc(noon)), accesstest.As(access.Grant{Role: access.Deputy, Place: "620402"}))
	path := strings.Replace(casePath, "/cases", "/deputy", 1)
	for _, p := range []string{"/deputy", path} {
		code, body, _ := ask(t, d, "GET", p, nil)
		if code != 200 || strings.Contains(body, "13912341234") || strings.Contains(body, "三丰") {
			t.Errorf("%s: %d %s", p, code, body)
		}
	}
	if code, body, _ := ask(t, d, "POST", path, url.Values{"speed": {"2"}, "suggestion": {"慢"}}); code != 422 || !strings.Contains(body, "慢</textarea>") {
		t.Errorf("one aspect: %d", code)
	}
	form := url.Values{"suggestion": {"还是冷"}, "back": {"1"}}
	for _, a := range deputy.Aspects() {
		form.Set(a, "2")
	}
	if code, _, _ := ask(t, d, "POST", path, form); code != 303 || h.acts[len(h.acts)-1].Kind != deputy.SentBack {
		t.Errorf("%d %+v", code, h.acts)
	}
	if code, _, _ := ask(t, frame.Protect(web.Deputy(b, frame.Names{}, hub.ClockFunc(noon)), accesstest.As(access.Grant{Role: access.Worker})), "GET", path, nil); code != 403 {
		t.Errorf("a worker: %d", code)
	}
}
