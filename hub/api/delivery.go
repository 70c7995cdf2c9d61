package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/mask"
)

// A Pusher keeps the deliveries and lanes of departments. Its methods are safe
// for concurrent use.
type Pusher interface {
	FindDeliveries(ctx context.Context, f hub.DeliveryFilter) ([]hub.Delivery, error)
	CountDeliveries(ctx context.Context, f hub.DeliveryFilter) (int, error)
	// RedoDeliveries makes the finished ones that match due again, each once
	// however often it is asked, and returns how many they were.
	RedoDeliveries(ctx context.Context, f hub.DeliveryFilter, now time.Time) (int, error)
	Lanes(ctx context.Context, depts []hub.DepartmentCode) ([]hub.Lane, error)
	SetLane(ctx context.Context, l hub.Lane) error
}

// Pushing is what the API needs to show and steer deliveries.
type Pushing struct {
	Store       Pusher
	Departments []hub.DepartmentCode
	Clock       hub.Clock
	// Notify is told of a department that has something due again; nil drops
	// it.
	Notify func(hub.DepartmentCode)
}

// A RedoRequest (重推请求) names what is to be pushed again. With Count nothing
// is pushed: the answer says how many there are.
type RedoRequest struct {
	hub.DeliveryFilter
	Count bool `json:"count,omitempty"`
}

// A LaneRequest (通道操作) asks for a lane to be paused, drained or resumed.
type LaneRequest struct {
	Status hub.LaneStatus `json:"status"`
	Reason string         `json:"reason,omitempty"`
	By     string         `json:"by,omitempty"`
}

// Routes returns the routes about deliveries and lanes.
func (s Pushing) Routes() []Route {
	return []Route{
		{
			Method: "GET", Path: "/api/v1/deliveries", Right: access.ReadDeliveries, Reach: access.OwnCases,
			Handle: s.find, Summary: "列出推送，最近变动的在前", Query: deliveryParams(), Answer: Deliveries{},
		},
		{
			Method: "GET", Path: "/api/v1/deliveries/{alert}", Right: access.ReadDeliveries, Reach: access.OwnCases,
			Handle: s.one, Summary: "查看一条推送和每次尝试", Answer: hub.Delivery{},
		},
		{
			Method: "POST", Path: "/api/v1/deliveries/redo", Right: access.RedoDeliveries, Reach: access.OwnCases,
			Handle: s.redo, Summary: "重推一条、所有符合条件的或一段时间的；可先只数", Body: RedoRequest{}, Answer: Redone{},
		},
		{
			Method: "GET", Path: "/api/v1/lanes", Right: access.ReadDeliveries, Reach: access.NoCases,
			Handle: s.lanes, Summary: "各部门通道的状态与数量", Answer: LaneList{},
		},
		{
			Method: "POST", Path: "/api/v1/lanes/{department}", Right: access.RedoDeliveries, Reach: access.NoCases,
			Handle: s.setLane, Summary: "暂停、收尾或恢复一个部门的推送", Body: LaneRequest{}, Answer: hub.Lane{},
		},
	}
}

func deliveryParams() []Param {
	return []Param{
		{"department", "部门"},
		{"status", "状态：pending、done、dead、held、grouped、muted"},
		{"case", "事项编号"},
		{"alert", "推送编号"},
		{"from", "从何时起（含），RFC 3339"},
		{"to", "到何时止（不含），RFC 3339"},
		{"limit", "最多多少条，1 至 1000"},
	}
}

// Deliveries (推送列表) is a page of deliveries.
type Deliveries struct {
	Total      int            `json:"total"`
	Deliveries []hub.Delivery `json:"deliveries"`
}

// Redone (重推结果) says how many match, or how many are pushed again.
type Redone struct {
	Matching int `json:"matching,omitempty"`
	Redone   int `json:"redone,omitempty"`
}

// A LaneList (通道列表) is the lanes of the caller's departments.
type LaneList struct {
	Lanes []hub.Lane `json:"lanes"`
}

func deliveryFilter(q url.Values) (f hub.DeliveryFilter, err error) {
	f = hub.DeliveryFilter{
		Department: hub.DepartmentCode(q.Get("department")), Status: hub.DeliveryStatus(q.Get("status")),
		Case: hub.CaseID(q.Get("case")), Alert: hub.AlertID(q.Get("alert")),
	}
	if v := q.Get("limit"); v != "" {
		if f.Limit, err = strconv.Atoi(v); err != nil || f.Limit < 1 || f.Limit > 1000 {
			return f, hub.Errorf(hub.CodeInvalid, "query.invalid", "limit")
		}
	}
	for name, t := range map[string]*time.Time{"from": &f.From, "to": &f.To} {
		if v := q.Get(name); v != "" {
			if *t, err = time.Parse(time.RFC3339, v); err != nil {
				return f, hub.Errorf(hub.CodeInvalid, "query.invalid", name)
			}
		}
	}
	return f, checkStatus(f)
}

