package main_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/mashang-hub/mashang/cmd/mashang/app"
	"github.com/mashang-hub/mashang/configs"
	"github.com/mashang-hub/mashang/hub/hubtest/browsertest"
)

// A visitor is somebody at the console of a running demonstration.
type visitor struct {
	*browsertest.Browser
	t      *testing.T
	url    string
	client *http.Client // logged in like the browser
}

// enter logs an account of the demonstration in.
func (v *visitor) enter(account string) {
	v.t.Helper()
	v.Window(1280)
	v.Go(v.url + "/login")
	browsertest.Act(v.Browser, chromedp.SetValue(`[name=id]`, account))
	browsertest.Act(v.Browser, chromedp.SetValue(`[name=password]`, app.DemoPassword))
	browsertest.Act(v.Browser, chromedp.Submit(`main form`))
	browsertest.Act(v.Browser, chromedp.WaitVisible(`.top nav`))
	jar, err := cookiejar.New(nil)
	if err != nil {
		v.t.Fatal(err)
	}
	v.client = &http.Client{Jar: jar}
	r, err := v.client.PostForm(v.url+"/login", url.Values{"id": {account}, "password": {app.DemoPassword}, "next": {"/account"}})
	if err != nil || r.StatusCode != 200 {
		v.t.Fatal(account, err)
	}
	_ = r.Body.Close()
}

// fetch is what the server answers to who is logged in; the body is read.
func (v *visitor) fetch(path string) *http.Response {
	v.t.Helper()
	r, err := v.client.Get(v.url + path)
	if err != nil {
		v.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	return r
}

// menu is what the menu offers.
func (v *visitor) menu() []string {
	v.t.Helper()
	return browsertest.Act(v.Browser, chromedp.Evaluate[[]string](`[...document.querySelectorAll('.top nav a')].map(a => a.textContent)`))
}

// text is what the first element of selector says.
func (v *visitor) text(selector string) string {
	v.t.Helper()
	return browsertest.Act(v.Browser, chromedp.Text(selector))
}

// count is how many elements of selector the page has.
func (v *visitor) count(selector string) int {
	v.t.Helper()
	return browsertest.Act(v.Browser, chromedp.Evaluate[int]("document.querySelectorAll(`"+selector+"`).length"))
}

// click follows a link to the page behind it.
func (v *visitor) click(selector string) {
	v.t.Helper()
	browsertest.Act(v.Browser, chromedp.Evaluate[any](`document.body.dataset.before = 1`))
	browsertest.Act(v.Browser, chromedp.Click(selector))
	browsertest.Act(v.Browser, chromedp.WaitReady(`body:not([data-before])`))
}

// send fills a form of the page that is open and sends it; the page that
// answers is open then.
func (v *visitor) send(form string, fields map[string]string) {
	v.t.Helper()
	browsertest.Act(v.Browser, chromedp.Evaluate[any](`document.body.dataset.before = 1`))
	for name, value := range fields {
		browsertest.Act(v.Browser, chromedp.SetValue(form+` [name="`+name+`"]`, value))
	}
	browsertest.Act(v.Browser, chromedp.Submit(form))
	browsertest.Act(v.Browser, chromedp.WaitReady(`body:not([data-before])`))
}

// want looks for words on the page that is open.
func (v *visitor) want(words ...string) {
	v.t.Helper()
	page := v.text("main")
	for _, w := range words {
		if !strings.Contains(page, w) {
			v.t.Errorf("the page does not say %q:\n%.1500s", w, page)
		}
	}
}

// look opens the pages and measures them.
func (v *visitor) look(pages map[string]string) {
	v.t.Helper()
	for name, path := range pages {
		v.Look(name, v.url+path)
	}
}

// TestConsole is each user once at the console of a running hub, and then each
// role at each of its pages.
func TestConsole(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a hub")
	}
	ready := run(t, app.Options{Data: t.TempDir(), City: configs.Baiyin()})
	t.Run("users", func(t *testing.T) { consoleUsers(t, ready.URL) })
	t.Run("rights", func(t *testing.T) { consoleRights(t, ready) })
}

func consoleUsers(t *testing.T, url string) {
	t.Helper()
	b := browsertest.Open(t)
	for _, story := range []struct {
		name string
		tell func(v *visitor)
	}{
		{"a rule author and an approver", (*visitor).rules},
		{"a department head appeals, a supervisor judges", (*visitor).assessment},
		{"a security officer makes an account, an auditor sees it", (*visitor).accounts},
		{"a leader instructs, a supervisor follows and calls back", (*visitor).oversight},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(&visitor{Browser: b.For(t), t: t, url: url}) })
	}
}

