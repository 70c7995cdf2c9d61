package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// pageSize is how many rows a list shows at once.
const pageSize = 30

// A count is a number on the home page with the list behind it.
type count struct {
	Label, Link string
	N           int
}

func (s *server) home(r *http.Request) (frame.View, error) {
	counts := []count{
		{Label: "全部事项", Link: "/cases"},
		{Label: "正在办理", Link: "/cases?open=1"},
		{Label: "待分拨", Link: "/cases?status=sorting"},
		{Label: "已办结", Link: "/cases?status=resolved"},
	}
	filters := []hub.Filter{{}, {Open: true}, {Status: hub.StatusSorting}, {Status: hub.StatusResolved}}
	for i, f := range filters {
		n, err := s.store.CountCases(r.Context(), f)
		if err != nil {
			return frame.View{}, err
		}
		counts[i].N = n
	}
	recent, err := s.store.Cases(r.Context(), hub.Filter{Limit: 8})
	if err != nil {
		return frame.View{}, err
	}
	data := struct {
		Counts []count
		Recent []hub.Summary
	}{counts, masked(recent)}
	return frame.View{Name: "home", Title: "首页", Nav: "/", Data: data}, nil
}

func masked(cases []hub.Summary) []hub.Summary {
	for i := range cases {
		cases[i].Title = mask.Text(cases[i].Title)
	}
	return cases
}

// A listing is the data of the page of cases.
type listing struct {
	Filter                          hub.Filter
	Cases                           []hub.Summary
	Total, From, To                 int
	Prev, Next                      string // links, "" when there is none
	Statuses, Departments, Channels []frame.Option
}

func (s *server) cases(r *http.Request) (frame.View, error) {
	q := r.URL.Query()
	page, _ := strconv.Atoi(q.Get("page"))
	page = min(max(page, 1), 100000)
	f := hub.Filter{
		Status: hub.Status(q.Get("status")), Department: hub.DepartmentCode(q.Get("department")),
		Channel: hub.ChannelCode(q.Get("channel")), Place: hub.PlaceCode(q.Get("place")),
		Text: strings.TrimSpace(q.Get("text")), Open: q.Get("open") == "1",
		Limit: pageSize, Offset: (page - 1) * pageSize,
	}
	total, err := s.store.CountCases(r.Context(), f)
	if err != nil {
		return frame.View{}, err
	}
	cases, err := s.store.Cases(r.Context(), f)
	if err != nil {
		return frame.View{}, err
	}
	l := listing{
		Filter: f, Cases: masked(cases), Total: total, From: f.Offset + 1, To: f.Offset + len(cases),
		Statuses: statuses(), Departments: s.DepartmentOptions(), Channels: s.ChannelOptions(),
	}
	if page > 1 {
		l.Prev = pageLink(q, page-1)
	}
	if l.To < total && len(cases) > 0 {
		l.Next = pageLink(q, page+1)
	}
	return frame.View{Name: "cases", Title: "事项", Nav: "/cases", Data: l}, nil
}

func pageLink(q url.Values, page int) string {
	c := url.Values{"page": {strconv.Itoa(page)}}
	for k, v := range q {
		if k != "page" && len(v) > 0 && v[0] != "" {
			c[k] = v
		}
	}
	return "/cases?" + c.Encode()
}

func statuses() []frame.Option {
	var out []frame.Option
	for _, st := range []hub.Status{
		hub.StatusSorting, hub.StatusAssigned, hub.StatusSigned, hub.StatusHandling, hub.StatusWaiting, hub.StatusSuspended,
		hub.StatusResolved, hub.StatusAnswered, hub.StatusRejected, hub.StatusMerged, hub.StatusArchived,
	} {
		out = append(out, frame.Option{Value: string(st), Label: frame.Word("status", st)})
	}
	return out
}

func (s *server) departments(r *http.Request) (frame.View, error) {
	type row struct {
		Code hub.DepartmentCode
		Open int
		Dead int
	}
	var rows []row
	for _, o := range s.DepartmentOptions() {
		code := hub.DepartmentCode(o.Value)
		open, err := s.store.CountCases(r.Context(), hub.Filter{Department: code, Open: true})
		if err != nil {
			return frame.View{}, err
		}
		dead, err := s.store.RecentDeliveries(r.Context(), code, hub.DeliveryDead, 100)
		if err != nil {
			return frame.View{}, err
		}
		rows = append(rows, row{code, open, len(dead)})
	}
	return frame.View{Name: "departments", Title: "部门", Nav: "/departments", Data: rows}, nil
}

func (s *server) department(r *http.Request) (frame.View, error) {
	code := hub.DepartmentCode(r.PathValue("code"))
	if _, ok := s.Names.Departments[code]; !ok {
		return frame.View{}, hub.Errorf(hub.CodeNotFound, "department.not_found", string(code))
	}
	st := hub.DeliveryStatus(r.URL.Query().Get("status"))
	ds, err := s.store.RecentDeliveries(r.Context(), code, st, 200)
	if err != nil {
		return frame.View{}, err
	}
	data := struct {
		Code       hub.DepartmentCode
		Status     hub.DeliveryStatus
		Statuses   []hub.DeliveryStatus
		Deliveries []hub.Delivery
	}{code, st, []hub.DeliveryStatus{hub.DeliveryPending, hub.DeliveryDone, hub.DeliveryDead}, ds}
	return frame.View{Name: "department", Title: s.Department(code) + " · 推送记录", Nav: "/departments", Data: data}, nil
}
