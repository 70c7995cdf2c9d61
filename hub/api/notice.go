package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/courier"
	letters "github.com/mashang-hub/mashang/hub/postgres/courier"
)

// Notices keeps what people are told one by one, within the scope of the
// context.
type Notices interface {
	List(ctx context.Context, f letters.Filter) ([]courier.Notice, error)
	Counts(ctx context.Context) (map[courier.Status]int, error)
	// Again sends a notice that was given up once more, with its audit record.
	Again(ctx context.Context, id string, now time.Time) error
}

// A NoticeList (个人通知列表) is notices, newest first, and how many there are of
// each status.
type NoticeList struct {
	Notices []courier.Notice       `json:"notices"`
	Counts  map[courier.Status]int `json:"counts"`
}

type noticeRoutes struct {
	store Notices
	clock hub.Clock
	wake  func()
}

// PersonNoticeRoutes returns the routes about notices to people; wake has them
// sent at once.
func PersonNoticeRoutes(store Notices, clock hub.Clock, wake func()) []Route {
	s := &noticeRoutes{store, clock, wake}
	return []Route{
		{
			Method: "GET", Path: "/api/v1/notices", Right: access.ReadDeliveries, Reach: access.OwnCases, Handle: s.list,
			Summary: "个人通知：发给责任人和反映人的短信、应用消息，新的在前", Answer: NoticeList{}, Query: []Param{
				{"status", "waiting 待发，sent 已发，dead 死信，nobody 无处可发"},
				{"case", "只看这件事项的"},
				{"person", "只看发给这个人的，人员编号"},
				{"limit", "最多多少条，不超过 1000"},
			},
		},
		{
			Method: "POST", Path: "/api/v1/notices/{notice}/again", Right: access.RedoDeliveries, Reach: access.OwnCases, Handle: s.again,
			Summary: "重发一条没有发到的个人通知", Answer: Done{},
		},
	}
}

func (s *noticeRoutes) list(r *http.Request) (any, error) {
	q := r.URL.Query()
	f := letters.Filter{Status: courier.Status(q.Get("status")), Case: hub.CaseID(q.Get("case")), Person: hub.PersonID(q.Get("person"))}
	if f.Status != "" && !slices.Contains(courier.Statuses(), f.Status) {
		return nil, hub.Errorf(hub.CodeInvalid, "query.invalid", "status")
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return nil, hub.Errorf(hub.CodeInvalid, "query.invalid", "limit")
		}
		f.Limit = n
	}
	list, err := s.store.List(r.Context(), f)
	if err != nil {
		return nil, err
	}
	if list == nil {
		list = []courier.Notice{}
	}
	counts, err := s.store.Counts(r.Context())
	return NoticeList{list, counts}, err
}

func (s *noticeRoutes) again(r *http.Request) (any, error) {
	if err := s.store.Again(r.Context(), r.PathValue("notice"), s.clock.Now()); err != nil {
		return nil, err
	}
	s.wake()
	return Done{true}, nil
}
