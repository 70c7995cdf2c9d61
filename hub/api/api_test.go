package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/access/accesstest"
	"github.com/mashang-hub/mashang/hub/api"
)

// cabinet holds one case and records commands.
type cabinet struct {
	last hub.Filter
	cmd  hub.Command
	err  error
}

func (c *cabinet) one() hub.Case {
	return hub.Case{ID: "BY1", Status: hub.StatusAssigned, Assignments: []hub.Assignment{{Department: "heating", Role: hub.RoleLead}}}
}

func (c *cabinet) Cases(_ context.Context, f hub.Filter) ([]hub.Summary, error) {
	c.last = f
	return []hub.Summary{{Case: c.one(), Title: "暖气不热 13912341234"}}, c.err
}
func (c *cabinet) CountCases(context.Context, hub.Filter) (int, error) { return 1, c.err }

func (c *cabinet) Case(_ context.Context, id hub.CaseID) (hub.Case, hub.Submission, error) {
	if id != "BY1" {
		return hub.Case{}, hub.Submission{}, hub.Errorf(hub.CodeNotFound, "case.not_found", string(id))
	}
	return c.one(), hub.Submission{Content: hub.Content{Title: "暖气不热", Text: "请打13912341234", Reporter: hub.Reporter{Name: "张三丰", Phone: "13912341234"}}}, c.err
}

func (c *cabinet) Events(context.Context, hub.CaseID) ([]hub.Event, error) {
	return []hub.Event{
		{Seq: 1, Type: hub.Received, At: time.Unix(1, 0)},
		{Seq: 2, Type: hub.Instructed, Data: hub.Data{Text: "内部批示"}},
		{Seq: 3, Type: hub.Resolved, Data: hub.Data{Text: "已修好"}},
	}, c.err
}

func (c *cabinet) Deliveries(context.Context, hub.CaseID) ([]hub.Delivery, error) { return nil, c.err }

func (c *cabinet) Do(_ context.Context, _ hub.CaseID, cmd hub.Command) (hub.Case, error) {
	c.cmd = cmd
	return c.one(), c.err
}

func ask(t *testing.T, h http.Handler, method, path, body string, header ...string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	got, _ := io.ReadAll(w.Result().Body)
	return w.Code, string(got)
}

func TestReadingMasksPersonalData(t *testing.T) {
	c := &cabinet{}
	h := api.New(api.Config{Store: c, Desk: c, Gate: accesstest.Anybody()})
	for _, path := range []string{"/api/v1/cases?status=assigned&limit=5", "/api/v1/cases/BY1", "/api/v1/cases/BY1/events", "/api/v1/cases/BY1/deliveries", "/api/v1/status/BY1"} {
		code, body := ask(t, h, "GET", path, "")
		if code != 200 || !json.Valid([]byte(body)) {
			t.Errorf("%s: %d %s", path, code, body)
		}
		if strings.Contains(body, "13912341234") || strings.Contains(body, "三丰") {
			t.Errorf("%s shows personal data: %s", path, body)
		}
	}
	if c.last.Status != hub.StatusAssigned || c.last.Limit != 5 {
		t.Errorf("filter is %+v", c.last)
	}
}

func TestCitizenSeesNothingInternal(t *testing.T) {
	c := &cabinet{}
	h := api.New(api.Config{Store: c, Desk: c, Gate: &access.Gate{Service: "secret"}, Department: func(hub.DepartmentCode) string { return "供热办" }})
	code, body := ask(t, h, "GET", "/api/v1/status/BY1", "")
	if code != 200 || !strings.Contains(body, "供热办") || !strings.Contains(body, "已修好") {
		t.Errorf("%d %s", code, body)
	}
	if strings.Contains(body, "批示") || strings.Contains(body, "暖气") {
		t.Errorf("the citizen's view says too much: %s", body)
	}
}

func TestTokenIsAsked(t *testing.T) {
	c := &cabinet{}
	h := api.New(api.Config{Store: c, Desk: c, Gate: &access.Gate{Service: "secret"}})
	for header, want := range map[string]int{"": 401, "Bearer wrong": 401, "secret": 401, "Bearer secret": 200} {
		if code, body := ask(t, h, "GET", "/api/v1/cases", "", "Authorization", header); code != want {
			t.Errorf("%q: %d %s", header, code, body)
		}
	}
}

func TestCommands(t *testing.T) {
	c := &cabinet{}
	h := api.New(api.Config{Store: c, Desk: c, Gate: accesstest.Anybody()})
	code, body := ask(t, h, "POST", "/api/v1/cases/BY1/commands", `{"type":"sign_for","department":"heating","actor":{"kind":"department","id":"heating"}}`, "Content-Type", "application/json")
	got, ok := c.cmd.(hub.SignFor)
	if code != 200 || !ok || got.Department != "heating" || got.Actor.Kind != hub.ActorDepartment {
		t.Errorf("%d %s: %+v", code, body, c.cmd)
	}
	for body, media := range map[string]string{
		`{"type":"sign_for"}`: "text/plain", `{"type":"no"}`: "application/json", `{`: "application/json", `{"typ":1}`: "application/json",
	} {
		if code, got := ask(t, h, "POST", "/api/v1/cases/BY1/commands", body, "Content-Type", media); code != 422 {
			t.Errorf("%s: %d %s", body, code, got)
		}
	}
}

func TestProblems(t *testing.T) {
	c := &cabinet{}
	h := api.New(api.Config{Store: c, Desk: c, Gate: accesstest.Anybody(), Ready: func(context.Context) error { return errors.New("no broker") }})
	code, body := ask(t, h, "GET", "/api/v1/cases/NO", "")
	if code != 404 || !strings.Contains(body, `"code":"not_found"`) || !strings.Contains(body, "NO") {
		t.Errorf("%d %s", code, body)
	}
	if code, _ := ask(t, h, "GET", "/readyz", ""); code != 503 {
		t.Errorf("readyz: %d", code)
	}
	if code, _ := ask(t, h, "GET", "/healthz", ""); code != 200 {
		t.Errorf("healthz: %d", code)
	}
	if code, _ := ask(t, h, "GET", "/api/v1/cases?limit=x", ""); code != 422 {
		t.Errorf("bad limit: %d", code)
	}
	c.err = errors.New("password=hunter2")
	if code, body := ask(t, h, "GET", "/api/v1/cases", ""); code != 500 || strings.Contains(body, "hunter2") {
		t.Errorf("%d %s", code, body)
	}
}
