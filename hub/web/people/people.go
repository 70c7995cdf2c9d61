// Package people is the pages of accounts (账号): who has which role where, what
// each role may do, tokens, delegation, and help for who cannot log in.
//
// Secrets are shown once, on the page that answers the form. The package
// decides nothing about rights: package access does. Start with
// [Config.Routes].
package people

import (
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

//go:embed template/*.html
var files embed.FS

// A Config says what the pages stand on.
type Config struct {
	Names  frame.Names
	People *api.People
}

type office struct {
	*frame.Frame
	people *api.People
}

// Routes returns the pages and the frame that they stand in.
func (c Config) Routes() (*frame.Frame, []frame.Route) {
	o := &office{frame.New(c.Names, c.People.Clock, files, nil), c.People}
	page := func(method, path string, show frame.Shower) frame.Route {
		return frame.Route{Method: method, Path: path, Right: access.ManageAccounts, Reach: access.NoCases, Show: show}
	}
	return o.Frame, []frame.Route{
		page("GET", "/accounts", o.list), page("GET", "/accounts/new", o.blank), page("POST", "/accounts/new", o.create),
		page("GET", "/accounts/rights", o.rights), page("GET", "/accounts/of/{id}", o.one), page("POST", "/accounts/of/{id}/{what}", o.change),
	}
}

// A roll is the data of the list of accounts.
type roll struct {
	Accounts    []access.Account
	Found, All  int
	Query, Role string
	Roles       []frame.Option
	Now         time.Time
}

// perPage is how many accounts are listed; who looks for one types its name.
const perPage = 200

func (o *office) list(r *http.Request) (frame.View, error) {
	all, err := o.people.Accounts.List(r.Context())
	if err != nil {
		return frame.View{}, err
	}
	d := roll{All: len(all), Query: strings.TrimSpace(r.URL.Query().Get("q")), Role: r.URL.Query().Get("role"), Roles: roles(), Now: o.Clock.Now()}
	for _, a := range all {
		named := strings.Contains(a.ID, strings.ToLower(d.Query)) || strings.Contains(a.Name, d.Query)
		if !named || d.Role != "" && !slices.ContainsFunc(a.Grants, func(g access.Grant) bool { return string(g.Role) == d.Role }) {
			continue
		}
		if d.Found++; d.Found <= perPage {
			d.Accounts = append(d.Accounts, a)
		}
	}
	return frame.View{Name: "accounts", Title: "账号", Nav: "/accounts", Data: d}, nil
}

func roles() []frame.Option {
	var out []frame.Option
	for _, r := range access.Roles() {
		out = append(out, frame.Option{Value: string(r), Label: frame.Word("role", r)})
	}
	return out
}

// A table is what each role may do.
type table struct {
	Role   access.Role
	Rights []access.Right
}

func (o *office) rights(*http.Request) (frame.View, error) {
	var rows []table
	for _, r := range access.Roles() {
		rows = append(rows, table{r, access.RightsOf(r, 7)})
	}
	return frame.View{Name: "rights", Title: "角色与权限", Nav: "/accounts", Data: rows}, nil
}

// A form is what was typed to make an account.
type form struct {
	ID, Name, Role, Place, Department, Rung string
	Phone, Mail                             string
	Roles, Departments                      []frame.Option
	Problem                                 string
}

func (o *office) form(r *http.Request) form {
	f := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	return form{
		ID: strings.ToLower(f("id")), Name: f("name"), Role: f("role"), Place: f("place"), Department: f("department"), Rung: f("rung"),
		Phone: f("phone"), Mail: f("mail"),
		Roles: roles(), Departments: o.DepartmentOptions(),
	}
}

// grant is the grant that the form asks for.
func (f form) grant() access.Grant {
	g := access.Grant{Role: access.Role(f.Role), Place: hub.PlaceCode(f.Place), Department: hub.DepartmentCode(f.Department)}
	if len(f.Rung) == 1 && f.Rung >= "1" && f.Rung <= "7" {
		g.Rung = hub.Rung(f.Rung[0] - '0')
	}
	return g
}

func (o *office) blank(r *http.Request) (frame.View, error) {
	return frame.View{Name: "new", Title: "新建账号", Nav: "/accounts", Data: o.form(r)}, nil
}

func (o *office) create(r *http.Request) (frame.View, error) {
	f := o.form(r)
	_, err := o.people.Accounts.Find(r.Context(), f.ID)
	if err == nil {
		err = hub.Errorf(hub.CodeConflict, "account.exists", f.ID)
	} else if hub.CodeOf(err) == hub.CodeNotFound {
		err = nil
	}
	var saved api.AccountSaved
	if err == nil {
		saved, err = o.people.Save(r.Context(), api.AccountRequest{
			ID: f.ID, Name: f.Name, Phone: f.Phone, Mail: f.Mail, Grants: []access.Grant{f.grant()},
		})
	}
	if err != nil {
		f.Problem = frame.Sentence(err)
		return frame.View{Name: "new", Title: "错误：新建账号", Nav: "/accounts", Data: f, Status: hub.CodeOf(err).HTTPStatus()}, nil
	}
	return o.page(r, f.ID, told{Done: "账号已建好。", Secret: saved.Password, Kind: "初始密码"}, nil)
}

// address is the page of an account.
func address(id string) string { return "/accounts/of/" + url.PathEscape(id) }
