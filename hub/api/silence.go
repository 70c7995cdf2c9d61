package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/notice"
)

// Silences keeps silences. Its methods are safe for concurrent use.
type Silences interface {
	List(ctx context.Context, now time.Time) ([]notice.Silence, error)
	Add(ctx context.Context, s notice.Silence, now time.Time) (notice.Silence, error)
	End(ctx context.Context, id int64, now time.Time) error
}

// A SilenceList (静默列表) is every silence, the newest first, with how many
// alerts each holds.
type SilenceList struct {
	Silences []notice.Silence `json:"silences"`
}

// A SilenceRequest (设静默) asks for a silence from now, or from StartsAt, until
// EndsAt.
type SilenceRequest struct {
	Matchers []notice.Matcher `json:"matchers"`
	Author   string           `json:"author,omitempty"` // the caller, if empty
	Reason   string           `json:"reason"`
	StartsAt time.Time        `json:"starts_at,omitzero"`
	EndsAt   time.Time        `json:"ends_at"`
}

// Silencing is what the API and the pages need to set and end silences.
type Silencing struct {
	Store Silences
	Clock hub.Clock
	// Changed is told after each change.
	Changed func()
}

// Routes returns the routes about silences.
func (s *Silencing) Routes() []Route {
	return []Route{
		{
			Method: "GET", Path: "/api/v1/silences", Right: access.ReadDeliveries, Reach: access.NoCases,
			Handle: s.list, Summary: "列出静默，新的在前，并各压着多少条", Answer: SilenceList{},
		},
		{
			Method: "POST", Path: "/api/v1/silences", Right: access.RedoDeliveries, Reach: access.NoCases,
			Handle: s.add, Summary: "设静默：要写谁设的、原因、何时结束", Body: SilenceRequest{}, Answer: notice.Silence{},
		},
		{
			Method: "DELETE", Path: "/api/v1/silences/{id}", Right: access.RedoDeliveries, Reach: access.NoCases,
			Handle: s.end, Summary: "结束静默：压着的推送随即送出", Answer: SilenceEnded{},
		},
	}
}

// SilenceEnded (静默已结束) names the silence that was ended.
type SilenceEnded struct {
	ID int64 `json:"id"`
}

func (s *Silencing) list(r *http.Request) (any, error) {
	all, err := s.Store.List(r.Context(), s.Clock.Now())
	if all == nil {
		all = []notice.Silence{}
	}
	return SilenceList{all}, err
}

func (s *Silencing) add(r *http.Request) (any, error) {
	var req SilenceRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	return s.Add(r.Context(), req)
}

// Add sets a silence; it lets a department silence only its own alerts.
func (s *Silencing) Add(ctx context.Context, req SilenceRequest) (notice.Silence, error) {
	who := access.Of(ctx)
	if !mayMute(who, req.Matchers) {
		return notice.Silence{}, hub.Errorf(hub.CodeForbidden, "right.missing", string(access.RedoDeliveries))
	}
	now := s.Clock.Now()
	if req.Author == "" {
		req.Author = who.Name
	}
	if req.StartsAt.Before(now) {
		req.StartsAt = now
	}
	out, err := s.Store.Add(ctx, notice.Silence{
		Matchers: req.Matchers, Author: req.Author, Reason: req.Reason, StartsAt: req.StartsAt, EndsAt: req.EndsAt,
	}, now)
	if err == nil {
		s.Changed()
	}
	return out, err
}

// MayEnd reports whether who may end a silence, or set one like it.
func MayEnd(who access.Principal, si notice.Silence) bool {
	return who.Can(access.RedoDeliveries) && mayMute(who, si.Matchers)
}

func mayMute(who access.Principal, ms []notice.Matcher) bool {
	own := who.Departments(access.RedoDeliveries)
	return own == nil || slices.ContainsFunc(ms, func(m notice.Matcher) bool {
		return m.Label == "department" && m.Op == "=" && slices.Contains(own, hub.DepartmentCode(m.Value))
	})
}

func (s *Silencing) end(r *http.Request) (any, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, hub.Errorf(hub.CodeNotFound, "silence.not_found", r.PathValue("id"))
	}
	return SilenceEnded{id}, s.End(r.Context(), id)
}

// End ends a silence; what it held is pushed.
func (s *Silencing) End(ctx context.Context, id int64) error {
	if err := s.allowed(ctx, id); err != nil {
		return err
	}
	if err := s.Store.End(ctx, id, s.Clock.Now()); err != nil {
		return err
	}
	s.Changed()
	return nil
}

func (s *Silencing) allowed(ctx context.Context, id int64) error {
	who := access.Of(ctx)
	if who.Departments(access.RedoDeliveries) == nil {
		return nil
	}
	all, err := s.Store.List(ctx, s.Clock.Now())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(si notice.Silence) bool { return si.ID == id })
	if i < 0 || !mayMute(who, all[i].Matchers) {
		return hub.Errorf(hub.CodeNotFound, "silence.not_found", id)
	}
	return nil
}
