package sso_test

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/oauth2-proxy/mockoidc"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/access/sso"
	"github.com/mashang-hub/mashang/hub/web"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// sessions knows one account.
type sessions struct{ subject string }

func (s sessions) Subject(_ context.Context, subject string) (string, access.Account, error) {
	if subject != s.subject {
		return "", access.Account{}, hub.Errorf(hub.CodeForbidden, "login.no_account")
	}
	return "the-session", access.Account{ID: "li"}, nil
}

// provider runs an identity provider and returns it with the hub's side of it.
func provider(t *testing.T, redirect, known string) (*mockoidc.MockOIDC, *sso.Provider) {
	t.Helper()
	m, err := mockoidc.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Shutdown() })
	m.QueueUser(&mockoidc.MockUser{Subject: "li-from-personnel"})
	return m, sso.New(sso.Config{
		Issuer: m.Issuer(), Client: m.ClientID, Secret: m.ClientSecret, Redirect: redirect,
	}, sessions{m.Issuer() + "|" + known})
}

// visit walks to the provider and returns what it sends back.
func visit(t *testing.T, address string) url.Values {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	return back.Query()
}

func TestTheProviderVouchesForSomebodyWithAnAccount(t *testing.T) {
	_, p := provider(t, "http://127.0.0.1/login/oidc/callback", "li-from-personnel")
	address, kept, err := p.Begin(t.Context())
	if err != nil || !strings.Contains(address, "code_challenge_method=S256") || !strings.Contains(address, "nonce=") {
		t.Fatalf("%s, %v", address, err)
	}
	answer := visit(t, address)
	if value, _, err := p.Finish(t.Context(), kept, answer); value != "the-session" || err != nil {
		t.Fatalf("%q, %v", value, err)
	}
	if _, _, err := p.Finish(t.Context(), kept, answer); hub.CodeOf(err) != hub.CodeUnauthorized {
		t.Errorf("the code counts twice: %v", err)
	}
}

func TestAnswersThatDoNotFitAreRefused(t *testing.T) {
	_, p := provider(t, "http://127.0.0.1/cb", "somebody-else")
	address, kept, err := p.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := p.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answer := visit(t, address)
	for name, v := range map[string]struct {
		kept   string
		answer url.Values
	}{
		"another browser": {other, answer}, "no cookie": {"", answer}, "a bad cookie": {"!", answer},
		"no code": {kept, url.Values{"state": answer["state"]}},
	} {
		if _, _, err := p.Finish(t.Context(), v.kept, v.answer); hub.CodeOf(err) != hub.CodeUnauthorized {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := p.Finish(t.Context(), kept, answer); hub.CodeOf(err) != hub.CodeForbidden {
		t.Errorf("somebody without an account: %v", err)
	}
}

func TestAProviderThatIsAwayIsSaid(t *testing.T) {
	p := sso.New(sso.Config{Issuer: "http://127.0.0.1:1"}, sessions{})
	if _, _, err := p.Begin(t.Context()); hub.CodeOf(err) != hub.CodeUnavailable {
		t.Error(err)
	}
}

// TestABrowserLogsInElsewhere follows the button of the log-in page to the
// provider and back.
func TestABrowserLogsInElsewhere(t *testing.T) {
	var h http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	defer srv.Close()
	_, p := provider(t, srv.URL+"/login/oidc/callback", "li-from-personnel")
	h = web.Login(web.Doors{OIDC: p, Name: "政务统一认证"}, frame.Names{City: "白银市"}, hub.ClockFunc(time.Now))
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/login/oidc", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	home, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range jar.Cookies(home) {
		if c.Name == access.Cookie && c.Value == "the-session" {
			return
		}
	}
	t.Errorf("no session: %v at %s", jar.Cookies(home), resp.Request.URL)
}

// A provider is what the pages of log-in ask, without one.
type asked struct {
	end   string
	token *string
}

func (asked) Begin(context.Context) (string, string, error) {
	return "/login/oidc/callback?code=1", "kept", nil
}

func (asked) Finish(context.Context, string, url.Values) (string, string, error) {
	return "the-session", "the-id-token", nil
}

func (a asked) End(_ context.Context, token string) string {
	*a.token = token
	return a.end
}

// keeper ends every session.
type keeper struct{ web.Doorkeeper }

func (keeper) Logout(context.Context, string, string, bool) error { return nil }

// Who came by the provider is led out there, by a page that needs no script;
// who came by password is not, nor where the provider offers no way out.
func TestABrowserLogsOutElsewhereToo(t *testing.T) {
	for name, story := range map[string]struct {
		end     string
		by      string // page of the log-in
		refresh string
	}{
		"by the provider":      {"https://sso.example/end?x=1", "/login/oidc", "0; url=https://sso.example/end?x=1"},
		"it offers no way out": {"", "/login/oidc", ""},
		"with a password":      {"https://sso.example/end", "/login", ""},
	} {
		token := ""
		h := web.Login(web.Doors{OIDC: asked{story.end, &token}, Keeper: keeper{}, Name: "政务统一认证"}, frame.Names{City: "白银市"}, hub.ClockFunc(time.Now))
		srv := httptest.NewServer(h)
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Jar: jar}
		get := func(method, path string) http.Header {
			req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			return resp.Header
		}
		get(http.MethodGet, story.by)
		out := get(http.MethodPost, "/logout")
		if got := out.Get("Refresh"); got != story.refresh {
			t.Errorf("%s: leads to %q", name, got)
		}
		if story.refresh != "" && token != "the-id-token" {
			t.Errorf("%s: the hint is %q", name, token)
		}
		if again := get(http.MethodPost, "/logout"); again.Get("Refresh") != "" {
			t.Errorf("%s: logged out there twice", name)
		}
		srv.Close()
	}
}
