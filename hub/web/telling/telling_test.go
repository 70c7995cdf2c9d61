package telling_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/access/accesstest"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/courier"
	"github.com/mashang-hub/mashang/hub/notice"
	letters "github.com/mashang-hub/mashang/hub/postgres/courier"
	"github.com/mashang-hub/mashang/hub/web/frame"
	"github.com/mashang-hub/mashang/hub/web/telling"
)

// nine is nine in the evening in China.
func nine() time.Time { return time.Date(2026, 11, 28, 13, 0, 0, 0, time.UTC) }

// box keeps one notice that waits for the morning, and what was asked of it.
type box struct {
	asked letters.Filter
	again string
}

func (b *box) note() courier.Notice {
	return courier.Notice{
		ID: "BY1.4.citizen", Event: hub.Resolved, Case: "BY1", At: nine(), Ways: []string{"短信"}, Status: courier.Waiting,
		NextAt: nine().Add(11 * time.Hour),
	}
}

func (b *box) List(_ context.Context, f letters.Filter) ([]courier.Notice, error) {
	b.asked = f
	list := make([]courier.Notice, f.Limit)
	for i := range list {
		list[i] = b.note()
	}
	return list, nil
}

func (b *box) Counts(context.Context, letters.Filter) (map[courier.Status]int, error) {
	return map[courier.Status]int{courier.Waiting: 77}, nil
}

func (b *box) Notice(context.Context, string) (courier.Notice, error) {
	n := b.note()
	n.Status, n.NextAt, n.Reason = courier.Dead, time.Time{}, "HTTP 503"
	return n, nil
}

func (b *box) Again(_ context.Context, _, reason string, _ time.Time) error {
	b.again = reason
	return nil
}

// hushes keeps what was silenced.
type hushes struct{ list []notice.Silence }

func (h *hushes) List(context.Context, time.Time) ([]notice.Silence, error) { return h.list, nil }
func (h *hushes) Add(_ context.Context, s notice.Silence, _ time.Time) (notice.Silence, error) {
	h.list = append(h.list, s)
	return s, s.Validate()
}
func (h *hushes) End(context.Context, int64, time.Time) error { return nil }

func console(t *testing.T, b *box, h *hushes, grant access.Grant) func(method, path string, form url.Values) string {
	t.Helper()
	clock := hub.ClockFunc(nine)
	f, routes := telling.Config{
		Names: frame.Names{City: "白银市", Departments: map[hub.DepartmentCode]string{"heating": "供热服务中心", "gas": "燃气公司"}},
		Telling: &api.Telling{
			Store: b, Clock: clock, Policy: courier.Policy{Citizen: courier.Audience{Quiet: hub.Quiet{From: 21 * 60, To: 8 * 60}}}, Wake: func() {},
			Words: func(context.Context, courier.Notice) (courier.Message, error) {
				link := "https://hub/t/BY1?k=KEY"
				return courier.Message{To: courier.Address{Name: "张三丰", Phone: "19912345678"}, Link: link, Text: "张三丰，已办结，电话19912345678。" + link}, nil
			},
		},
		Silencing: &api.Silencing{Store: h, Clock: clock, Changed: func() {}},
		Person:    func(hub.PersonID) string { return "" },
	}.Routes()
	m := http.NewServeMux()
	f.Mount(m, accesstest.As(grant), routes...)
	return func(method, path string, form url.Values) string {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		return w.Header().Get("Location") + w.Body.String()
	}
}

func want(t *testing.T, page string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(page, w) {
			t.Errorf("no %q in\n%s", w, page)
		}
	}
}

// A clerk sees what waits for the end of the quiet hours, goes on to older
// ones under the same conditions, and reads what is said without the citizen's
// name, telephone or key; who may, sends it again and says why.
func TestANoticeThatDidNotArrive(t *testing.T) {
	b := &box{}
	ask := console(t, b, &hushes{}, access.Grant{Role: access.Worker, Department: "heating"})
	page := ask("GET", "/notices?case=by1&to=citizen&until=2026-11-28&status=waiting", nil)
	want(t, page, "免打扰时段", "2026-11-29 08:00:00 再发", "待发 77", "更早的", "after=2026-11-28T13%3A00%3A00Z~BY1.4.citizen", "反映人")
	if b.asked.Case != "BY1" || b.asked.Limit != 51 || b.asked.Until.Format(time.DateOnly) != "2026-11-29" {
		t.Errorf("asked for %+v", b.asked)
	}
	page = ask("GET", "/notices/BY1.4.citizen", nil)
	want(t, page, "https://hub/t/BY1", "199****5678", "HTTP 503", "要重发，请分拨员")
	for _, bad := range []string{"张三丰", "19912345678", "KEY", "<form method=\"post\" action=\"/notices"} {
		if strings.Contains(page, bad) {
			t.Errorf("the clerk reads %s", bad)
		}
	}
	ask = console(t, b, &hushes{}, access.Grant{Role: access.Supervisor})
	want(t, ask("POST", "/notices/BY1.4.citizen", url.Values{"reason": {" "}}), "错误")
	if to := ask("POST", "/notices/BY1.4.citizen", url.Values{"reason": {"没有收到"}}); !strings.HasPrefix(to, "/notices/BY1.4.citizen?done=again") || b.again != "没有收到" {
		t.Errorf("sent again for %q: %s", b.again, to)
	}
}

// The head of a department silences their own alerts and no others.
func TestAHeadSilencesTheirOwn(t *testing.T) {
	h := &hushes{}
	ask := console(t, &box{}, h, access.Grant{Role: access.Head, Department: "heating"})
	page := ask("GET", "/silences", nil)
	want(t, page, "没有静默", "供热服务中心")
	if strings.Contains(page, "燃气公司") {
		t.Error("another department may be silenced")
	}
	form := url.Values{"department": {"gas"}, "for": {"2h"}, "reason": {"检修"}}
	if ask("POST", "/silences", form); len(h.list) != 0 {
		t.Fatalf("silenced %+v", h.list)
	}
	form.Set("department", "heating")
	form.Set("place", "620402")
	form.Set("until", "2026-11-29T08:00")
	if to := ask("POST", "/silences", form); !strings.HasPrefix(to, "/silences?done=set") || len(h.list) != 1 || !h.list[0].EndsAt.Equal(nine().Add(11*time.Hour)) {
		t.Fatalf("%s: %+v", to, h.list)
	}
	want(t, ask("GET", "/silences", nil), "部门是供热服务中心", "620402及以内", "检修", "静默中", "现在结束")
}
