package courier

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// plan returns the notices that an event gives rise to: to whoever holds the
// rung that it names, to the citizen, and to the citizens whose cases were
// joined to this one.
func (p Policy) plan(e hub.Event, urgency hub.Urgency, ladder hub.Ladder, joined []hub.CaseID) []Notice {
	var out []Notice
	if d := e.Data.Duty; d != nil && d.Person != "" && p.Staff.tells(e.Type) {
		n := about(e, urgency)
		n.ID, n.Person, n.Rung, n.Ways = number(e)+"."+string(d.Person), d.Person, d.Rung, p.Staff.Ways
		step, _ := ladder.Step(d.Rung)
		n.NextAt = p.when(e.At, n.Critical, p.Merge, step.Quiet)
		out = append(out, n)
	}
	return append(out, p.planCitizens(e, urgency, joined)...)
}

// planCitizens returns what the citizens of a case are told of an event.
func (p Policy) planCitizens(e hub.Event, urgency hub.Urgency, joined []hub.CaseID) []Notice {
	if !p.Citizen.tells(e.Type) {
		return nil
	}
	n := about(e, urgency)
	n.ID, n.Ways = number(e)+".citizen", p.Citizen.Ways
	n.NextAt = p.when(e.At, n.Critical, 0, p.Citizen.Quiet)
	out := []Notice{n}
	if shared(e.Type) {
		for _, other := range joined {
			n.ID, n.Case = number(e)+"."+string(other), other
			out = append(out, n)
		}
	}
	return out
}

func about(e hub.Event, urgency hub.Urgency) Notice {
	return Notice{Event: e.Type, Case: e.Case, At: e.At, Critical: urgency == hub.UrgencyCritical, Status: Waiting}
}

// number begins the id of every notice of an event: CASE.SEQ.
func number(e hub.Event) string { return string(e.Case) + "." + strconv.FormatInt(e.Seq, 10) }

// EventOf returns the event that n tells of: its case, which is another than
// n.Case when that was merged into it, and its number.
func (n Notice) EventOf() (hub.CaseID, int64) {
	id, rest, _ := strings.Cut(n.ID, ".")
	text, _, _ := strings.Cut(rest, ".")
	seq, _ := strconv.ParseInt(text, 10, 64)
	return hub.CaseID(id), seq
}

// shared reports whether those whose cases were merged into a case are told of
// its event: how it ends, and that it begins again.
func shared(e hub.EventType) bool {
	return slices.Contains([]hub.EventType{hub.Resolved, hub.Answered, hub.Rejected, hub.Reopened}, e)
}

// News are the events that citizens are told of and that are found in the
// stream of all events only.
func (p Policy) News() []hub.EventType {
	return slices.DeleteFunc(slices.Clone(p.Citizen.Events), func(e hub.EventType) bool { return e.Posted() || !p.Citizen.tells(e) })
}

// WaitsFor says what n waits for at now, "" if for nothing.
func (p Policy) WaitsFor(n Notice, ladder hub.Ladder, now time.Time) Wait {
	merge, quiet := time.Duration(0), p.Citizen.Quiet
	if n.Person != "" {
		step, _ := ladder.Step(n.Rung)
		merge, quiet = p.Merge, step.Quiet
	}
	planned := p.when(n.At, n.Critical, merge, quiet)
	switch {
	case n.Status != Waiting || !n.NextAt.After(now):
		return ""
	case n.Attempts > 0 || !n.NextAt.Equal(planned):
		return WaitRetry
	case planned.Equal(n.At.Add(merge)):
		return WaitGather
	}
	return WaitQuiet
}

// when is the moment at which somebody may be told: at once if it is critical,
// else when others had time to join and the quiet hours are over.
func (p Policy) when(at time.Time, critical bool, merge time.Duration, quiet hub.Quiet) time.Time {
	if critical {
		return at
	}
	return quiet.End(at.Add(merge))
}
