// Package sso logs people in by OpenID Connect (统一身份认证): the city's identity
// provider vouches for them, and an account here says what they may do.
//
// It makes no accounts and gives no rights: somebody without an account is
// turned away. The provider is asked only when somebody logs in, so that the
// hub starts without it. Start with [New].
package sso

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
)

// patience bounds each call of the provider.
const patience = 10 * time.Second

// A Config says who the identity provider is.
type Config struct {
	Issuer string // https://login.example.gov.cn
	Client string // the hub's id there
	Secret string
	// Redirect is where browsers come back: the hub's /login/oidc/callback.
	Redirect string
	// After is where browsers go when they have logged out there as well: the
	// hub's /login.
	After string
	HTTP  *http.Client
	// Clock says whether what the provider vouched for still holds; nil is
	// the machine's.
	Clock hub.Clock
}

// Sessions opens the session of the account that belongs to "issuer|sub".
type Sessions interface {
	Subject(ctx context.Context, subject string) (string, access.Account, error)
}

// A Provider is one identity provider. Make it with New; it is safe for
// concurrent use.
type Provider struct {
	config   Config
	sessions Sessions

	mu       sync.Mutex
	provider *oidc.Provider
}

// New returns a Provider; it asks nobody yet.
func New(config Config, sessions Sessions) *Provider {
	if config.HTTP == nil {
		config.HTTP = &http.Client{Timeout: patience}
	}
	if config.Clock == nil {
		config.Clock = hub.ClockFunc(time.Now)
	}
	return &Provider{config: config, sessions: sessions}
}

// discover reads what the provider says of itself, once it has answered.
func (p *Provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.provider != nil {
		return p.provider, nil
	}
	// The keys are fetched later, under the same client: not under the
	// context of this one request.
	provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.config.HTTP), p.config.Issuer)
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeUnavailable, Key: "login.oidc_unreachable", Err: err}
	}
	p.provider = provider
	return provider, nil
}

func (p *Provider) client(provider *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.config.Client, ClientSecret: p.config.Secret, Endpoint: provider.Endpoint(),
		RedirectURL: p.config.Redirect, Scopes: []string{oidc.ScopeOpenID, "profile"},
	}
}

// A visit is a log-in that is under way; the browser keeps it meanwhile.
type visit struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
}

// Begin returns the address of the provider and what the browser is to keep.
func (p *Provider) Begin(ctx context.Context) (address, kept string, err error) {
	provider, err := p.discover(ctx)
	if err != nil {
		return "", "", err
	}
	v := visit{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	b, err := json.Marshal(v)
	if err != nil {
		return "", "", err
	}
	address = p.client(provider).AuthCodeURL(v.State, oidc.Nonce(v.Nonce), oauth2.S256ChallengeOption(v.Verifier))
	return address, base64.RawURLEncoding.EncodeToString(b), nil
}

// End returns where a browser logs out of the provider too, for who logged in
// with an id token; "" where the provider offers no such page or does not
// answer. The token may be "" or past its time: it is a hint.
func (p *Provider) End(ctx context.Context, token string) string {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	provider, err := p.discover(ctx)
	if err != nil {
		return ""
	}
	var offered struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&offered); err != nil || offered.EndSession == "" {
		return ""
	}
	to, err := url.Parse(offered.EndSession)
	if err != nil || to.Scheme != "https" && to.Scheme != "http" {
		return ""
	}
	q := to.Query()
	q.Set("client_id", p.config.Client)
	q.Set("post_logout_redirect_uri", p.config.After)
	if token != "" {
		q.Set("id_token_hint", token)
	}
	to.RawQuery = q.Encode()
	return to.String()
}

// Finish checks what the provider answered, opens a session and returns it with
// the id token, which End takes.
func (p *Provider) Finish(ctx context.Context, kept string, answer url.Values) (session, token string, err error) {
	refused := func(err error) error {
		return &hub.Error{Code: hub.CodeUnauthorized, Key: "login.oidc", Err: err}
	}
	var v visit
	b, err := base64.RawURLEncoding.DecodeString(kept)
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil || v.State == "" || subtle.ConstantTimeCompare([]byte(v.State), []byte(answer.Get("state"))) != 1 || answer.Get("code") == "" {
		return "", "", refused(err)
	}
	provider, err := p.discover(ctx)
	if err != nil {
		return "", "", err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.config.HTTP), patience)
	defer cancel()
	tokens, err := p.client(provider).Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(v.Verifier))
	if err != nil {
		return "", "", refused(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: p.config.Client, Now: p.config.Clock.Now}).Verify(ctx, raw)
	if err != nil {
		return "", "", refused(err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(v.Nonce)) != 1 {
		return "", "", refused(nil)
	}
	session, _, err = p.sessions.Subject(ctx, id.Issuer+"|"+id.Subject)
	return session, raw, err
}
