package courier

import (
	"regexp"
	"slices"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Policy (通知策略) says who is told what, how and when.
type Policy struct {
	Staff, Citizen Audience
	// Merge is how long the notices of one person are gathered; critical ones
	// are not.
	Merge time.Duration
	// Schedule is the wait before each further attempt by one way; its length
	// plus one is the number of attempts.
	Schedule []time.Duration
	// Late is how old an event may be that citizens are still told of.
	Late time.Duration
}

// DefaultLate is how old news may be.
const DefaultLate = 24 * time.Hour

// An Audience (通知对象) is one kind of people.
type Audience struct {
	// Ways are how they are reached, in order; none tells nobody.
	Ways []string
	// Events are of what they are told.
	Events []hub.EventType
	// Quiet are the hours in which they are told nothing but what is critical.
	// Those on the ladder have hours of their own by rung.
	Quiet hub.Quiet
	// Templates are the words by event; "merged" stands for several at once.
	Templates map[string]Template
}

// A Template (通知模板) is the words of a notice.
type Template struct {
	// Code is the number under which the SMS gateway approved the words.
	Code string
	// Text may use the fields of [Fields], as ${case}.
	Text string
}

// Merged is the template of several notices at once.
const Merged = "merged"

// DefaultSchedule returns the default waits, about a day in all.
func DefaultSchedule() []time.Duration {
	return []time.Duration{30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 16 * time.Hour}
}

// Fields lists what a template may use.
func Fields() []string {
	return []string{"case", "title", "place", "event", "clock", "rung", "post", "name", "due", "reason", "department", "link", "count", "cases", "city"}
}

var field = regexp.MustCompile(`\$\{([a-z]+)\}`)

// Validate says the first thing that is wrong; ways are those that exist.
func (p Policy) Validate(ways []string) error {
	for name, a := range map[string]Audience{"staff": p.Staff, "citizen": p.Citizen} {
		for _, w := range a.Ways {
			if !slices.Contains(ways, w) {
				return hub.Errorf(hub.CodeInvalid, "notice.way", w)
			}
		}
		for _, e := range a.Events {
			if _, ok := a.Templates[string(e)]; !ok && len(a.Ways) > 0 {
				return hub.Errorf(hub.CodeInvalid, "notice.template", name, string(e))
			}
		}
		for kind, t := range a.Templates {
			for _, f := range field.FindAllStringSubmatch(t.Text, -1) {
				if !slices.Contains(Fields(), f[1]) {
					return hub.Errorf(hub.CodeInvalid, "notice.field", kind, f[1])
				}
			}
		}
	}
	if _, ok := p.Staff.Templates[Merged]; !ok && len(p.Staff.Ways) > 0 && p.Merge > 0 {
		return hub.Errorf(hub.CodeInvalid, "notice.template", "staff", Merged)
	}
	return nil
}

// tells reports whether an audience is told of an event.
func (a Audience) tells(e hub.EventType) bool {
	return len(a.Ways) > 0 && slices.Contains(a.Events, e)
}

// Opened reports whether whoever holds the first rung is told of new cases.
func (p Policy) Opened() bool { return p.Staff.tells(hub.Assigned) }
