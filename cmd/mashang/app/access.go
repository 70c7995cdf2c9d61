package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/access/sso"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres/accounts"
	"github.com/mashang-hub/mashang/hub/postgres/retention"
	"github.com/mashang-hub/mashang/hub/seal"
	"github.com/mashang-hub/mashang/hub/web"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// openAccess reads the keys of personal data and opens the accounts. A hub
// that is no demonstration refuses to run when nobody can log in.
func (a *App) openAccess(ctx context.Context) error {
	var err error
	if err = a.openKeys(ctx); err != nil {
		return err
	}
	a.db.SealWith(a.keys)
	a.people = accounts.New(a.db, a.keys)
	a.gate = &access.Gate{Keeper: a.people, Clock: a.clock, Service: a.opts.Token, Demo: a.opts.Demo}
	if a.opts.Demo {
		return a.seedAccounts(ctx)
	}
	if a.opts.Token != "" {
		return nil
	}
	has, err := a.people.HasAdmin(ctx)
	if err == nil && !has {
		return hub.Errorf(hub.CodeUnauthorized, "account.no_admin")
	}
	return err
}

// openKeys reads the keys of personal data and refuses those that are not the
// keys of the other nodes: what one seals all must open.
func (a *App) openKeys(ctx context.Context) (err error) {
	if a.keys, err = loadKeys(a.opts.Data); err != nil {
		return err
	}
	return a.db.CheckKeys(ctx, a.keys, a.clock.Now())
}

// loadKeys reads the keys of personal data from MASHANG_KEYS, the file that
// MASHANG_KEYS_FILE names or the data folder, where they are made at the first
// start.
func loadKeys(data string) (*seal.Keyring, error) {
	file := os.Getenv("MASHANG_KEYS_FILE")
	if file == "" {
		file = filepath.Join(data, "keys")
	}
	return seal.Load(os.Getenv("MASHANG_KEYS"), file)
}

// accessRoutes are the routes about accounts and the audit.
func (a *App) accessRoutes() []api.Route {
	routes := api.AccountRoutes(a.people, a.people, a.clock)
	routes = append(routes, api.AuditRoutes(a.ledger(), a.checkpoints)...)
	routes = append(routes, api.PersonalRoutes(a.vault(), a.clock, keepPersonal)...)
	agencies := a.outside().agencies
	routes = append(routes, api.NoticeRoutes(a.cases, a.clock, func(d hub.DepartmentCode) string { return agencies[d] })...)
	return append(routes, a.civicRoutes()...)
}

// mountPages mounts the console behind its rights table, and the way in.
func (a *App) mountPages(mux *http.ServeMux, names frame.Names) {
	keeper := access.NewLogin(a.people, a.clock)
	ways := web.Doors{Keeper: keeper, Secrets: a.people, Secure: strings.HasPrefix(a.opts.Public, "https://")}
	if issuer := os.Getenv("MASHANG_OIDC_ISSUER"); issuer != "" {
		ways.Name = cmp.Or(os.Getenv("MASHANG_OIDC_NAME"), "统一身份认证")
		ways.OIDC = sso.New(sso.Config{
			Issuer: issuer, Client: os.Getenv("MASHANG_OIDC_CLIENT"), Secret: os.Getenv("MASHANG_OIDC_SECRET"),
			Redirect: strings.TrimRight(a.opts.Public, "/") + "/login/oidc/callback", After: strings.TrimRight(a.opts.Public, "/") + "/login",
		}, keeper)
	}
	login := web.Login(ways, names, a.clock)
	for _, path := range []string{"/login", "/login/", "/logout", "/account", "/account/"} {
		mux.Handle(path, frame.Protect(login, a.gate))
	}
	own := web.Personal(a.records(), a.counter, func(ctx context.Context, id hub.CaseID, purpose string) (hub.Submission, error) {
		return a.cases.Reveal(ctx, id, a.clock.Now(), purpose)
	}, names, a.clock)
	for _, path := range []string{"POST /t/{tracking}/say", "/reveal/"} {
		mux.Handle(path, frame.Protect(own, a.gate))
	}
	for _, path := range []string{"/deputy", "/deputy/"} {
		mux.Handle(path, frame.Protect(web.Deputy(a.bench, names, a.clock), a.gate))
	}
	mux.Handle("/", frame.Protect(web.New(a.records(), a.desk, names, a.clock), a.gate))
}

// DemoPassword is the password of every account of the demonstration, and of
// none elsewhere.
const DemoPassword = "Demo-baiyin-2026"

