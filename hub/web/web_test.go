package web_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/access/accesstest"
	"github.com/mashang-hub/mashang/hub/web"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// noon is the moment of every test.
func noon() time.Time { return time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC) }

// cabinet holds a few cases and records commands.
type cabinet struct {
	redone []hub.DeliveryFilter
	empty  bool
	last   hub.Filter
	cmd    hub.Command
	err    error
	state  hub.Status
	parts  []hub.Assignment // in place of the usual ones
	events []hub.Event
	read   map[string]string // facts of the first push
}

func (c *cabinet) one() hub.Case {
	st := c.state
	if st == "" {
		st = hub.StatusAssigned
	}
	parts := c.parts
	if parts == nil {
		parts = []hub.Assignment{{Department: "heating", Role: hub.RoleLead, AssignedAt: noon().Add(-2 * time.Hour)}}
	}
	return hub.Case{
		ID: "BY7K3M9QXT2F4H", Status: st, Channel: "qr", Place: "620402003001", Round: 1, OpenedAt: noon().Add(-2 * time.Hour),
		Class:       hub.Class{Topic: "heating", Urgency: hub.UrgencyUrgent, Category: "城乡建设"},
		Assignments: parts,
		Deadlines: []hub.Deadline{
			{Kind: hub.ClockClose, Budget: hub.Budget{N: 2, Unit: hub.WorkingDay}, Due: noon().Add(30 * time.Hour)},
			{Kind: hub.ClockSign, Budget: hub.Budget{N: 1, Unit: hub.Hour}, Due: noon().Add(-time.Hour)},
		},
		Overdue: []hub.DeadlineKind{hub.ClockSign}, Supervised: true,
	}
}

func (c *cabinet) Cases(_ context.Context, f hub.Filter) ([]hub.Summary, error) {
	c.last = f
	if c.empty {
		return nil, c.err
	}
	var out []hub.Summary
	for i := range 30 {
		one := c.one()
		one.ID += hub.CaseID(fmt.Sprint(i))
		out = append(out, hub.Summary{Case: one, Title: "家里暖气不热，只有12度，请打13912341234", Due: noon().Add(30 * time.Hour)})
	}
	return out, c.err
}

func (c *cabinet) CountCases(context.Context, hub.Filter) (int, error) {
	if c.empty {
		return 0, c.err
	}
	return 95, c.err
}

func (c *cabinet) Case(_ context.Context, id hub.CaseID) (hub.Case, hub.Submission, error) {
	if id != c.one().ID {
		return hub.Case{}, hub.Submission{}, hub.Errorf(hub.CodeNotFound, "case.not_found", string(id))
	}
	return c.one(), hub.Submission{SubmittedAt: noon().Add(-3 * time.Hour), Content: hub.Content{
		Title: "暖气不热", Text: "家里暖气不热，只有12度。<script>alert(1)</script> 电话13912341234",
		Reporter: hub.Reporter{Name: "张三丰", Phone: "13912341234"},
		Attachments: []hub.Attachment{
			{SHA256: "aa", Name: "暖气片.png", MediaType: "image/png"}, {SHA256: "bb", Name: "说明.网页", MediaType: "text/html"},
		},
	}}, c.err
}

func (c *cabinet) Events(context.Context, hub.CaseID) ([]hub.Event, error) {
	if c.events != nil {
		return c.events, c.err
	}
	d := &hub.Decision{
		RuleSet: "9f2c4a", Lead: "heating", Rule: "G-01", Confidence: 0.93,
		Matches: []hub.Match{{Rule: "G-01", Stage: "route", Priority: 80, Department: "heating", Hits: []hub.Hit{{Field: "text", Word: "暖气", Rune: 2}}}, {Rule: "W-09", Stage: "route", Priority: 10, Department: "housing"}},
	}
	at := noon().Add(-2 * time.Hour)
	return []hub.Event{
		{Seq: 1, Type: hub.Received, At: at, By: hub.System(), Data: hub.Data{Origin: &hub.Origin{Channel: "qr"}, Decision: d}},
		{Seq: 2, Type: hub.Assigned, At: at, By: hub.System(), Data: hub.Data{Lead: "heating", Co: []hub.DepartmentCode{"housing"}}},
		{Seq: 3, Type: hub.Overran, At: noon().Add(-time.Hour), By: hub.System(), Data: hub.Data{Clock: hub.ClockSign}},
		{Seq: 4, Type: hub.Escalated, At: noon().Add(-time.Hour), By: hub.System(), Data: hub.Data{Duty: &hub.Duty{Rung: 2, Name: "李某某", Deputy: true}}},
		{Seq: 5, Type: hub.Supervised, At: noon(), By: hub.Actor{Kind: hub.ActorPerson, Name: "王主任"}, Data: hub.Data{Text: "内部督办意见"}},
	}, c.err
}

