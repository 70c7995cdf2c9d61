package api

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
)

// Accounts keeps accounts, each change with its audit record. Its methods are
// safe for concurrent use and return an Error of CodeNotFound for an account
// that does not exist.
type Accounts interface {
	Save(ctx context.Context, now time.Time, accounts ...access.Account) error
	Find(ctx context.Context, id string) (access.Account, error)
	List(ctx context.Context) ([]access.Account, error)
	SetDisabled(ctx context.Context, now time.Time, id string, disabled bool) error
	SetLocked(ctx context.Context, now time.Time, id string, until time.Time) error
}

// Credentials keeps what proves who somebody is.
type Credentials interface {
	SetPassword(ctx context.Context, now time.Time, id, hash string, mustChange bool) error
	AddToken(ctx context.Context, hash [32]byte, t access.Token) error
	RevokeToken(ctx context.Context, now time.Time, id string) error
	Tokens(ctx context.Context, account string) ([]access.Token, error)
	// Delegate lends grants, which name whose they are and end.
	Delegate(ctx context.Context, now time.Time, to string, grants []access.Grant, reason string) error
}

// Limits of tokens and delegations.
const (
	tokenLife     = 90 * 24 * time.Hour
	maxTokenLife  = 366 * 24 * time.Hour
	maxDelegation = 92 * 24 * time.Hour
)

// People is what the security office does with accounts; the console does the
// same through it.
type People struct {
	Accounts Accounts
	Secrets  Credentials
	Clock    hub.Clock
}

// AccountRoutes returns the routes about accounts and tokens.
func AccountRoutes(accounts Accounts, secrets Credentials, clock hub.Clock) []Route {
	s := &People{accounts, secrets, clock}
	admin := func(method, path, summary string, f func(*http.Request) (any, error), body, answer any) Route {
		return Route{
			Method: method, Path: "/api/v1/" + path, Right: access.ManageAccounts, Reach: access.NoCases,
			Handle: f, Summary: summary, Body: body, Answer: answer,
		}
	}
	return []Route{
		admin("GET", "accounts", "列出账号", s.list, nil, AccountList{}),
		admin("POST", "accounts", "新建或修改账号；不给密码就生成一个，只显示这一次", s.save, AccountRequest{}, AccountSaved{}),
		admin("POST", "accounts/import", "从 CSV 导入人员账号", s.importPeople, nil, Imported{}),
		admin("GET", "accounts/{id}", "查看账号", s.find, nil, access.Account{}),
		admin("POST", "accounts/{id}/disable", "停用账号，会话和令牌一并失效", s.setDisabled(true), nil, Done{}),
		admin("POST", "accounts/{id}/enable", "恢复账号", s.setDisabled(false), nil, Done{}),
		admin("POST", "accounts/{id}/lock", "锁定账号 24 小时", s.setLocked(24*time.Hour), nil, Done{}),
		admin("POST", "accounts/{id}/unlock", "解锁账号", s.setLocked(0), nil, Done{}),
		admin("POST", "accounts/{id}/password", "重设密码，只显示这一次", s.resetPassword, nil, AccountSaved{}),
		admin("GET", "accounts/{id}/tokens", "列出账号的接口令牌", s.tokens, nil, TokenList{}),
		admin("POST", "accounts/{id}/tokens", "发一个接口令牌，全文只显示这一次", s.addToken, TokenRequest{}, TokenCreated{}),
		admin("POST", "tokens/{token}/revoke", "作废接口令牌", s.revoke, nil, Done{}),
		admin("POST", "accounts/{id}/delegations", "把角色临时委托给别人，到期自动收回", s.delegate, DelegationRequest{}, Done{}),
	}
}

// An AccountList (账号列表) is all accounts.
type AccountList struct {
	Accounts []access.Account `json:"accounts"`
}

// An AccountRequest (账号设置) is an account as it shall be.
type AccountRequest struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Person   hub.PersonID   `json:"person,omitempty"`
	Phone    string         `json:"phone,omitempty"`
	Mail     string         `json:"mail,omitempty"`
	Grants   []access.Grant `json:"grants"`
	Password string         `json:"password,omitempty"`
	Subject  string         `json:"subject,omitempty"` // issuer|sub of the identity provider
}

// An AccountSaved (账号已保存) tells a generated password, once.
type AccountSaved struct {
	ID       string `json:"id"`
	Password string `json:"password,omitempty"`
}

// Done (完成) answers what has nothing more to say.
type Done struct {
	OK bool `json:"ok"`
}

