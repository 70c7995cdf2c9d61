package api

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/almanac"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/hub/deadline"
)

// A Watch is what fires clocks; its methods are safe for concurrent use.
type Watch interface {
	// Held returns the hold that a jumping clock brought about, if any.
	Held() (deadline.Hold, bool)
	// Confirm ends the hold and reports whether there was one.
	Confirm() bool
}

// Clocks says what the routes about time stand on.
type Clocks struct {
	Almanac *almanac.Almanac
	Watch   Watch
	Store   interface {
		Case(ctx context.Context, id hub.CaseID) (hub.Case, hub.Submission, error)
		NextDue(ctx context.Context) (at time.Time, ok bool, err error)
	}
	Desk  Desk
	Clock hub.Clock
	// Facts are those of a decision about a case now.
	Facts func(ctx context.Context, c hub.Case) (hub.Facts, error)
}

// A CalendarList (日历) is the notices in force.
type CalendarList struct {
	Years []calendar.Year `json:"years"`
	Hours string          `json:"hours"`
}

// A PendingList (暂定时限表) is clocks that wait for a calendar.
type PendingList struct {
	Pending []almanac.Pending `json:"pending"`
}

// A ForecastStep (推演步骤) is what happens if nobody does anything.
type ForecastStep struct {
	At      time.Time        `json:"at"`
	Event   hub.EventType    `json:"event"`
	Clock   hub.DeadlineKind `json:"clock,omitempty"`
	Rung    hub.Rung         `json:"rung,omitempty"`
	Title   string           `json:"title,omitempty"`
	Name    string           `json:"name,omitempty"`
	Vacant  bool             `json:"vacant,omitempty"`
	Deputy  bool             `json:"deputy,omitempty"`
	Waiting string           `json:"wait,omitempty"`
}

// A Forecast (升级推演) is the ladder ahead of a case.
type Forecast struct {
	Case  hub.CaseID     `json:"case"`
	Rung  hub.Rung       `json:"rung"`
	Steps []ForecastStep `json:"steps"`
}

// A DeadlineState (时限状态) says whether clocks fire.
type DeadlineState struct {
	Held bool           `json:"held"`
	Hold *deadline.Hold `json:"hold,omitempty"`
	Next time.Time      `json:"next,omitzero"` // the next clock that fires
}

const (
	maxNotice    = 256 << 10
	maxForecast  = 60
	pendingCases = 2000
)

// Routes returns the routes about calendars and deadlines.
func (c Clocks) Routes() []Route {
	return []Route{
		{
			Method: "GET", Path: "/api/v1/calendar", Right: access.Self, Reach: access.NoCases, Handle: c.calendar,
			Summary: "放假安排：哪些年已公布", Answer: CalendarList{},
		},
		{
			Method: "POST", Path: "/api/v1/calendar", Right: access.ManageSystem, Reach: access.NoCases, Handle: c.importYear,
			Summary: "导入一年的放假安排（JSON 或通知原文），重算暂定时限", Query: []Param{{"dry_run", "true 时只看哪些时限会变"}},
			Answer: almanac.Import{},
		},
		{
			Method: "GET", Path: "/api/v1/deadlines/provisional", Right: access.ReadCases, Reach: access.OwnCases, Handle: c.pending,
			Summary: "暂定的时限：放假安排尚未公布", Answer: PendingList{},
		},
		{
			Method: "GET", Path: "/api/v1/cases/{id}/forecast", Right: access.ReadCases, Reach: access.OwnCases, Handle: c.forecast,
			Summary: "推演：若无人处理，何时升级到谁", Answer: Forecast{},
		},
		{
			Method: "GET", Path: "/api/v1/deadlines", Right: access.Self, Reach: access.NoCases, Handle: c.state,
			Summary: "时限是否在走；时钟跳变时停摆待确认", Answer: DeadlineState{},
		},
		{
			Method: "POST", Path: "/api/v1/deadlines/confirm", Right: access.Supervise, Reach: access.NoCases, Handle: c.confirm,
			Summary: "确认时钟无误，恢复触发", Answer: DeadlineState{},
		},
	}
}

func (c Clocks) calendar(*http.Request) (any, error) {
	return CalendarList{c.Almanac.Years(), c.Almanac.Calendar().Hours().String()}, nil
}

func (c Clocks) importYear(r *http.Request) (any, error) {
	text, err := io.ReadAll(io.LimitReader(r.Body, maxNotice+1))
	if err != nil || len(text) > maxNotice {
		return nil, &hub.Error{Code: hub.CodeTooLarge, Key: "command.too_large", Err: err}
	}
	y, err := calendar.Read(text)
	if err != nil {
		return nil, err
	}
	dry, _ := strconv.ParseBool(r.URL.Query().Get("dry_run"))
	// Clocks of every case move, whatever the importer may see, and all of them
	// once the year counts, even if who asked does not wait for the answer.
	ctx := hub.WithScope(context.WithoutCancel(r.Context()), hub.Scope{{}})
	return c.Almanac.Import(ctx, y, c.Desk, dry)
}

func (c Clocks) pending(r *http.Request) (any, error) {
	list, err := c.Almanac.Provisional(r.Context(), pendingCases)
	return PendingList{list}, err
}

func (c Clocks) forecast(r *http.Request) (any, error) {
	found, _, err := c.Store.Case(r.Context(), hub.CaseID(r.PathValue("id")))
	if err != nil {
		return nil, err
	}
	facts, err := c.Facts(r.Context(), found)
	if err != nil {
		return nil, err
	}
	events, err := hub.Forecast(found, facts, c.Clock.Now(), maxForecast)
	if err != nil {
		return nil, err
	}
	f := Forecast{Case: found.ID, Rung: found.Rung, Steps: []ForecastStep{}}
	for _, e := range events {
		s := ForecastStep{At: e.At, Event: e.Type, Clock: e.Data.Clock}
		if d := e.Data.Duty; d != nil {
			step, _ := facts.Ladder.Step(d.Rung)
			s.Rung, s.Title, s.Name, s.Vacant, s.Deputy = d.Rung, step.Title, d.Name, d.Person == "", d.Deputy
			s.Waiting = step.Wait.String()
		}
		f.Steps = append(f.Steps, s)
	}
	return f, nil
}

func (c Clocks) state(r *http.Request) (any, error) {
	s := DeadlineState{}
	if hold, held := c.Watch.Held(); held {
		s.Held, s.Hold = true, &hold
	}
	next, ok, err := c.Store.NextDue(r.Context())
	if ok {
		s.Next = next
	}
	return s, err
}

func (c Clocks) confirm(r *http.Request) (any, error) {
	if !c.Watch.Confirm() {
		return nil, hub.Errorf(hub.CodeConflict, "deadline.not_held")
	}
	return c.state(r)
}
