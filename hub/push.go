package hub

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// Alerts returns what the departments of c are to be told of events, which
// have been applied to c already. It is pure; ids are the same for the same
// events.
func Alerts(c Case, content Content, events []Event) []Alert {
	var out []Alert
	for _, e := range events {
		for _, a := range append(slices.Clip(c.Assignments), told(&c, e)...) {
			if !concerns(e.Type, a.Role) && !owes(e, a) {
				continue
			}
			al := Alert{
				ID:         AlertID(string(c.ID) + "." + strconv.FormatInt(e.Seq, 10) + "." + string(a.Department)),
				Department: a.Department, Role: a.Role, Event: e.Type, Seq: e.Seq, At: e.At,
				Case: c.ID, Place: c.Place, Class: c.Class, Text: e.Data.Text,
			}
			if d, ok := c.Deadline(ClockClose); ok {
				al.Due = d.Due
			}
			if e.Type == Tasked && !e.Data.Due.IsZero() {
				al.Due = e.Data.Due
			}
			if e.Type == Assigned || a.Role == RoleTold {
				al.Content = content
				if d, ok := c.Deadline(ClockVerify); ok && a.Role == RoleLead {
					al.Content.Extra = maps.Clone(content.Extra)
					if al.Content.Extra == nil {
						al.Content.Extra = map[string]string{}
					}
					al.Content.Extra[ExtraCheckBy] = d.Due.Format(time.RFC3339)
				}
			}
			out = append(out, al)
		}
	}
	return out
}

// told are the departments that the rules want to know of the case from the
// start, beside those that handle it.
func told(c *Case, e Event) []Assignment {
	if e.Data.Decision == nil || e.Type != Assigned && e.Type != Queued {
		return nil
	}
	var out []Assignment
	for _, d := range e.Data.Decision.Alert {
		if _, handles := c.Assignment(d); !handles {
			out = append(out, Assignment{Department: d, Role: RoleTold})
		}
	}
	return out
}

// owes reports whether e asks the department of a by itself: by an order, by a
// task of its own, or because its part is late.
func owes(e Event, a Assignment) bool {
	switch {
	case e.Data.Order != nil && e.Data.Order.Owner == a.Department:
		return true
	case e.Type == Tasked:
		return e.Data.Department == a.Department
	}
	return e.Type == Overran && e.Data.Clock == ClockPart && a.Late(e.At)
}

// concerns reports whether a department in role r is told of an event.
func concerns(t EventType, r Role) bool {
	if r == RoleTold {
		return true
	}
	switch t {
	case Assigned, Reopened, Merged:
		return true
	case Warned, Overran, Reminded, Supervised, Instructed, Redated, InfoGiven, Resumed,
		ExtensionApproved, ExtensionRefused, Suspended, PartDone, ReplyRefused:
		return r == RoleLead
	case Received, Rejected, Answered, Queued, SignedFor, SentBack, ContactMade, Progressed, Tasked, Verified,
		InfoAsked, ExtensionAsked, Resolved, Rated, Escalated, DemandAnswered, Archived, Gathered, Digested, Endpoint, EarlyWarning:
	}
	return false
}