func (c *cabinet) Deliveries(context.Context, hub.CaseID) ([]hub.Delivery, error) {
	read := c.read
	if read == nil {
		read = map[string]string{"text": "中心街换热站"}
	}
	return []hub.Delivery{
		{
			Alert: hub.Alert{Department: "heating", Event: hub.Assigned, At: noon(), Case: c.one().ID}, Status: hub.DeliveryDone,
			Attempts: []hub.Attempt{{N: 1, At: noon(), Took: 80 * time.Millisecond, Result: "delivered"}}, Receipt: &hub.Receipt{Facts: read, Group: "中心街换热站"},
		},
		{Alert: hub.Alert{Department: "housing", Event: hub.Assigned, At: noon(), Case: c.one().ID}, Status: hub.DeliveryPending, NextAt: noon().Add(time.Minute), Attempts: []hub.Attempt{{N: 1, At: noon(), Result: "部门系统连不上"}}},
		{Alert: hub.Alert{ID: "BY1.2.labor", Department: "labor", Event: hub.Assigned, At: noon(), Case: c.one().ID}, Status: hub.DeliveryDead, Attempts: []hub.Attempt{{N: 1, At: noon(), Result: "部门系统已停用这个地址"}}},
	}, c.err
}

func (c *cabinet) RecentDeliveries(ctx context.Context, _ hub.DepartmentCode, _ hub.DeliveryStatus, _ int) ([]hub.Delivery, error) {
	if c.empty {
		return nil, c.err
	}
	return c.Deliveries(ctx, "")
}

func (c *cabinet) Do(_ context.Context, _ hub.CaseID, cmd hub.Command) (hub.Case, error) {
	c.cmd = cmd
	return c.one(), c.err
}

func handler(c *cabinet) http.Handler { return frame.Protect(bare(c), accesstest.Anybody()) }

func bare(c *cabinet) http.Handler {
	return web.New(c, c, frame.Names{
		City:        "白银市",
		Departments: map[hub.DepartmentCode]string{"heating": "市供热服务中心", "housing": "市住建局", "labor": "市人社局"},
		Channels:    map[hub.ChannelCode]string{"qr": "码上反映", "hotline": "12345热线"},
		Places: func(p hub.PlaceCode) string {
			return map[hub.PlaceCode]string{"620402": "白银区", "620402003": "人民路街道", "620402003001": "中心街社区"}[p]
		},
	}, hub.ClockFunc(noon))
}

func ask(t *testing.T, h http.Handler, method, path string, form url.Values, header ...string) (int, string, http.Header) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Result().Body)
	return w.Code, string(body), w.Header()
}

const casePath = "/cases/BY7K3M9QXT2F4H"

func TestEveryPageOpensAndHidesPersonalData(t *testing.T) {
	for _, c := range []*cabinet{{}, {empty: true}} {
		h := handler(c)
		for _, path := range []string{"/", "/cases", "/cases?page=2&text=x", casePath, "/departments", "/departments/heating?status=dead", "/t", "/t/BY7K3M9QXT2F4H", "/assets/style.css"} {
			code, body, head := ask(t, h, "GET", path, nil)
			if code != 200 || !strings.HasSuffix(strings.TrimSpace(body), "</html>") && !strings.HasSuffix(path, ".css") {
				t.Errorf("%s: %d %.200s", path, code, body)
			}
			if strings.Contains(body, "13912341234") || strings.Contains(body, "三丰") || strings.Contains(body, "<script") {
				t.Errorf("%s shows what it must not", path)
			}
			if !strings.Contains(head.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s has no content policy", path)
			}
		}
	}
}

