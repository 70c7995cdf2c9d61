package people

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// A told is what a change has to tell; a secret is told this once.
type told struct{ Done, Kind, Secret string }

// A file is the data of the page of one account.
type file struct {
	access.Account
	told
	Tokens  []access.Token
	Form    form           // of another grant
	Rights  []frame.Option // that a token may be limited to
	Now     time.Time
	Locked  bool
	Problem string
}

func (o *office) one(r *http.Request) (frame.View, error) {
	done := map[string]string{
		"disable": "已停用，会话和令牌一并失效。", "enable": "已恢复。", "lock": "已锁定 24 小时。", "unlock": "已解锁。",
		"grant": "已加上角色。", "ungrant": "已去掉角色。", "revoke": "令牌已作废。", "delegate": "已委托，到期自动收回。", "contact": "联系方式已保存。",
	}[r.URL.Query().Get("done")]
	return o.page(r, r.PathValue("id"), told{Done: done}, nil)
}

// page is the page of an account after something was done, or failed.
func (o *office) page(r *http.Request, id string, t told, failed error) (frame.View, error) {
	a, err := o.people.Accounts.Find(r.Context(), id)
	if err != nil {
		return frame.View{}, err
	}
	tokens, err := o.people.Secrets.Tokens(r.Context(), id)
	if err != nil {
		return frame.View{}, err
	}
	now := o.Clock.Now()
	d := file{Account: a, told: t, Tokens: tokens, Form: o.form(r), Now: now, Locked: now.Before(a.LockedUntil)}
	for _, right := range access.Rights() {
		if slices.ContainsFunc(a.Grants, func(g access.Grant) bool { return slices.Contains(access.RightsOf(g.Role, g.Rung), right) }) {
			d.Rights = append(d.Rights, frame.Option{Value: string(right), Label: frame.Word("right", right)})
		}
	}
	v := frame.View{Name: "one", Title: "账号 " + a.Name, Nav: "/accounts"}
	if failed != nil {
		d.Problem = v.Refuse(failed)
	}
	v.Data = d
	return v, nil
}

// change does one thing with an account.
func (o *office) change(r *http.Request) (frame.View, error) {
	id, what, ctx, now := r.PathValue("id"), r.PathValue("what"), r.Context(), o.Clock.Now()
	f := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	var err error
	switch what {
	case "disable", "enable":
		err = o.people.Accounts.SetDisabled(ctx, now, id, what == "disable")
	case "lock":
		err = o.people.Accounts.SetLocked(ctx, now, id, now.Add(24*time.Hour))
	case "unlock":
		err = o.people.Accounts.SetLocked(ctx, now, id, time.Time{})
	case "grant", "ungrant":
		err = o.regrant(r, id, what)
	case "revoke":
		err = o.people.Secrets.RevokeToken(ctx, now, f("token"))
	case "delegate":
		err = o.delegate(r, id)
	case "contact":
		err = o.contact(r, id)
	case "password":
		var saved api.AccountSaved
		if saved, err = o.people.Reset(ctx, id); err == nil {
			return o.page(r, id, told{"密码已重设，登录后要先改密码。", "新密码", saved.Password}, nil)
		}
	case "token":
		var made api.TokenCreated
		if made, err = o.issue(r, id); err == nil {
			return o.page(r, id, told{"令牌已发。", "令牌", made.Token}, nil)
		}
	default:
		return frame.View{}, hub.Errorf(hub.CodeNotFound, "page.not_found")
	}
	if err != nil {
		return o.page(r, id, told{}, err)
	}
	return frame.View{To: address(id) + "?done=" + what}, nil
}

// own finds an account and the grants that were not lent to it.
func (o *office) own(r *http.Request, id string) (access.Account, []access.Grant, error) {
	a, err := o.people.Accounts.Find(r.Context(), id)
	return a, slices.DeleteFunc(slices.Clone(a.Grants), func(g access.Grant) bool { return g.From != "" }), err
}

// regrant adds a grant to those that the account itself holds, or takes one
// away.
func (o *office) regrant(r *http.Request, id, what string) error {
	a, own, err := o.own(r, id)
	if err != nil {
		return err
	}
	if what == "grant" {
		own = append(own, o.form(r).grant())
	} else {
		n, err := strconv.Atoi(r.PostFormValue("n"))
		if err != nil || n < 0 || n >= len(a.Grants) || a.Grants[n].From != "" {
			return hub.Errorf(hub.CodeInvalid, "account.no_role")
		}
		gone := a.Grants[n]
		own = slices.DeleteFunc(own, func(g access.Grant) bool { return g == gone })
	}
	_, err = o.people.Save(r.Context(), api.AccountRequest{ID: a.ID, Name: a.Name, Person: a.Person, Grants: own})
	return err
}

// contact sets the telephone and the mail address at which an account's person
// is told; what is left empty stays.
func (o *office) contact(r *http.Request, id string) error {
	a, own, err := o.own(r, id)
	if err != nil {
		return err
	}
	f := o.form(r)
	_, err = o.people.Save(r.Context(), api.AccountRequest{ID: a.ID, Name: a.Name, Person: a.Person, Phone: f.Phone, Mail: f.Mail, Grants: own})
	return err
}

func (o *office) issue(r *http.Request, id string) (api.TokenCreated, error) {
	req := api.TokenRequest{Name: strings.TrimSpace(r.PostFormValue("name"))}
	req.Days, _ = strconv.Atoi(r.PostFormValue("days")) // 0 is the usual life
	for _, right := range r.PostForm["limits"] {
		req.Limits = append(req.Limits, access.Right(right))
	}
	return o.people.Issue(r.Context(), id, req)
}

func (o *office) delegate(r *http.Request, id string) error {
	until, err := time.ParseInLocation("2006-01-02", r.PostFormValue("until"), hub.China())
	if err != nil {
		return &hub.Error{Code: hub.CodeInvalid, Key: "delegation.until", Err: err}
	}
	return o.people.Lend(r.Context(), id, api.DelegationRequest{
		To: strings.ToLower(strings.TrimSpace(r.PostFormValue("to"))), Until: until.AddDate(0, 0, 1), Reason: strings.TrimSpace(r.PostFormValue("reason")),
	})
}
