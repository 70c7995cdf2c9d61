package courier

import (
	"strconv"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// plan returns the notices that an event gives rise to.
func (p Policy) plan(e hub.Event, urgency hub.Urgency, ladder hub.Ladder) []Notice {
	var out []Notice
	critical := urgency == hub.UrgencyCritical
	n := Notice{Event: e.Type, Case: e.Case, At: e.At, Critical: critical, Status: Waiting}
	id := string(e.Case) + "." + strconv.FormatInt(e.Seq, 10)
	if d := e.Data.Duty; d != nil && d.Person != "" && p.Staff.tells(e.Type) {
		s := n
		s.ID, s.Person, s.Rung, s.Ways = id+"."+string(d.Person), d.Person, d.Rung, p.Staff.Ways
		step, _ := ladder.Step(d.Rung)
		s.NextAt = p.when(e.At, critical, p.Merge, step.Quiet)
		out = append(out, s)
	}
	if p.Citizen.tells(e.Type) {
		c := n
		c.ID, c.Ways = id+".citizen", p.Citizen.Ways
		c.NextAt = p.when(e.At, critical, 0, p.Citizen.Quiet)
		out = append(out, c)
	}
	return out
}

// when is the moment at which somebody may be told: at once if it is critical,
// else when others had time to join and the quiet hours are over.
func (p Policy) when(at time.Time, critical bool, merge time.Duration, quiet hub.Quiet) time.Time {
	if critical {
		return at
	}
	return quiet.End(at.Add(merge))
}