// demoAccounts are one of each role, invented.
func demoAccounts() []access.Account {
	county, township := hub.PlaceCode("620402"), hub.PlaceCode("620402001")
	account := func(id, name string, g access.Grant) access.Account {
		return access.Account{ID: id, Name: name, Grants: []access.Grant{g}}
	}
	return []access.Account{
		account("operator", "分拨员小周", access.Grant{Role: access.Operator}),
		account("cadre", "社区干部老马", access.Grant{Role: access.Cadre, Place: "620402001001", Rung: 1}),
		account("township", "街道书记老杨", access.Grant{Role: access.Cadre, Place: township, Rung: 3}),
		account("worker", "供热经办人小李", access.Grant{Role: access.Worker, Department: "heating"}),
		account("housing", "住建经办人小陈", access.Grant{Role: access.Worker, Department: "housing"}),
		account("head", "供热负责人老郭", access.Grant{Role: access.Head, Department: "heating"}),
		account("supervisor", "督查室小吴", access.Grant{Role: access.Supervisor}),
		account("leader", "分管领导", access.Grant{Role: access.Leader}),
		account("deputy", "人大代表老韩", access.Grant{Role: access.Deputy, Place: county}),
		account("author", "规则编写员", access.Grant{Role: access.Author}),
		account("approver", "规则审批员", access.Grant{Role: access.Approver}),
		account("it", "信息技术员", access.Grant{Role: access.IT}),
		account("auditor", "审计员", access.Grant{Role: access.Auditor}),
		account("security", "安全管理员", access.Grant{Role: access.SecurityAdmin}),
	}
}

// seedAccounts makes the accounts of the demonstration.
func (a *App) seedAccounts(ctx context.Context) error {
	old, err := a.people.List(ctx)
	if err != nil || len(old) > 0 {
		return err
	}
	list := demoAccounts()
	hash := access.HashPassword(DemoPassword)
	for i := range list {
		list[i].Password = hash
	}
	ctx = audit.From(ctx, audit.Source{Actor: hub.System()})
	if err := a.people.Save(ctx, a.clock.Now(), list...); err != nil {
		return fmt.Errorf("make the demo accounts: %w", err)
	}
	return nil
}

// firstToken is how long the first administrator's API token lives.
const firstToken = 24 * time.Hour

// Init makes the first administrator of an installation, who makes the other
// accounts, and returns the password, which must be changed at the first
// log-in, and an API token for a day, with which accounts can be made at once.
// It refuses when there is an administrator already.
func (a *App) Init(ctx context.Context, id, name string) (password, token string, err error) {
	defer func() { err = errors.Join(err, a.stop()) }()
	if err := os.MkdirAll(a.opts.Data, 0o755); err != nil {
		return "", "", fmt.Errorf("make the data folder: %w", err)
	}
	if err := a.openDatabase(ctx); err != nil {
		return "", "", err
	}
	if err = a.openKeys(ctx); err != nil {
		return "", "", err
	}
	a.people = accounts.New(a.db, a.keys)
	has, err := a.people.HasAdmin(ctx)
	if err != nil {
		return "", "", err
	}
	if has {
		return "", "", hub.Errorf(hub.CodeConflict, "account.has_admin")
	}
	password = access.NewPassword()
	now := a.clock.Now()
	err = a.people.Save(ctx, now, access.Account{
		ID: id, Name: name, Password: access.HashPassword(password), MustChange: true,
		Grants: []access.Grant{{Role: access.SecurityAdmin}},
	})
	if err != nil {
		return "", "", err
	}
	token, hash, shown := access.NewToken()
	return password, token, a.people.AddToken(ctx, hash, access.Token{
		ID: shown, Account: id, Name: "account init", CreatedAt: now, ExpiresAt: now.Add(firstToken),
	})
}

// keepPersonal is how long personal data is kept after a case is closed:
// MASHANG_KEEP_PERSONAL_DAYS, at least the half year that the law wants of
// logs, else three years.
func keepPersonal() time.Duration {
	days, err := strconv.Atoi(os.Getenv("MASHANG_KEEP_PERSONAL_DAYS"))
	if err != nil || days < 183 {
		days = 3 * 365
	}
	return time.Duration(days) * 24 * time.Hour
}

// expireDaily deletes personal data that is past its term, once a day, and
// sessions that have ended.
func (a *App) expireDaily(ctx context.Context) error {
	day := time.NewTicker(24 * time.Hour)
	defer day.Stop()
	for {
		now := a.clock.Now()
		if err := a.people.Purge(ctx, now); err != nil && ctx.Err() == nil {
			a.log.Error("forget sessions that ended", "err", err)
		}
		if _, err := retention.New(a.db).ExpireLetters(ctx, now, now.Add(-keepPersonal())); err != nil && ctx.Err() == nil {
			a.log.Error("delete old dead letters", "err", err)
		}
		for {
			gone, err := retention.New(a.db).Expire(ctx, now, now.Add(-keepPersonal()), 500)
			if err != nil && ctx.Err() == nil {
				a.log.Error("delete personal data that is past its term", "err", err)
			}
			if err != nil || len(gone) == 0 {
				break
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-day.C:
		}
	}
}
