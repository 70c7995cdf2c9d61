package api

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/citizen"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// A Voice hears citizens about their own case.
type Voice interface {
	Reply(ctx context.Context, id hub.CaseID, p citizen.Proof, text string) (hub.Case, error)
	Rate(ctx context.Context, id hub.CaseID, p citizen.Proof, r citizen.Rating) (hub.Case, error)
	Reopen(ctx context.Context, id hub.CaseID, p citizen.Proof, text string) (hub.Case, error)
}

// A CitizenRequest (市民意见) is what a citizen says, with the proof that they
// are the one.
type CitizenRequest struct {
	citizen.Proof
	citizen.Rating
}

// A CitizenAnswer (市民回执) is how the case is then.
type CitizenAnswer struct {
	Tracking   hub.CaseID `json:"tracking"`
	Status     hub.Status `json:"status"`
	StatusText string     `json:"status_text"`
	Due        time.Time  `json:"due,omitzero"`
}

// A VisitList (回访列表) is return visits.
type VisitList struct {
	Visits []citizen.Visit `json:"visits"`
}

// A VisitRequest (回访结果) says how a visit went.
type VisitRequest struct {
	Round     int    `json:"round,omitempty"` // of handling; 0 is the one that waits for a visit
	Reached   *bool  `json:"reached"`
	Solved    *bool  `json:"solved,omitempty"`
	Satisfied *bool  `json:"satisfied,omitempty"`
	Text      string `json:"text,omitempty"`
	// Reopen has the case opened again because it is not settled.
	Reopen bool `json:"reopen,omitempty"`
}

type citizenRoutes struct {
	voice  Voice
	visits citizen.Visits
	desk   citizen.Desk
	clock  hub.Clock
}

// CitizenRoutes returns the routes of citizens and of return visits.
func CitizenRoutes(voice Voice, visits citizen.Visits, desk citizen.Desk, clock hub.Clock) []Route {
	s := &citizenRoutes{voice, visits, desk, clock}
	public := func(what, summary string, f func(context.Context, hub.CaseID, CitizenRequest) (hub.Case, error)) Route {
		return Route{
			Method: "POST", Path: "/api/v1/status/{tracking}/" + what, Right: access.Public, Reach: access.ByNumber,
			Handle: s.say(f), Summary: summary, Body: CitizenRequest{}, Answer: CitizenAnswer{},
		}
	}
	return []Route{
		public("reply", "市民补充情况：凭编号和手机尾号四位或链接", func(ctx context.Context, id hub.CaseID, r CitizenRequest) (hub.Case, error) {
			return s.voice.Reply(ctx, id, r.Proof, r.Text)
		}),
		public("rate", "市民评价；不满意可以要求重办", func(ctx context.Context, id hub.CaseID, r CitizenRequest) (hub.Case, error) {
			return s.voice.Rate(ctx, id, r.Proof, r.Rating)
		}),
		public("reopen", "市民要求重办", func(ctx context.Context, id hub.CaseID, r CitizenRequest) (hub.Case, error) {
			return s.voice.Reopen(ctx, id, r.Proof, r.Text)
		}),
		{
			Method: "GET", Path: "/api/v1/visits", Right: access.ReturnVisit, Reach: access.OwnCases, Handle: s.list,
			Summary: "回访任务，等得最久的在前", Query: []Param{{"open", "true 只看还没回访的"}}, Answer: VisitList{},
		},
		{
			Method: "POST", Path: "/api/v1/visits/{id}", Right: access.ReturnVisit, Reach: access.OwnCases, Handle: s.record,
			Summary: "登记回访结果；没有解决的可以重办", Body: VisitRequest{}, Answer: Done{},
		},
	}
}

func (s *citizenRoutes) say(f func(context.Context, hub.CaseID, CitizenRequest) (hub.Case, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		var req CitizenRequest
		if err := decode(r, &req); err != nil {
			return nil, err
		}
		req.Remote, _, _ = net.SplitHostPort(r.RemoteAddr)
		c, err := f(r.Context(), hub.CaseID(r.PathValue("tracking")), req)
		if err != nil {
			return nil, err
		}
		a := CitizenAnswer{Tracking: c.ID, Status: c.Status, StatusText: glossary.In("status", string(c.Status))}
		if d, ok := c.Deadline(hub.ClockClose); ok {
			a.Due = d.Due
		}
		return a, nil
	}
}

func (s *citizenRoutes) list(r *http.Request) (any, error) {
	list, err := s.visits.List(r.Context(), r.URL.Query().Get("open") == "true", 1000)
	if list == nil {
		list = []citizen.Visit{}
	}
	return VisitList{list}, err
}

func (s *citizenRoutes) record(r *http.Request) (any, error) {
	var req VisitRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	to := Visiting{s.visits, s.desk, s.clock}
	return Done{true}, to.Record(r.Context(), hub.CaseID(r.PathValue("id")), req)
}

// Visiting is what those do who make return visits; the console does the same
// through it.
type Visiting struct {
	citizen.Visits
	Desk  citizen.Desk
	Clock hub.Clock
}

// Record stores how a visit went, as whoever asks, and has the case opened
// again when that is asked for and it is not settled.
func (s *Visiting) Record(ctx context.Context, id hub.CaseID, req VisitRequest) error {
	who := access.Of(ctx).Actor()
	v := citizen.Visit{
		Case: id, Round: req.Round, MadeAt: s.Clock.Now(), Account: who.ID,
		Reached: req.Reached, Solved: req.Solved, Satisfied: req.Satisfied, Text: req.Text,
	}
	if err := v.Check(); err != nil {
		return err
	}
	if err := s.Visits.Record(ctx, v); err != nil {
		return err
	}
	if !req.Reopen || v.Solved == nil || *v.Solved {
		return nil
	}
	text := req.Text
	if text == "" {
		text = "回访：反映人说没有解决"
	}
	_, err := s.Desk.DoAll(ctx, v.Case, "", hub.Reopen{By: hub.By{Actor: who}, Text: text})
	return err
}
