package warnings_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/access/accesstest"
	"github.com/mashang-hub/mashang/hub/hubtest/browsertest"
	"github.com/mashang-hub/mashang/hub/warning"
	"github.com/mashang-hub/mashang/hub/web/frame"
	"github.com/mashang-hub/mashang/hub/web/warnings"
)

// eight is the evening of every test, in Beijing.
func eight() time.Time { return time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC) }

// A board is what is stored: one outage that runs, and one strike that is over.
type board struct {
	empty  bool
	counts []warning.Count
	closed []string
	fail   error
}

func (b *board) all() []warning.Warning {
	return []warning.Warning{
		{
			ID: "YJ1", Topic: "heating", Spot: "铜城花园", OpenedAt: eight().Add(-time.Hour), LastAt: eight(), Cases: 12, Told: 10,
			Why: "铜城花园2小时内12件供暖来件，达到5件；平时同样时间约0.2件", Latest: "BY12",
		},
		{
			ID: "YJ2", Topic: "wage_arrears", Spot: "西区工地", OpenedAt: eight().AddDate(0, 0, -9), LastAt: eight().AddDate(0, 0, -8), Cases: 1, Told: 1,
			Critical: true, ClosedAt: eight().AddDate(0, 0, -7), ClosedBy: "王主任", ClosedWhy: "工资已发，联系13912341234", Why: "一件即预警", Latest: "BY1",
		},
	}
}

func (b *board) Warnings(_ context.Context, open bool, _ int) ([]warning.Warning, error) {
	switch {
	case b.empty:
		return nil, nil
	case open:
		return b.all()[:1], nil
	}
	return b.all(), nil
}

func (b *board) Warning(_ context.Context, id string) (warning.Warning, []hub.CaseID, error) {
	for _, w := range b.all() {
		if w.ID != id {
			continue
		}
		var cases []hub.CaseID
		for i := range w.Cases {
			cases = append(cases, hub.CaseID(fmt.Sprintf("BY%d", i+1)))
		}
		return w, cases, nil
	}
	return warning.Warning{}, nil, hub.Errorf(hub.CodeNotFound, "warning.not_found", id)
}

func (b *board) Counts(context.Context, string, time.Time) ([]warning.Count, error) {
	return b.counts, nil
}

func (b *board) Pushes(context.Context, string) ([]warning.Push, error) {
	return []warning.Push{{Alert: "YJ1.5.heating", Department: "heating", Text: "【预警】铜城花园", At: eight(), Status: hub.DeliveryDone}}, nil
}

// Case hides every third case from the reader.
func (b *board) Case(_ context.Context, id hub.CaseID) (hub.Case, hub.Submission, error) {
	if strings.HasSuffix(string(id), "3") {
		return hub.Case{}, hub.Submission{}, hub.Errorf(hub.CodeNotFound, "case.not_found", string(id))
	}
	s := hub.Submission{Content: hub.Content{Title: "不热，请打13912341234"}}
	return hub.Case{ID: id, Status: hub.StatusHandling, OpenedAt: eight()}, s, nil
}

func (b *board) close(_ context.Context, id, by, why string) (warning.Warning, error) {
	if b.fail != nil {
		return warning.Warning{}, b.fail
	}
	b.closed = append(b.closed, id+" "+by+" "+why)
	return warning.Warning{}, nil
}

// serve mounts the pages for somebody with these roles.
func serve(b *board, roles ...access.Role) http.Handler {
	var grants []access.Grant
	for _, r := range roles {
		grants = append(grants, access.Grant{Role: r, Department: "heating", Place: "620402", Rung: 1})
	}
	f, routes := warnings.Config{
		Names: frame.Names{City: "白银市", Departments: map[hub.DepartmentCode]string{"heating": "供热服务中心"}},
		Clock: hub.ClockFunc(eight), Store: b, Case: b.Case, Close: b.close,
		Policy: func(topic string) (warning.Policy, bool) {
			return warning.Policy{Window: 2 * time.Hour, Least: 5, Factor: 3, Baseline: 14 * 24 * time.Hour, Quiet: 6 * time.Hour}, topic == "heating"
		},
	}.Routes()
	m := http.NewServeMux()
	f.Mount(m, accesstest.As(grants...), routes...)
	m.HandleFunc("GET /assets/style.css", frame.Style)
	return m
}

func ask(t *testing.T, h http.Handler, method, path string, form url.Values) (int, string, http.Header) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header()
}

func holds(t *testing.T, body string, words map[string]bool) {
	t.Helper()
	for w, want := range words {
		if strings.Contains(body, w) != want {
			t.Errorf("%q on the page: %v", w, !want)
		}
	}
}

