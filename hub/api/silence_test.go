package api_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/access/accesstest"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/notice"
)

// quiet is a store of silences in memory.
type quiet struct{ all []notice.Silence }

func (q *quiet) List(context.Context, time.Time) ([]notice.Silence, error) { return q.all, nil }

func (q *quiet) Add(_ context.Context, s notice.Silence, _ time.Time) (notice.Silence, error) {
	s.ID = int64(len(q.all) + 1)
	q.all = append(q.all, s)
	return s, s.Validate()
}

func (q *quiet) End(_ context.Context, id int64, _ time.Time) error {
	if id > int64(len(q.all)) {
		return hub.Errorf(hub.CodeNotFound, "silence.not_found", id)
	}
	return nil
}

func TestSilencesOverTheAPI(t *testing.T) {
	q, c, changed := &quiet{}, &cabinet{}, 0
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	routes := (&api.Silencing{Store: q, Clock: hub.ClockFunc(func() time.Time { return now }), Changed: func() { changed++ }}).Routes()
	anybody := api.New(api.Config{Store: c, Desk: c, Gate: accesstest.Anybody(), Routes: routes})
	head := api.New(api.Config{Store: c, Desk: c, Gate: accesstest.As(access.Grant{Role: access.Head, Department: "heating"}), Routes: routes})
	const good = `{"matchers":["place=620001","department=heating"],"reason":"检修","ends_at":"2026-11-24T12:00:00Z","author":"王"}`
	if code, body := ask(t, anybody, "POST", "/api/v1/silences", good, "Content-Type", "application/json"); code != 200 || !strings.Contains(body, `"id":1`) {
		t.Errorf("%d %s", code, body)
	}
	for body, want := range map[string]int{
		`{"matchers":["place=A"],"ends_at":"2026-11-24T12:00:00Z"}`: 422, `{"matchers":["colour=red"]}`: 422,
		`{"matchers":["place=A"],"reason":"x","author":"y"}`: 422,
	} {
		if code, got := ask(t, anybody, "POST", "/api/v1/silences", body, "Content-Type", "application/json"); code != want {
			t.Errorf("%s: %d %s", body, code, got)
		}
	}
	if code, body := ask(t, head, "POST", "/api/v1/silences", strings.Replace(good, "heating", "gas", 1), "Content-Type", "application/json"); code != 403 {
		t.Errorf("another department's alerts: %d %s", code, body)
	}
	if code, body := ask(t, head, "POST", "/api/v1/silences", good, "Content-Type", "application/json"); code != 200 {
		t.Errorf("its own: %d %s", code, body)
	}
	if code, body := ask(t, head, "GET", "/api/v1/silences", ""); code != 200 || !strings.Contains(body, "检修") {
		t.Errorf("%d %s", code, body)
	}
	for path, want := range map[string]int{"/api/v1/silences/1": 200, "/api/v1/silences/99": 404, "/api/v1/silences/x": 404} {
		if code, body := ask(t, head, "DELETE", path, ""); code != want {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	if changed != 3 {
		t.Errorf("told %d times", changed)
	}
}