// A TokenList (令牌列表) shows tokens by their beginnings.
type TokenList struct {
	Tokens []access.Token `json:"tokens"`
}

// A TokenRequest (令牌申请) asks for a token; no days are 90.
type TokenRequest struct {
	Name   string         `json:"name,omitempty"`
	Days   int            `json:"days,omitempty"`
	Limits []access.Right `json:"limits,omitempty"`
}

// A TokenCreated (新令牌) is the only time that the whole token is shown.
type TokenCreated struct {
	Token   string    `json:"token"`
	ID      string    `json:"id"`
	Account string    `json:"account"`
	Expires time.Time `json:"expires_at"`
}

// A DelegationRequest (委托) lends roles until a moment.
type DelegationRequest struct {
	To     string        `json:"to"`
	Roles  []access.Role `json:"roles,omitempty"` // empty lends all
	Since  time.Time     `json:"since,omitzero"`
	Until  time.Time     `json:"until"`
	Reason string        `json:"reason"`
}

// decode reads a JSON body strictly; it insists on JSON, which a form of
// another site cannot send.
func decode(r *http.Request, v any) error {
	if mt, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); mt != "application/json" {
		return hub.Errorf(hub.CodeInvalid, "api.json_only")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return &hub.Error{Code: hub.CodeInvalid, Key: "command.malformed", Err: err}
	}
	if len(body) > maxBody {
		return hub.Errorf(hub.CodeTooLarge, "command.too_large")
	}
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return &hub.Error{Code: hub.CodeInvalid, Key: "command.malformed", Err: err}
	}
	return nil
}

func (s *People) list(r *http.Request) (any, error) {
	list, err := s.Accounts.List(r.Context())
	if list == nil {
		list = []access.Account{}
	}
	return AccountList{list}, err
}

func (s *People) find(r *http.Request) (any, error) {
	return s.Accounts.Find(r.Context(), r.PathValue("id"))
}

func (s *People) save(r *http.Request) (any, error) {
	var req AccountRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	return s.Save(r.Context(), req)
}

// Save makes or changes an account. A new one gets a password that its owner
// must change, unless it logs in elsewhere.
func (s *People) Save(ctx context.Context, req AccountRequest) (AccountSaved, error) {
	a := access.Account{ID: req.ID, Name: req.Name, Person: req.Person, Phone: req.Phone, Mail: req.Mail, Grants: req.Grants, Subject: req.Subject}
	if to, err := mail.ParseAddress(req.Mail); req.Mail != "" && (err != nil || to.Address != req.Mail) {
		return AccountSaved{}, &hub.Error{Code: hub.CodeInvalid, Key: "account.mail"}
	}
	for i := range a.Grants {
		a.Grants[i].From = ""
	}
	password := req.Password
	if password == "" && req.Subject == "" {
		_, err := s.Accounts.Find(ctx, req.ID)
		if hub.CodeOf(err) == hub.CodeNotFound {
			password = access.NewPassword()
		} else if err != nil {
			return AccountSaved{}, err
		}
	}
	if password != "" {
		if err := access.CheckNewPassword(req.ID, password); err != nil {
			return AccountSaved{}, err
		}
		a.Password, a.MustChange = access.HashPassword(password), true
	}
	if err := s.Accounts.Save(ctx, s.Clock.Now(), a); err != nil {
		return AccountSaved{}, err
	}
	saved := AccountSaved{ID: a.ID}
	if req.Password == "" {
		saved.Password = password
	}
	return saved, nil
}

func (s *People) setDisabled(disabled bool) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		return Done{true}, s.Accounts.SetDisabled(r.Context(), s.Clock.Now(), r.PathValue("id"), disabled)
	}
}

func (s *People) setLocked(d time.Duration) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		var until time.Time
		if d > 0 {
			until = s.Clock.Now().Add(d)
		}
		return Done{true}, s.Accounts.SetLocked(r.Context(), s.Clock.Now(), r.PathValue("id"), until)
	}
}

func (s *People) resetPassword(r *http.Request) (any, error) {
	return s.Reset(r.Context(), r.PathValue("id"))
}

// Reset gives an account a new password, which its owner must change.
func (s *People) Reset(ctx context.Context, id string) (AccountSaved, error) {
	password := access.NewPassword()
	err := s.Secrets.SetPassword(ctx, s.Clock.Now(), id, access.HashPassword(password), true)
	return AccountSaved{id, password}, err
}