func TestCasePageSaysWhy(t *testing.T) {
	_, body, _ := ask(t, handler(&cabinet{}), "GET", casePath, nil)
	for _, want := range []string{
		"市供热服务中心牵头", "G-01", "<mark>暖气</mark>", "9f2c4a", "剩 1天6小时", "已超 1小时", "白银区 人民路街道 中心街社区",
		"第2级责任人：李某某（代理）", "已告知第 2 级责任人：李某某（代理）", "张**", "139****1234", "签收", "督办", "部门系统连不上",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("page does not say %q", want)
		}
	}
}

func TestCitizenPageSaysNothingInternal(t *testing.T) {
	_, body, _ := ask(t, handler(&cabinet{}), "GET", "/t?id=by7k3m9qxt2f4h", nil)
	if !strings.Contains(body, "已派给市供热服务中心") {
		t.Error("the way of the case is missing")
	}
	for _, bad := range []string{"内部督办意见", "督办", "张", "李某某", "暖气", "王主任", "G-01"} {
		if strings.Contains(body, bad) {
			t.Errorf("the citizen's page says %q", bad)
		}
	}
	code, body, _ := ask(t, handler(&cabinet{}), "GET", "/t?id=%3Cb%3Ex", nil)
	if code != 404 || strings.Contains(body, "<b>x") || strings.Contains(body, "<B>X") {
		t.Errorf("unknown number: %d", code)
	}
}

func TestFormsBecomeCommands(t *testing.T) {
	c := &cabinet{}
	h := handler(c)
	code, _, head := ask(t, h, "POST", casePath+"/do", url.Values{"type": {"supervise"}, "text": {"限期答复"}, "within": {"3个工作日"}, "name": {"王主任"}})
	got, ok := c.cmd.(hub.Supervise)
	if code != 303 || head.Get("Location") != casePath+"?done=supervise" || !ok || got.Within.N != 3 || got.Actor.Name != "王主任" {
		t.Errorf("%d %q %+v", code, head.Get("Location"), c.cmd)
	}
	if _, body, _ := ask(t, h, "GET", casePath+"?done=supervise", nil); !strings.Contains(body, "已执行：督办") {
		t.Error("nothing confirms the action")
	}
	ask(t, h, "POST", casePath+"/do", url.Values{"type": {"sign_for"}, "department": {"heating"}})
	if s, ok := c.cmd.(hub.SignFor); !ok || s.Department != "heating" || s.Actor.Kind != hub.ActorDepartment {
		t.Errorf("signed %+v", c.cmd)
	}
}

