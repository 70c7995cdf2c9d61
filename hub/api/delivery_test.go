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
)

// pusher is a store of one delivery that notes what it is asked.
type pusher struct {
	filter hub.DeliveryFilter
	redone int
	lane   hub.Lane
}

func (p *pusher) FindDeliveries(_ context.Context, f hub.DeliveryFilter) ([]hub.Delivery, error) {
	p.filter = f
	if f.Alert == "none" {
		return nil, nil
	}
	return []hub.Delivery{{
		Alert:  hub.Alert{ID: "A.1.gas", Text: "请联系13912341234", Content: hub.Content{Reporter: hub.Reporter{Name: "张三丰", Phone: "13912341234"}}},
		Status: hub.DeliveryDead,
	}}, nil
}

func (p *pusher) CountDeliveries(_ context.Context, f hub.DeliveryFilter) (int, error) {
	p.filter = f
	return 37, nil
}

func (p *pusher) RedoDeliveries(_ context.Context, f hub.DeliveryFilter, _ time.Time) (int, error) {
	p.filter, p.redone = f, p.redone+1
	return 37, nil
}

func (p *pusher) Lanes(_ context.Context, depts []hub.DepartmentCode) ([]hub.Lane, error) {
	return []hub.Lane{{Department: depts[0], Status: hub.LaneRunning}}, nil
}

func (p *pusher) SetLane(_ context.Context, l hub.Lane) error {
	p.lane = l
	return nil
}

func TestDeliveriesOverTheAPI(t *testing.T) {
	p, told := &pusher{}, []hub.DepartmentCode{}
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	c := &cabinet{}
	push := api.Pushing{
		Store: p, Departments: []hub.DepartmentCode{"gas", "heating"}, Clock: hub.ClockFunc(func() time.Time { return now }),
		Notify: func(d hub.DepartmentCode) { told = append(told, d) },
	}
	h := api.New(api.Config{Store: c, Desk: c, Gate: accesstest.Anybody(), Routes: push.Routes()})
	for _, c := range []struct {
		method, path, body string
		code               int
		want               string
	}{
		{"GET", "/api/v1/deliveries?status=dead&department=gas&from=2026-11-24T00:00:00%2B08:00&limit=5", "", 200, `"total":37`},
		{"GET", "/api/v1/deliveries?status=lost", "", 422, ""},
		{"GET", "/api/v1/deliveries?from=yesterday", "", 422, ""},
		{"GET", "/api/v1/deliveries/A.1.gas", "", 200, `"dead"`},
		{"GET", "/api/v1/deliveries/none", "", 404, ""},
		{"POST", "/api/v1/deliveries/redo", `{"status":"dead","count":true}`, 200, `"matching":37`},
		{"POST", "/api/v1/deliveries/redo", `{"status":"dead","department":"gas"}`, 200, `"redone":37`},
		{"POST", "/api/v1/deliveries/redo", `{}`, 422, "说明"},
		{"POST", "/api/v1/deliveries/redo", `{"department":"gas"}`, 422, "说明"},
		{"POST", "/api/v1/deliveries/redo", `{"everything":true}`, 422, ""},
		{"GET", "/api/v1/lanes", "", 200, `"running"`},
		{"POST", "/api/v1/lanes/gas", `{"status":"paused"}`, 422, "原因"},
		{"POST", "/api/v1/lanes/gas", `{"status":"disabled","reason":"x"}`, 422, ""},
		{"POST", "/api/v1/lanes/nobody", `{"status":"running"}`, 404, ""},
		{"POST", "/api/v1/lanes/gas", `{"status":"paused","reason":"检修","by":"王"}`, 200, `"paused"`},
	} {
		code, body := ask(t, h, c.method, c.path, c.body, "Content-Type", "application/json")
		if code != c.code || !strings.Contains(body, c.want) {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, code, body)
		}
		if strings.Contains(body, "13912341234") || strings.Contains(body, "三丰") {
			t.Errorf("%s shows personal data", c.path)
		}
	}
	if p.redone != 1 || p.lane.Reason != "检修" || !p.lane.Since.Equal(now) || len(told) != 2 || told[0] != "gas" {
		t.Errorf("redone %d, lane %+v, told %v", p.redone, p.lane, told)
	}
	if code, _ := ask(t, h, "POST", "/api/v1/deliveries/redo", `{"status":"dead"}`, "Content-Type", "text/plain"); code != 422 {
		t.Errorf("a form may redo: %d", code)
	}
}

func TestAHeadSteersOnlyItsOwnDepartment(t *testing.T) {
	p, c := &pusher{}, &cabinet{}
	push := api.Pushing{
		Store: p, Departments: []hub.DepartmentCode{"gas", "heating"}, Clock: hub.ClockFunc(time.Now),
	}
	gate := accesstest.As(access.Grant{Role: access.Head, Department: "heating"})
	h := api.New(api.Config{Store: c, Desk: c, Gate: gate, Routes: push.Routes()})
	if code, body := ask(t, h, "POST", "/api/v1/lanes/gas", `{"status":"running"}`, "Content-Type", "application/json"); code != 403 {
		t.Errorf("another department's lane: %d %s", code, body)
	}
	if code, body := ask(t, h, "POST", "/api/v1/lanes/heating", `{"status":"running"}`, "Content-Type", "application/json"); code != 200 {
		t.Errorf("its own lane: %d %s", code, body)
	}
	if _, body := ask(t, h, "GET", "/api/v1/lanes", ""); !strings.Contains(body, "heating") || strings.Contains(body, "gas") {
		t.Errorf("lanes: %s", body)
	}
}
