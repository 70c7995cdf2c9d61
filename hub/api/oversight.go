package api

import (
	"net/http"
	"strconv"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/oversight"
)

// An OrderList (督办台账) is supervisions and instructions on cases.
type OrderList struct {
	Orders []oversight.Entry `json:"orders"`
}

// A TopicOrderList (专题批示列表) is instructions on topics.
type TopicOrderList struct {
	Instructions []oversight.TopicOrder `json:"instructions"`
}

// A Reply (答复) answers an instruction.
type Reply struct {
	Text string `json:"text"`
}

type oversightRoutes struct{ office *oversight.Office }

// OversightRoutes returns the routes of the supervision office and of leaders.
func OversightRoutes(office *oversight.Office) []Route {
	s := &oversightRoutes{office}
	return []Route{
		{
			Method: "GET", Path: "/api/v1/orders", Right: access.ReadCases, Reach: access.OwnCases, Handle: s.list,
			Summary: "督办、批示台账，快到期的在前",
			Query: []Param{
				{"state", "open 未答复，overdue 超期未答复，answered 已答复"},
				{"kind", "supervised 督办，instructed 批示"},
				{"owner", "责任部门"},
				{"topic_order", "属于哪件专题批示"},
				{"limit", "最多多少件"},
			}, Answer: OrderList{},
		},
		{
			Method: "GET", Path: "/api/v1/instructions", Right: access.Supervise, Reach: access.NoCases, Handle: s.topics,
			Summary: "专题批示及其落实", Answer: TopicOrderList{},
		},
		{
			Method: "POST", Path: "/api/v1/instructions", Right: access.Instruct, Reach: access.OwnCases, Handle: s.instruct,
			Summary: "对一个主题批示：落到该主题的每件在办事项", Body: oversight.Instruction{}, Answer: oversight.TopicOrder{},
		},
		{
			Method: "POST", Path: "/api/v1/instructions/{id}/answer", Right: access.Supervise, Reach: access.OwnCases, Handle: s.answer,
			Summary: "答复专题批示，连同事项上未答复的", Body: Reply{}, Answer: Done{},
		},
	}
}

func (s *oversightRoutes) list(r *http.Request) (any, error) {
	q := r.URL.Query()
	f := oversight.Filter{
		State: q.Get("state"), Kind: hub.EventType(q.Get("kind")), Owner: hub.DepartmentCode(q.Get("owner")), Topic: q.Get("topic_order"),
	}
	switch f.State {
	case "", "open", "overdue", "answered":
	default:
		return nil, hub.Errorf(hub.CodeInvalid, "query.invalid", "state")
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return nil, hub.Errorf(hub.CodeInvalid, "query.invalid", "limit")
		}
		f.Limit = n
	}
	list, err := s.office.List(r.Context(), f)
	if list == nil {
		list = []oversight.Entry{}
	}
	return OrderList{list}, err
}

func (s *oversightRoutes) topics(r *http.Request) (any, error) {
	list, err := s.office.Topics(r.Context())
	if list == nil {
		list = []oversight.TopicOrder{}
	}
	return TopicOrderList{list}, err
}

func (s *oversightRoutes) instruct(r *http.Request) (any, error) {
	var in oversight.Instruction
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	return s.office.Instruct(r.Context(), access.Of(r.Context()).Actor(), in)
}

func (s *oversightRoutes) answer(r *http.Request) (any, error) {
	var reply Reply
	if err := decode(r, &reply); err != nil {
		return nil, err
	}
	return Done{true}, s.office.Answer(r.Context(), access.Of(r.Context()).Actor(), r.PathValue("id"), reply.Text)
}