func checkStatus(f hub.DeliveryFilter) error {
	switch f.Status {
	case "", hub.DeliveryPending, hub.DeliveryDone, hub.DeliveryDead, hub.DeliveryHeld, hub.DeliveryGrouped, hub.DeliveryMuted:
		return nil
	}
	return hub.Errorf(hub.CodeInvalid, "query.invalid", "status")
}

func (s Pushing) find(r *http.Request) (any, error) {
	f, err := deliveryFilter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	total, err := s.Store.CountDeliveries(r.Context(), f)
	if err != nil {
		return nil, err
	}
	ds, err := s.Store.FindDeliveries(r.Context(), f)
	if err != nil {
		return nil, err
	}
	return Deliveries{total, masked(ds)}, nil
}

// masked hides personal data; it is never nil.
func masked(ds []hub.Delivery) []hub.Delivery {
	if ds == nil {
		return []hub.Delivery{}
	}
	for i := range ds {
		ds[i].Alert.Content = mask.Content(ds[i].Alert.Content)
		ds[i].Alert.Text = mask.Text(ds[i].Alert.Text)
	}
	return ds
}

func (s Pushing) one(r *http.Request) (any, error) {
	id := hub.AlertID(r.PathValue("alert"))
	ds, err := s.Store.FindDeliveries(r.Context(), hub.DeliveryFilter{Alert: id, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(ds) == 0 {
		return nil, hub.Errorf(hub.CodeNotFound, "delivery.not_found", string(id))
	}
	return masked(ds)[0], nil
}

// redo pushes again what matches, but only what was asked for by some mark: an
// empty request would push everything that ever was.
func (s Pushing) redo(r *http.Request) (any, error) {
	var req RedoRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	f := req.DeliveryFilter
	if err := checkStatus(f); err != nil {
		return nil, err
	}
	if f.Alert == "" && f.Case == "" && f.Status != hub.DeliveryDead && (f.From.IsZero() || f.To.IsZero()) {
		return nil, hub.Errorf(hub.CodeInvalid, "delivery.redo_what")
	}
	if req.Count {
		n, err := s.countFinished(r.Context(), f)
		return Redone{Matching: n}, err
	}
	n, err := s.Store.RedoDeliveries(r.Context(), f, s.Clock.Now())
	if err != nil {
		return nil, err
	}
	s.tell(f.Department)
	return Redone{Redone: n}, nil
}

func (s Pushing) countFinished(ctx context.Context, f hub.DeliveryFilter) (int, error) {
	if f.Status != "" {
		return s.Store.CountDeliveries(ctx, f)
	}
	n := 0
	for _, status := range []hub.DeliveryStatus{hub.DeliveryDone, hub.DeliveryDead} {
		f.Status = status
		k, err := s.Store.CountDeliveries(ctx, f)
		if err != nil {
			return 0, err
		}
		n += k
	}
	return n, nil
}

// tell wakes the lane of dept, or all.
func (s Pushing) tell(dept hub.DepartmentCode) {
	if s.Notify == nil {
		return
	}
	for _, d := range s.Departments {
		if dept == "" || d == dept {
			s.Notify(d)
		}
	}
}

// own lists those of the departments that the caller may use right r for.
func (s Pushing) own(ctx context.Context, r access.Right) []hub.DepartmentCode {
	mine := access.Of(ctx).Departments(r)
	if mine == nil {
		return s.Departments
	}
	return slices.DeleteFunc(slices.Clone(s.Departments), func(d hub.DepartmentCode) bool { return !slices.Contains(mine, d) })
}

func (s Pushing) lanes(r *http.Request) (any, error) {
	depts := s.own(r.Context(), access.ReadDeliveries)
	lanes, err := s.Store.Lanes(r.Context(), depts)
	if err != nil {
		return nil, err
	}
	return LaneList{lanes}, nil
}

// setLane pauses, drains or resumes. A pause needs a reason: someone will ask.
func (s Pushing) setLane(r *http.Request) (any, error) {
	var req LaneRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	dept := hub.DepartmentCode(r.PathValue("department"))
	if !slices.Contains(s.Departments, dept) {
		return nil, hub.Errorf(hub.CodeNotFound, "department.unknown", string(dept))
	}
	if !slices.Contains(s.own(r.Context(), access.RedoDeliveries), dept) {
		return nil, hub.Errorf(hub.CodeForbidden, "right.missing", string(access.RedoDeliveries))
	}
	switch req.Status {
	case hub.LaneRunning:
	case hub.LanePaused, hub.LaneDraining:
		if req.Reason == "" {
			return nil, hub.Errorf(hub.CodeInvalid, "lane.reason")
		}
	default:
		return nil, hub.Errorf(hub.CodeInvalid, "query.invalid", "status")
	}
	if who := access.Of(r.Context()).Actor(); req.By == "" {
		req.By = who.Name
	}
	l := hub.Lane{Department: dept, Status: req.Status, Reason: req.Reason, By: req.By, Since: s.Clock.Now()}
	if err := s.Store.SetLane(r.Context(), l); err != nil {
		return nil, err
	}
	s.tell(dept)
	return l, nil
}