func TestRefusalKeepsWhatWasTyped(t *testing.T) {
	c := &cabinet{err: nil}
	h := handler(c)
	code, body, _ := ask(t, h, "POST", casePath+"/do", url.Values{"type": {"instruct"}, "text": {"请立即处理供暖"}, "within": {"很快"}})
	if code != 422 || !strings.Contains(body, "请立即处理供暖</textarea>") || !strings.Contains(body, "没有执行") || !strings.Contains(body, "错误：") {
		t.Errorf("%d", code)
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	c := &cabinet{}
	code, body, _ := ask(t, handler(c), "POST", casePath+"/do", url.Values{"type": {"archive"}}, "Sec-Fetch-Site", "cross-site")
	if code != 403 || c.cmd != nil || !strings.Contains(body, "</html>") {
		t.Errorf("%d, command %+v", code, c.cmd)
	}
}

func TestErrorsAndPaging(t *testing.T) {
	c := &cabinet{}
	h := handler(c)
	for path, want := range map[string]int{"/nope": 404, "/cases/NO": 404, "/departments/no": 404} {
		if code, body, _ := ask(t, h, "GET", path, nil); code != want || !strings.Contains(body, "</html>") {
			t.Errorf("%s: %d", path, code)
		}
	}
	_, body, _ := ask(t, h, "GET", "/cases?page=2&status=assigned", nil)
	if c.last.Offset != 30 || !strings.Contains(body, "/cases?page=3&amp;status=assigned") || !strings.Contains(body, "/cases?page=1&amp;status=assigned") {
		t.Errorf("paging with %+v", c.last)
	}
	c.err = fmt.Errorf("password=hunter2")
	if code, body, _ := ask(t, h, "GET", "/cases", nil); code != 500 || strings.Contains(body, "hunter2") {
		t.Errorf("inner error: %d", code)
	}
	_, _, head := ask(t, h, "GET", "/big?back=//evil.example", nil)
	if head.Get("Location") != "/" {
		t.Errorf("went to %q", head.Get("Location"))
	}
}

func TestActionsFitTheState(t *testing.T) {
	for st, want := range map[hub.Status]string{hub.StatusSorting: "assign", hub.StatusHandling: "resolve", hub.StatusWaiting: "reply", hub.StatusResolved: "reopen", hub.StatusSuspended: "resume"} {
		_, body, _ := ask(t, handler(&cabinet{state: st}), "GET", casePath, nil)
		if !strings.Contains(body, `value="`+want+`"`) {
			t.Errorf("%s offers no %s", st, want)
		}
	}
	if _, body, _ := ask(t, handler(&cabinet{state: hub.StatusMerged}), "GET", casePath, nil); strings.Contains(body, "<textarea") {
		t.Error("a merged case offers actions")
	}
}

func TestProtectKeepsTheConsoleClosed(t *testing.T) {
	h := frame.Protect(bare(&cabinet{}), &access.Gate{Service: "secret", Clock: hub.ClockFunc(noon)})
	for path, want := range map[string]int{"/": 401, casePath: 401, "/cases": 401, "/tx": 401, "/t": 200, "/t/BY7K3M9QXT2F4H": 200, "/assets/style.css": 200} {
		if code, _, _ := ask(t, h, "GET", path, nil); code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/cases", nil)
	r.SetBasicAuth("anyone", "secret")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 200 {
		t.Errorf("with the token: %d", w.Code)
	}
	code, _, header := ask(t, h, "GET", "/cases?status=sorting", nil, "Accept", "text/html")
	if code != 303 || header.Get("Location") != "/login?next=%2Fcases%3Fstatus%3Dsorting" {
		t.Errorf("a browser: %d %s", code, header.Get("Location"))
	}
}

func TestPagesFollowTheRightsTable(t *testing.T) {
	for _, v := range []struct {
		role access.Role
		path string
		want int
	}{
		{access.Operator, "/cases", 200},
		{access.Operator, "/unknown", 403},
		{access.IT, "/departments", 200},
		{access.IT, "/cases", 403},
		{access.IT, "/", 303},
		{access.Deputy, "/cases", 403},
		{access.Deputy, casePath, 403},
		{access.Deputy, "/departments", 403},
		{access.Author, "/cases", 403},
		{access.Worker, "/cases", 200},
		{access.Auditor, "/cases", 403},
	} {
		h := frame.Protect(bare(&cabinet{}), accesstest.As(access.Grant{Role: v.role, Place: "620402", Department: "heating", Rung: 1}))
		if code, _, _ := ask(t, h, "GET", v.path, nil); code != v.want {
			t.Errorf("%s opens %s: %d, want %d", v.role, v.path, code, v.want)
		}
	}
}

func TestPeopleActUnderTheirOwnName(t *testing.T) {
	c := &cabinet{}
	h := frame.Protect(bare(c), accesstest.As(access.Grant{Role: access.Worker, Department: "heating"}))
	form := url.Values{"type": {"sign_for"}, "department": {"heating"}, "name": {"别人"}}
	if code, _, _ := ask(t, h, "POST", casePath+"/do", form); code != 303 {
		t.Fatalf("sign for: %d", code)
	}
	if got := c.cmd.(hub.SignFor).Actor; got.ID != "test" || got.Name != "测试员" {
		t.Errorf("actor %+v", got)
	}
	form.Set("department", "housing")
	if code, _, _ := ask(t, h, "POST", casePath+"/do", form); code != 403 {
		t.Errorf("for another department: %d", code)
	}
	form.Set("type", "instruct")
	if code, _, _ := ask(t, h, "POST", casePath+"/do", form); code != 403 {
		t.Errorf("a worker instructs: %d", code)
	}
}
