package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/leave"
)

// Leaves keeps who is away and who stands in, each change with its audit
// record.
type Leaves interface {
	Set(ctx context.Context, now time.Time, l leave.Leave) (leave.Leave, error)
	End(ctx context.Context, now time.Time, id int64) error
	Open(ctx context.Context, now time.Time) ([]leave.Leave, error)
	All(ctx context.Context, limit int) ([]leave.Leave, error)
	// Places returns where a person holds posts.
	Places(ctx context.Context, now time.Time, person hub.PersonID) ([]hub.PlaceCode, error)
}

// A LeaveList (请假列表) is leaves.
type LeaveList struct {
	Leaves []leave.Leave `json:"leaves"`
}

// A LeaveRequest (请假登记) says who is away, until when, and who stands in.
type LeaveRequest struct {
	Person  hub.PersonID `json:"person"`
	StandIn hub.PersonID `json:"stand_in,omitempty"` // none: the rung above is told
	Since   time.Time    `json:"since,omitzero"`     // now, if it is left out
	Until   time.Time    `json:"until"`
	Reason  string       `json:"reason,omitempty"`
}

type leaveRoutes struct {
	store  Leaves
	clock  hub.Clock
	forget func()
}

// LeaveRoutes returns the routes about leaves; forget makes the hub look anew
// who holds which post.
func LeaveRoutes(store Leaves, clock hub.Clock, forget func()) []Route {
	s := &leaveRoutes{store, clock, forget}
	return []Route{
		{
			Method: "GET", Path: "/api/v1/leaves", Right: access.Supervise, Reach: access.NoCases, Handle: s.list,
			Summary: "责任岗位的请假和代理", Query: []Param{{"all", "true 连已经结束的"}}, Answer: LeaveList{},
		},
		{
			Method: "POST", Path: "/api/v1/leaves", Right: access.Supervise, Reach: access.NoCases, Handle: s.set,
			Summary: "登记请假和代理人，到期自动恢复；只限自己管辖的地方", Body: LeaveRequest{}, Answer: leave.Leave{},
		},
		{
			Method: "POST", Path: "/api/v1/leaves/{leave}/end", Right: access.Supervise, Reach: access.NoCases, Handle: s.end,
			Summary: "提前结束请假", Answer: Done{},
		},
	}
}

func (s *leaveRoutes) list(r *http.Request) (any, error) {
	var list []leave.Leave
	var err error
	if r.URL.Query().Get("all") == "true" {
		list, err = s.store.All(r.Context(), 1000)
	} else {
		list, err = s.store.Open(r.Context(), s.clock.Now())
	}
	if err != nil {
		return nil, err
	}
	out := []leave.Leave{}
	for _, l := range list {
		mine, err := s.mine(r.Context(), l.Person)
		if err != nil {
			return nil, err
		}
		if mine {
			out = append(out, l)
		}
	}
	return LeaveList{out}, nil
}

func (s *leaveRoutes) set(r *http.Request) (any, error) {
	var req LeaveRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	now := s.clock.Now()
	if req.Since.IsZero() {
		req.Since = now
	}
	if len([]rune(req.Reason)) > 200 {
		return nil, hub.Errorf(hub.CodeTooLarge, "command.too_large")
	}
	for _, person := range []hub.PersonID{req.Person, req.StandIn} {
		if err := s.allow(r.Context(), person); err != nil {
			return nil, err
		}
	}
	l, err := s.store.Set(r.Context(), now, leave.Leave{
		Person: req.Person, StandIn: req.StandIn, Since: req.Since, Until: req.Until, Reason: req.Reason,
	})
	s.forget()
	return l, err
}

func (s *leaveRoutes) end(r *http.Request) (any, error) {
	id, err := strconv.ParseInt(r.PathValue("leave"), 10, 64)
	if err != nil {
		return nil, hub.Errorf(hub.CodeNotFound, "leave.not_found", r.PathValue("leave"))
	}
	open, err := s.store.Open(r.Context(), s.clock.Now())
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(open, func(l leave.Leave) bool { return l.ID == id })
	if i < 0 {
		return nil, hub.Errorf(hub.CodeNotFound, "leave.not_found", id)
	}
	if err := s.allow(r.Context(), open[i].Person); err != nil {
		return nil, err
	}
	err = s.store.End(r.Context(), s.clock.Now(), id)
	s.forget()
	return Done{true}, err
}

// allow refuses a person whose posts lie outside of where the asker supervises.
func (s *leaveRoutes) allow(ctx context.Context, person hub.PersonID) error {
	mine, err := s.mine(ctx, person)
	if err == nil && !mine {
		err = hub.Errorf(hub.CodeForbidden, "leave.elsewhere", string(person))
	}
	return err
}

// mine reports whether all posts of a person lie where the asker supervises;
// somebody without a post is everybody's.
func (s *leaveRoutes) mine(ctx context.Context, person hub.PersonID) (bool, error) {
	scope := access.Of(ctx).Scope(access.Supervise)
	places, err := s.store.Places(ctx, s.clock.Now(), person)
	for _, p := range places {
		if !slices.ContainsFunc(scope, func(g hub.Grant) bool { return g.Place == "" || p.Within(g.Place) }) {
			return false, err
		}
	}
	return true, err
}
