// Package warning sees early (预警) when many reports are one event: a compound
// without heating, a street without water, a site where nobody was paid. It
// opens one warning, gathers the cases in it, pushes it to the departments at
// once, tells them when it grows and closes it when it is quiet.
//
// It does not decide who handles the single cases. What a warning is worth is
// judged by [Policy.Judge], which is pure; start there, then [Watch].
package warning

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Report (来件) is a case as far as early warning goes.
type Report struct {
	Case    hub.CaseID
	Topic   string
	Spot    Spot
	Place   hub.PlaceCode
	Urgency hub.Urgency
	At      time.Time
}

// A Warning (预警) is one event that several reports speak of.
type Warning struct {
	ID       string        `json:"id"`
	Topic    string        `json:"topic"`
	Spot     string        `json:"spot"` // where, as people call it
	Place    hub.PlaceCode `json:"place,omitempty"`
	OpenedAt time.Time     `json:"opened_at"`
	LastAt   time.Time     `json:"last_at"` // the newest report
	ClosedAt time.Time     `json:"closed_at,omitzero"`
	Latest   hub.CaseID    `json:"latest"` // the case of the newest report
	Cases    int           `json:"cases"`
	Told     int           `json:"told"` // how many cases the departments were last told of
	Critical bool          `json:"critical,omitempty"`
	Why      string        `json:"why"` // why it was opened, for people
	// ClosedBy is who closed it by hand, and ClosedWhy their reason; both are
	// "" when it ended because it was quiet.
	ClosedBy  string `json:"closed_by,omitempty"`
	ClosedWhy string `json:"closed_why,omitempty"`
}

// A Count (每日件数) is how many reports a spot had in one day.
type Count struct {
	Day time.Time `json:"day"` // its first moment in Beijing
	N   int       `json:"n"`
}

// A Push (预警推送) is what became of telling one department of a warning.
type Push struct {
	Alert      hub.AlertID        `json:"alert"`
	Department hub.DepartmentCode `json:"department"`
	Text       string             `json:"text"`
	At         time.Time          `json:"at"`
	Status     hub.DeliveryStatus `json:"status"`
}

// A Policy (预警规则) says when reports of a topic are one event.
type Policy struct {
	Topic string
	// Name is what people call the topic, such as 供暖.
	Name string
	// Departments are pushed the warning.
	Departments []hub.DepartmentCode
	// Window is the time within which reports are counted, Least how many make
	// an event of a named compound; of a whole community it takes twice as many.
	Window time.Duration
	Least  int
	// Factor is how many times the usual number it takes as well, so that a
	// normal evening of a large compound stays quiet. Usual is counted over
	// Baseline before the window.
	Factor   float64
	Baseline time.Duration
	// Quiet is how long no report must have come for the event to be over.
	Quiet time.Duration
	// AtOnce opens a warning for a single case of this urgency; "" never does.
	AtOnce hub.Urgency
}

// Validate says the first thing that is wrong.
func (p Policy) Validate() error {
	switch {
	case p.Topic == "" || len(p.Departments) == 0:
		return hub.Errorf(hub.CodeInvalid, "warning.policy", p.Topic, "缺少主题或部门")
	case p.Least < 2 && p.AtOnce == "":
		return hub.Errorf(hub.CodeInvalid, "warning.policy", p.Topic, "件数至少为 2")
	case p.Window <= 0 || p.Quiet <= 0 || p.Factor < 1 || p.Baseline < p.Window:
		return hub.Errorf(hub.CodeInvalid, "warning.policy", p.Topic, "时间窗、平静期、倍数或基线不对")
	}
	return nil
}

// A Picture is what is known of a spot when a report comes in; the report is
// counted in it.
type Picture struct {
	Recent int // cases within the window
	Before int // cases within the baseline before the window
	// Open is the warning that runs for the spot, nil if there is none.
	Open *Warning
}

// A Step is what a report does.
type Step int

// The steps.
const (
	Nothing Step = iota // one report among others
	Open                // a new warning
	Join                // one more case of a running warning
	Grow                // the same, and the departments are told
)

// Judge says what the report r does, and why a warning is opened. It is pure.
func (p Policy) Judge(r Report, pic Picture) (Step, string) {
	if w := pic.Open; w != nil {
		if w.Cases+1 >= 2*w.Told || r.Urgency == p.AtOnce && p.AtOnce != "" && !w.Critical {
			return Grow, w.Why
		}
		return Join, w.Why
	}
	if p.AtOnce != "" && r.Urgency == p.AtOnce {
		return Open, fmt.Sprintf("%s出现特急%s事项，一件即预警", r.Spot.Name, p.Name)
	}
	least := p.threshold(r.Spot)
	usual := float64(pic.Before) * float64(p.Window) / float64(p.Baseline)
	if p.Least < 2 || pic.Recent < least || float64(pic.Recent) < p.Factor*usual {
		return Nothing, ""
	}
	return Open, fmt.Sprintf("%s%s内%d件%s来件，达到%d件；平时同样时间约%s件",
		r.Spot.Name, Span(p.Window), pic.Recent, p.Name, least, decimal(usual))
}

func (p Policy) threshold(s Spot) int {
	if s.Wide {
		return 2 * p.Least
	}
	return p.Least
}

// Span writes a duration as people say it: 2小时, 14天.
func Span(d time.Duration) string {
	if d%(24*time.Hour) == 0 && d > 24*time.Hour {
		return fmt.Sprintf("%d天", d/(24*time.Hour))
	}
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d小时", d/time.Hour)
	}
	return fmt.Sprintf("%d分钟", int(d.Minutes()))
}

// decimal writes f with one digit after the point, or none where that is 0.
func decimal(f float64) string {
	return strconv.FormatFloat(math.Round(10*f)/10, 'f', -1, 64)
}
