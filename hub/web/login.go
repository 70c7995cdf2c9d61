package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// A Doorkeeper (登录) opens and closes sessions.
type Doorkeeper interface {
	// Password returns the value of the session cookie. Without the code of
	// a second factor that is needed the error has key "login.code_needed".
	Password(ctx context.Context, id, password, code string) (string, access.Account, error)
	Logout(ctx context.Context, value, account string, all bool) error
}

// A Provider (统一身份认证) logs people in by OIDC.
type Provider interface {
	// Begin returns the address of the provider and what to remember
	// meanwhile in a cookie.
	Begin(ctx context.Context) (address, state string, err error)
	// Finish returns the value of the session cookie and the id token.
	Finish(ctx context.Context, state string, answer url.Values) (session, token string, err error)
	// End returns where to log out of the provider with an id token, or "".
	End(ctx context.Context, token string) string
}

// Doors says how people log in.
type Doors struct {
	Keeper Doorkeeper
	// Secrets are what people change of their own account.
	Secrets Secrets
	OIDC    Provider // nil offers none
	Name    string   // of the provider, for its button
	Secure  bool     // cookies travel over TLS only
}

// A loginForm is the data of the log-in page.
type loginForm struct {
	ID, Next, Problem, Provider string
	Code                        bool // ask for the second factor
}

type doors struct {
	*server
	Doors
}

// Login returns the handler of /login, /logout and /account.
func Login(d Doors, names frame.Names, clock hub.Clock) http.Handler {
	s := &doors{newServer(nil, nil, names, clock), d}
	m := http.NewServeMux()
	m.HandleFunc("GET /login", s.Page(s.form))
	m.HandleFunc("POST /login", s.login)
	m.HandleFunc("POST /logout", s.logout)
	m.HandleFunc("GET /account", s.Page(s.account))
	m.HandleFunc("POST /account/{what}", s.changeSelf)
	m.HandleFunc("GET /login/oidc", s.begin)
	m.HandleFunc("GET /login/oidc/callback", s.finish)
	return s.Guard(m)
}

func (s *doors) view(f loginForm, code int) frame.View {
	if s.OIDC != nil {
		f.Provider = s.Name
	}
	title := "登录"
	if f.Problem != "" {
		title = "错误：登录"
	}
	return frame.View{Name: "login", Title: title, Public: true, Data: f, Status: code}
}

func (s *doors) form(r *http.Request) (frame.View, error) {
	return s.view(loginForm{Next: frame.Local(r.URL.Query().Get("next"))}, 0), nil
}

func (s *doors) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 8<<10)
	if err := r.ParseForm(); err != nil {
		s.Render(w, r, s.ErrorView(&hub.Error{Code: hub.CodeInvalid, Key: "command.malformed", Err: err}))
		return
	}
	v := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	f := loginForm{ID: strings.ToLower(v("id")), Next: frame.Local(v("next"))}
	value, _, err := s.Keeper.Password(r.Context(), f.ID, r.PostForm.Get("password"), v("code"))
	if err != nil {
		f.Problem = frame.Sentence(err)
		f.Code = isKey(err, "login.code_needed") || v("code") != ""
		s.Render(w, r, s.view(f, hub.CodeOf(err).HTTPStatus()))
		return
	}
	s.setSession(w, r, value)
	forgetToken(w)
	http.Redirect(w, r, f.Next, http.StatusSeeOther)
}

// setSession gives the browser a fresh session; what it had before ends with
// the new cookie.
func (s *doors) setSession(w http.ResponseWriter, r *http.Request, value string) {
	name, overTLS := access.Cookie, s.Secure || r.TLS != nil
	if overTLS {
		name = access.SecureCookie
	}
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", HttpOnly: true, Secure: overTLS, SameSite: http.SameSiteLaxMode,
	})
}

func (s *doors) logout(w http.ResponseWriter, r *http.Request) {
	if value := access.SessionCookie(r); value != "" {
		if err := s.Keeper.Logout(r.Context(), value, access.Of(r.Context()).Account, r.FormValue("all") == "1"); err != nil {
			s.Render(w, r, s.Failed(r, err))
			return
		}
	}
	for _, name := range []string{access.Cookie, access.SecureCookie} {
		http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, HttpOnly: true, Secure: name == access.SecureCookie})
	}
	token, err := r.Cookie(tokenCookie)
	forgetToken(w)
	if err == nil && s.OIDC != nil {
		// Browsers do not follow a form to another site: a page leads there.
		if to := s.OIDC.End(r.Context(), strings.TrimPrefix(token.Value, noToken)); to != "" {
			w.Header().Set("Refresh", "0; url="+to)
			s.Render(w, r, frame.View{Name: "logout", Title: "已退出", Public: true, Data: farewell{to, s.Name}})
			return
		}
	}
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// A farewell is the data of the page that leads to the provider.
type farewell struct{ To, Provider string }

const (
	// tokenCookie keeps the id token of who logged in by OIDC, for logging out.
	tokenCookie = "mashang_oidc_id"
	// noToken stands for an id token that is too long for a cookie.
	noToken   = "-"
	cookieMax = 3500
)

// keepToken remembers that the session came from the provider.
func (s *doors) keepToken(w http.ResponseWriter, r *http.Request, token string) {
	if token == "" || len(token) > cookieMax {
		token = noToken
	}
	http.SetCookie(w, &http.Cookie{
		Name: tokenCookie, Value: token, Path: "/logout", HttpOnly: true, Secure: s.Secure || r.TLS != nil, SameSite: http.SameSiteLaxMode,
	})
}

func forgetToken(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: tokenCookie, Path: "/logout", MaxAge: -1, HttpOnly: true})
}

// stateCookie remembers an OIDC log-in that is under way.
const stateCookie = "mashang_oidc"

func (s *doors) begin(w http.ResponseWriter, r *http.Request) {
	if s.OIDC == nil {
		s.Render(w, r, s.ErrorView(hub.Errorf(hub.CodeNotFound, "page.not_found")))
		return
	}
	address, state, err := s.OIDC.Begin(r.Context())
	if err != nil {
		s.Render(w, r, s.view(loginForm{Next: "/", Problem: frame.Sentence(err)}, hub.CodeOf(err).HTTPStatus()))
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: stateCookie, Value: state, Path: "/login", MaxAge: 600, HttpOnly: true,
		Secure: s.Secure || r.TLS != nil, SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, address, http.StatusSeeOther)
}

func (s *doors) finish(w http.ResponseWriter, r *http.Request) {
	c, err := r.Cookie(stateCookie)
	if err != nil || s.OIDC == nil {
		s.Render(w, r, s.view(loginForm{Next: "/", Problem: frame.Sentence(hub.Errorf(hub.CodeUnauthorized, "login.oidc"))}, http.StatusUnauthorized))
		return
	}
	value, token, err := s.OIDC.Finish(r.Context(), c.Value, r.URL.Query())
	http.SetCookie(w, &http.Cookie{Name: stateCookie, Path: "/login", MaxAge: -1, HttpOnly: true})
	if err != nil {
		s.Render(w, r, s.view(loginForm{Next: "/", Problem: frame.Sentence(err)}, hub.CodeOf(err).HTTPStatus()))
		return
	}
	s.setSession(w, r, value)
	s.keepToken(w, r, token)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// isKey reports whether err carries key.
func isKey(err error, key string) bool {
	e, ok := errors.AsType[*hub.Error](err)
	return ok && e.Key == key
}
