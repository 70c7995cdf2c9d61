package sso_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access/sso"
)

// The two clients of the provider: the hub and another program of the city.
const (
	ourClient   = "mashang"
	otherClient = "canteen"
	secret      = "a-secret"
	callback    = "http://127.0.0.1/login/oidc/callback"
	after       = "http://127.0.0.1/login"
)

// certified runs an identity provider with the OpenID Foundation's
// certification (github.com/zitadel/oidc) and returns its address.
func certified(t *testing.T) string {
	t.Helper()
	var h http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	storage.RegisterClients(storage.WebClient(ourClient, secret, callback), storage.WebClient(otherClient, secret, callback))
	log := slog.Default()
	h = exampleop.SetupServer(server.URL, leaving{storage.NewStorage(storage.NewUserStore(server.URL))}, slog.New(slog.DiscardHandler), false, op.WithAllowInsecure())
	slog.SetDefault(log) // the example sets its own
	return server.URL
}

// leaving are the provider's clients, who may be sent back to after when
// somebody has logged out.
type leaving struct{ *storage.Storage }

func (s leaving) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := s.Storage.GetClientByClientID(ctx, id)
	return knownExit{c}, err
}

type knownExit struct{ op.Client }

func (knownExit) PostLogoutRedirectURIs() []string { return []string{after} }

// A wire is what lies between the hub and the provider: it keeps the answers
// with tokens and may give an older one instead.
type wire struct{ seen, instead []byte }

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, "/oauth/token") {
		return resp, err
	}
	if w.seen, err = io.ReadAll(resp.Body); err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	body := w.seen
	if w.instead != nil {
		body = w.instead
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

// login is the hub's side, as client, after ahead of the time.
func login(issuer, client string, w *wire, ahead time.Duration) *sso.Provider {
	return sso.New(sso.Config{
		Issuer: issuer, Client: client, Secret: secret, Redirect: callback, After: after, HTTP: &http.Client{Transport: w},
		Clock: hub.ClockFunc(func() time.Time { return time.Now().Add(ahead) }),
	}, sessions{issuer + "|id1"})
}

// signIn is a person at the provider: name, password, and back.
func signIn(t *testing.T, address string) url.Values {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var back *url.URL
	client := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callback) {
			back = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	do := func(method, address, body string) *url.URL {
		req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.Request.URL
	}
	page := do(http.MethodGet, address, "")
	form := url.Values{"username": {"test-user@" + page.Hostname()}, "password": {"verysecure"}, "id": {page.Query().Get("authRequestID")}}
	do(http.MethodPost, page.Scheme+"://"+page.Host+"/login/username", form.Encode())
	if back == nil {
		t.Fatalf("the provider did not send the browser back from %s", page)
	}
	return back.Query()
}

// altered is what the browser keeps with one word of it replaced.
func altered(t *testing.T, kept, field string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte(`"`+field+`":"`)) + len(field) + 4
	b[at] ^= 1
	return base64.RawURLEncoding.EncodeToString(b)
}

func TestACertifiedProviderVouches(t *testing.T) {
	issuer := certified(t)
	p := login(issuer, ourClient, &wire{}, 0)
	address, kept, err := p.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answer := signIn(t, address)
	if value, _, err := p.Finish(t.Context(), kept, answer); value != "the-session" || err != nil {
		t.Fatalf("%q, %v", value, err)
	}
	if _, _, err := p.Finish(t.Context(), kept, answer); hub.CodeOf(err) != hub.CodeUnauthorized {
		t.Errorf("the code counts twice: %v", err)
	}
}

// Each log-in is right but for one thing.
func TestACertifiedProvidersAnswersThatDoNotFitAreRefused(t *testing.T) {
	issuer := certified(t)
	elsewhere := &wire{} // what the provider said to another program
	other := login(issuer, otherClient, elsewhere, 0)
	address, kept, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := other.Finish(t.Context(), kept, signIn(t, address)); err != nil {
		t.Fatal(err)
	}
	for name, story := range map[string]struct {
		spoil func(kept string, w *wire) string
		ahead time.Duration
		want  hub.ErrorCode
	}{
		"nothing is wrong":               {nil, 0, ""},
		"our clock is a little behind":   {nil, -time.Minute, ""},
		"our clock is a little ahead":    {nil, time.Minute, ""},
		"it is over by our clock":        {nil, 2 * time.Hour, hub.CodeUnauthorized},
		"another verifier (PKCE)":        {func(k string, _ *wire) string { return altered(t, k, "v") }, 0, hub.CodeUnauthorized},
		"another nonce":                  {func(k string, _ *wire) string { return altered(t, k, "n") }, 0, hub.CodeUnauthorized},
		"another state":                  {func(k string, _ *wire) string { return altered(t, k, "s") }, 0, hub.CodeUnauthorized},
		"it was said to another program": {func(k string, w *wire) string { w.instead = elsewhere.seen; return k }, 0, hub.CodeUnauthorized},
		"there is no token in it": {func(k string, w *wire) string {
			w.instead = []byte(`{"access_token":"x","token_type":"Bearer"}`)
			return k
		}, 0, hub.CodeUnauthorized},
	} {
		w := &wire{}
		p := login(issuer, ourClient, w, story.ahead)
		address, kept, err := p.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		answer := signIn(t, address)
		if story.spoil != nil {
			kept = story.spoil(kept, w)
		}
		value, _, err := p.Finish(t.Context(), kept, answer)
		if hub.CodeOf(err) != story.want && (err != nil || story.want != "") || (story.want == "") != (value == "the-session") {
			t.Errorf("%s: %q, %v", name, value, err)
		}
	}
}

// Who logs out here logs out at the provider, which knows whom by the hint and
// sends the browser back; it refuses to send it anywhere else.
func TestLoggingOutAtACertifiedProvider(t *testing.T) {
	issuer := certified(t)
	p := login(issuer, ourClient, &wire{}, 0)
	address, kept, err := p.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, token, err := p.Finish(t.Context(), kept, signIn(t, address))
	if err != nil || token == "" {
		t.Fatalf("token %q, %v", token, err)
	}
	leave := func(address string) (int, string) {
		t.Helper()
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := client.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Location")
	}
	to := p.End(t.Context(), token)
	if !strings.HasPrefix(to, issuer) || !strings.Contains(to, "id_token_hint=") {
		t.Fatalf("the way out is %s", to)
	}
	if code, back := leave(to); code != http.StatusFound || back != after {
		t.Errorf("the provider answers %d and leads to %q", code, back)
	}
	if code, back := leave(p.End(t.Context(), "")); code != http.StatusFound || back != after {
		t.Errorf("without a hint: %d, %q", code, back)
	}
	if code, _ := leave(p.End(t.Context(), token+"x")); code != http.StatusBadRequest {
		t.Errorf("a forged hint: %d", code)
	}
	elsewhere := sso.New(sso.Config{Issuer: issuer, Client: ourClient, After: "http://evil.example/"}, sessions{})
	if code, back := leave(elsewhere.End(t.Context(), token)); code != http.StatusBadRequest {
		t.Errorf("to another site: %d, %q", code, back)
	}
	if away := sso.New(sso.Config{Issuer: "http://127.0.0.1:1"}, sessions{}); away.End(t.Context(), token) != "" {
		t.Error("a provider that is away keeps people in")
	}
}