func TestTheListShowsWhatRunsFirst(t *testing.T) {
	h := serve(&board{}, access.Operator)
	_, open, _ := ask(t, h, "GET", "/warnings", nil)
	holds(t, open, map[string]bool{"铜城花园 · 供暖": true, "12 件": true, "进行中": true, "西区工地": false})
	_, closed, _ := ask(t, h, "GET", "/warnings?state=closed", nil)
	holds(t, closed, map[string]bool{"铜城花园": false, "西区工地 · 欠薪": true, "已解除": true})
	for state, words := range map[string]string{"": "现在没有预警", "closed": "还没有解除过的预警", "all": "还没有报过预警"} {
		_, body, _ := ask(t, serve(&board{empty: true}, access.Operator), "GET", "/warnings?state="+state, nil)
		holds(t, body, map[string]bool{words: true, "<table": false})
	}
}

func TestAWarningSaysWhyAndFromWhat(t *testing.T) {
	b := &board{}
	for i := range 15 { // one report on every other day before, twelve on the day itself
		n := warning.Count{Day: eight().AddDate(0, 0, -i), N: 1 - i%2}
		if i == 0 {
			n.N = 12
		}
		b.counts = append(b.counts, n)
	}
	code, body, _ := ask(t, serve(b, access.Operator), "GET", "/warnings/YJ1", nil)
	holds(t, body, map[string]bool{
		"达到5件": true, "2小时内 5 件，且达到平时的 3 倍": true, "6小时没有新来件即解除": true, "平时每天约 0.5 件，最多的一天 12 件": true,
		`class="now"`: true, "2026-12-02：12 件": true, "139****1234": true, "13912341234": false, "另有 1 件不在您的范围内": true,
		"【预警】铜城花园": true, "供热服务中心": true, `name="reason"`: true,
	})
	if code != 200 || strings.Count(body, "<rect") != 15 || strings.Count(body, `class="now"`) != 1 {
		t.Errorf("%d with %d bars", code, strings.Count(body, "<rect"))
	}
	_, body, _ = ask(t, serve(b, access.Operator), "GET", "/warnings/YJ2", nil)
	holds(t, body, map[string]bool{"王主任：工资已发，联系139****1234": true, "本市已不再监看这个主题": true, `name="reason"`: false, "特急": false})
	_, body, _ = ask(t, serve(&board{}, access.Operator), "GET", "/warnings/YJ1", nil)
	holds(t, body, map[string]bool{"没有可画的来件": true, "<svg": false})
	if code, _, _ := ask(t, serve(b, access.Operator), "GET", "/warnings/YJ9", nil); code != 404 {
		t.Errorf("an unknown warning: %d", code)
	}
}

func TestClosingByRight(t *testing.T) {
	b := &board{}
	_, body, _ := ask(t, serve(b, access.Worker), "GET", "/warnings/YJ1", nil)
	holds(t, body, map[string]bool{`name="reason"`: false})
	form := url.Values{"reason": {"管道已修复"}}
	for role, want := range map[access.Role]int{access.Worker: 403, access.IT: 403, access.Operator: 303, access.Supervisor: 303} {
		if code, _, head := ask(t, serve(b, role), "POST", "/warnings/YJ1", form); code != want || code == 303 && head.Get("Location") != "/warnings/YJ1?done=1" {
			t.Errorf("%s closes: %d to %q", role, code, head.Get("Location"))
		}
	}
	if len(b.closed) != 2 || b.closed[0] != "YJ1 测试员 管道已修复" {
		t.Errorf("closed %q", b.closed)
	}
	b.fail = hub.Errorf(hub.CodeInvalid, "reason.required")
	code, body, _ := ask(t, serve(b, access.Operator), "POST", "/warnings/YJ1", url.Values{"reason": {" 打字中"}})
	holds(t, body, map[string]bool{"没有解除": true, " 打字中</textarea>": true, "<title>错误：": true})
	if code != 422 {
		t.Errorf("without a reason: %d", code)
	}
}

// TestInBrowser looks at the pages on a phone and at a desk, and closes a
// warning.
func TestInBrowser(t *testing.T) {
	br := browsertest.Open(t)
	b := &board{}
	for i := range 30 {
		b.counts = append(b.counts, warning.Count{Day: eight().AddDate(0, 0, -i), N: 1 + i%4})
	}
	srv := httptest.NewServer(serve(b, access.Operator))
	defer srv.Close()
	for name, path := range map[string]string{
		"warnings": "/warnings", "warnings-all": "/warnings?state=all", "warning": "/warnings/YJ1", "warning-closed": "/warnings/YJ2",
	} {
		br.Look(name, srv.URL+path)
	}
	empty := httptest.NewServer(serve(&board{empty: true}, access.Operator))
	defer empty.Close()
	br.Look("warnings-empty", empty.URL+"/warnings")
}
