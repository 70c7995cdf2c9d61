package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// Secrets (本人账号) keeps what people prove themselves with; each change is
// recorded.
type Secrets interface {
	Find(ctx context.Context, id string) (access.Account, error)
	SetPassword(ctx context.Context, now time.Time, id, hash string, mustChange bool) error
	// SetTOTP stores the secret of a second factor, "" to take it away.
	SetTOTP(ctx context.Context, now time.Time, id, secret string) error
}

// A selfPage is the data of the page about one's own account.
type selfPage struct {
	Account         access.Account
	Done, Problem   string
	Secret, Address string // of a second factor that is being set up
}

func (s *doors) self(r *http.Request) (selfPage, error) {
	p := access.Of(r.Context())
	if p.Service {
		return selfPage{Account: access.Account{ID: p.Account, Name: p.Name, Grants: p.Grants}}, nil
	}
	a, err := s.Secrets.Find(r.Context(), p.Account)
	return selfPage{Account: a}, err
}

func selfView(p selfPage) frame.View {
	v := frame.View{Name: "account", Title: "我的账号", Data: p}
	if p.Problem != "" {
		v.Title, v.Status = "错误：我的账号", http.StatusUnprocessableEntity
	}
	return v
}

func (s *doors) account(r *http.Request) (frame.View, error) {
	p, err := s.self(r)
	return selfView(p), err
}

// changeSelf changes the password or the second factor; both ask for the
// password once more.
func (s *doors) changeSelf(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 8<<10)
	p, err := s.self(r)
	if err == nil {
		err = r.ParseForm()
	}
	if err == nil && access.Of(r.Context()).Service {
		err = hub.Errorf(hub.CodeForbidden, "account.service")
	}
	if err == nil && !access.CheckPassword(p.Account.Password, r.PostForm.Get("old")) {
		err = hub.Errorf(hub.CodeUnauthorized, "password.old")
	}
	if err == nil {
		err = s.apply(r, &p)
	}
	if err != nil {
		p.Problem = frame.Sentence(err)
	}
	if err == nil && r.PathValue("what") == "password" { // every session has ended
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	s.Render(w, r, selfView(p))
}

func (s *doors) apply(r *http.Request, p *selfPage) error {
	id, now, v := p.Account.ID, s.Clock.Now(), r.PostForm.Get
	switch r.PathValue("what") {
	case "password":
		if v("new") != v("again") {
			return hub.Errorf(hub.CodeInvalid, "password.again")
		}
		if err := access.CheckNewPassword(id, v("new")); err != nil {
			return err
		}
		return s.Secrets.SetPassword(r.Context(), now, id, access.HashPassword(v("new")), false)
	case "totp":
		var err error
		p.Secret, p.Address, err = access.NewTOTP(id)
		return err
	case "confirm":
		if p.Secret = v("secret"); !access.MatchTOTP(p.Secret, strings.TrimSpace(v("code")), now) {
			return hub.Errorf(hub.CodeInvalid, "login.code_wrong")
		}
		if err := s.Secrets.SetTOTP(r.Context(), now, id, p.Secret); err != nil {
			return err
		}
		p.Secret, p.Done, p.Account.Second = "", "动态验证码已开通。", true
		return nil
	case "remove":
		p.Done, p.Account.Second = "动态验证码已关闭。", false
		return s.Secrets.SetTOTP(r.Context(), now, id, "")
	}
	return hub.Errorf(hub.CodeNotFound, "page.not_found")
}