// rules: an author looks a rule up and submits a change, an approver sees what
// it changes, puts it into force and takes it back.
func (v *visitor) rules() {
	v.enter("author")
	if got := v.menu(); !slices.Equal(got, []string{"规则"}) {
		v.t.Errorf("the author's menu: %v", got)
	}
	v.look(map[string]string{
		"rules": "/rules", "rule": "/rules/rule/供暖-001", "findings": "/rules/findings", "releases": "/rules/log",
		"diff": "/rules/diff", "shadow": "/rules/shadow", "no-rules": "/rules?q=没有这个词",
	})
	v.Go(v.url + "/rules?q=换热站")
	v.want("供暖-001", "采暖期家里不热")
	v.Go(v.url + "/rules/rule/供暖-001")
	v.want("应命中", "小区暖气冰凉三天了", "供热服务中心", "供热服务承诺通行做法")
	mashang(v.t, "rules", "publish", changed(v.t), "--author", "author", "--why", "收费问题先于其他", "--url", v.url)
	v.Go(v.url + "/rules")
	v.want("草稿", "收费问题先于其他")

	v.enter("approver")
	v.Go(v.url + "/rules")
	browsertest.Act(v.Browser, chromedp.Click(`.halves .card:nth-child(2) a`))
	browsertest.Act(v.Browser, chromedp.WaitVisible(`form.card`))
	v.want("改动 1 条", "优先", "件判定有变化")
	draft := browsertest.Act(v.Browser, chromedp.Location())
	v.look(map[string]string{"release": strings.TrimPrefix(draft, v.url)})
	v.send("form.card", map[string]string{"to": "canary", "why": "先试"})
	v.want("灰度要写明地区")
	v.send("form.card", map[string]string{"to": "active", "why": "同意"})
	v.want("已办好，现在是“启用”", "这就是正在启用的版本")
	v.Go(v.url + "/rules")
	v.send(`form[action="/rules/rollback"]`, map[string]string{"why": "派错了"})
	v.want("已回滚", "城市目录")
	v.Go(v.url + "/rules/log")
	v.want("派错了", "同意", "回滚")

	v.enter("author")
	v.Go(draft)
	if strings.Contains(v.text("main"), "到哪一步") {
		v.t.Error("the author is asked to approve")
	}
}

// changed is the demo city with one rule changed.
func changed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, configs.Baiyin()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "rules", "供暖.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("优先: 86"), []byte("优先: 101"), 1)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// assessment: a department head sees only their own department, opens the
// cases behind a number and appeals about one; the supervision office judges
// and takes the report along.
func (v *visitor) assessment() {
	v.enter("head")
	v.look(map[string]string{"assess-own": "/assess", "appeals-none": "/assess/appeals", "export": "/assess/export"})
	v.Go(v.url + "/assess")
	own := v.count("tbody tr")
	n := v.text(`tbody a[href*="measure=closing"][href*="part=denominator"]`)
	v.click(`tbody a[href*="measure=closing"][href*="part=denominator"]`)
	v.want("办结率分母：供热服务中心", "共 "+n+" 件")
	v.click(`td[data-label="申诉"] a`)
	v.send(`form[action="/assess/appeals"]`, map[string]string{"reason": "反映人要求暂缓办理"})
	v.want("申诉已提交", "待裁定", "反映人要求暂缓办理")
	if v.count(`form[action^="/assess/appeals/"]`) != 0 {
		v.t.Error("the head is asked to judge")
	}

	v.enter("supervisor")
	v.look(map[string]string{
		"assess": "/assess", "assess-county": "/assess?by=county", "assess-empty": "/assess?since=2020-01-01&until=2020-02-01",
		"behind": "/assess/cases?by=all&value=all&measure=closing&part=denominator", "appeals": "/assess/appeals",
	})
	v.Go(v.url + "/assess")
	v.want("红榜", "样本少", "下载月报")
	if all := v.count("tbody tr"); own >= all {
		v.t.Errorf("the head of one department sees %d departments of %d", own, all)
	}
	v.Go(v.url + "/assess/appeals")
	v.send(`form[action^="/assess/appeals/"]`, map[string]string{"grant": "yes", "decision": "情况属实"})
	v.want("已裁定", "同意剔除", "情况属实")
	for _, name := range []string{"report.xlsx", "report.pdf"} {
		if r := v.fetch("/assess/" + name); r.StatusCode != 200 || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment") {
			v.t.Errorf("%s: %d %s", name, r.StatusCode, r.Header)
		}
	}
	v.issues()
}

// issues: the supervision office issues last month's report, and once more
// only with a reason; the auditor checks it and takes it along.
func (v *visitor) issues() {
	v.t.Helper()
	v.look(map[string]string{"issues-none": "/assess/issues"})
	v.Go(v.url + "/assess/issues")
	v.want("还没有签发过月报")
	v.send(`form[action="/assess/issues"]`, nil)
	v.want("月报已签发", "第 1 版", "supervisor")
	v.send(`form[action="/assess/issues"]`, nil)
	v.want("再签发要写理由")
	v.enter("auditor")
	v.look(map[string]string{"issues": "/assess/issues", "proof": "/assess/issues/1", "assess-issued": "/assess?issue=1&by=all"})
	v.Go(v.url + "/assess/issues")
	if v.count("main form") != 0 {
		v.t.Error("the auditor is asked to issue")
	}
	v.click(`a[href="/assess/issues/1"]`)
	v.want("与签发时的哈希一致", "今天再算")
	if r := v.fetch("/assess/report.xlsx?issue=1"); r.StatusCode != 200 {
		v.t.Errorf("the report that was issued: %d", r.StatusCode)
	}
}

// accounts: a security officer makes an account, lends a role and issues a
// token; an auditor sees that on record and finds the record whole.
func (v *visitor) accounts() {
	v.enter("security")
	if got := v.menu(); !slices.Equal(got, []string{"账号"}) {
		v.t.Errorf("the security officer's menu: %v", got)
	}
	v.look(map[string]string{
		"accounts": "/accounts", "account": "/accounts/of/head", "account-new": "/accounts/new", "role-rights": "/accounts/rights",
		"accounts-none": "/accounts?q=nobody",
	})
	v.Go(v.url + "/accounts/new")
	v.send("main form", map[string]string{"id": "xiaowang", "name": "小王", "role": "worker"})
	v.want("要写明部门")
	v.send("main form", map[string]string{"department": "heating"})
	v.want("账号已建好", "初始密码", "只显示这一次", "部门经办人")
	v.Go(v.url + "/accounts/of/xiaowang")
	if strings.Contains(v.text("main"), "只显示这一次") {
		v.t.Error("the password is shown again")
	}
	v.send(`form[action$="/contact"]`, map[string]string{"phone": "19900000009", "mail": "wang@example.gov.cn"})
	v.want("联系方式已保存", "199****0009", "已登记")
	v.send(`form[action$="/delegate"]`, map[string]string{"to": "head", "until": "2020-01-01", "reason": "出差"})
	v.want("委托")
	v.send(`form[action$="/token"]`, map[string]string{"name": "对账程序", "days": "30"})
	v.want("令牌已发", "mst_", "对账程序")
	v.send(`form[action$="/revoke"]`, nil)
	v.want("令牌已作废")
	v.send(`form[action$="/disable"]`, nil)
	v.want("已停用")
	v.refused("/audit", "/cases", "/rules", "/assess")

	v.enter("auditor")
	v.look(map[string]string{
		"audit": "/audit", "audit-state": "/audit/state", "audit-none": "/audit?actor=nobody", "reveals": "/audit?action=personal.revealed",
	})
	v.Go(v.url + "/audit?actor=security")
	v.want("保存账号", "account/xiaowang", "作废令牌", "停用账号")
	v.Go(v.url + "/audit/state")
	v.send("main form", nil)
	v.want("没有被改、被删")
	v.refused("/accounts", "/cases")
}

// refused opens pages that are not this user's: each says so, in its layout.
func (v *visitor) refused(paths ...string) {
	v.t.Helper()
	for _, path := range paths {
		v.Go(v.url + path)
		v.want("您没有")
		if r := v.fetch(path); r.StatusCode != http.StatusForbidden {
			v.t.Errorf("%s answers %d", path, r.StatusCode)
		}
	}
}

// oversight: a leader instructs on a topic, the supervision office answers it
// and records a return visit, and reads what deputies did.
func (v *visitor) oversight() {
	v.enter("leader")
	v.look(map[string]string{"topics-none": "/orders/topics"})
	v.Go(v.url + "/orders/topics")
	v.send(`form[action="/orders/topics"]`, map[string]string{"topic": "heating", "text": "供暖问题当天上门", "within": "2个工作日"})
	v.want("批示已落到", "供暖问题当天上门", "件未答复")
	v.Go(v.url + "/")
	v.want("最近收到")
	v.refused("/visits", "/accounts")

	v.enter("deputy")
	if got := v.menu(); !slices.Equal(got, []string{"代表"}) {
		v.t.Errorf("the deputy's menu: %v", got)
	}
	v.look(map[string]string{"deputy": "/deputy"})
	v.Go(v.url + "/deputy")
	v.click("td a.title")
	v.send("main form", map[string]string{"suggestion": "请公布抢修进度"})
	v.want("已记下")

	v.enter("supervisor")
	v.look(map[string]string{
		"orders": "/orders", "orders-late": "/orders?state=overdue", "orders-done": "/orders?state=answered", "topics": "/orders/topics",
		"visits": "/visits", "deputies": "/deputies", "deputies-none": "/deputies?since=2020-01-01&until=2020-02-01",
	})
	v.Go(v.url + "/deputies")
	v.want("人大代表老韩", "请公布抢修进度")
	v.Go(v.url + "/orders/topics")
	v.send(`form[action^="/orders/topics/"]`, map[string]string{"text": "都已上门"})
	v.want("已答复", "都已上门", "0 件未答复")
	v.Go(v.url + "/visits")
	v.click("td a.title")
	visit := strings.TrimPrefix(browsertest.Act(v.Browser, chromedp.Location()), v.url)
	v.look(map[string]string{"visit": visit})
	v.Go(v.url + visit)
	v.send("main form", map[string]string{"reached": "yes"})
	v.want("解决")
	v.send("main form", map[string]string{"reached": "yes", "solved": "yes", "satisfied": "no", "text": "来得太晚"})
	v.want("回访已登记")
	v.Go(v.url + visit)
	v.want("已解决", "不满意", "来得太晚")
}
