package hub

import (
	"slices"
	"time"
)

// Apply returns the case after e. It is pure and does not change c: the slices
// of the result are its own.
func Apply(c Case, e Event) Case {
	c.Assignments = slices.Clone(c.Assignments)
	c.Deadlines = slices.Clone(c.Deadlines)
	c.Overdue = slices.Clone(c.Overdue)
	c.Orders = slices.Clone(c.Orders)
	c.ID, c.Version = e.Case, e.Seq
	if e.Data.Decision != nil {
		c.Class = e.Data.Decision.Class
	}
	if e.Data.Class != nil {
		c.Class = *e.Data.Class
	}
	if e.Data.Duty != nil {
		c.Rung = max(c.Rung, e.Data.Duty.Rung)
	}
	applyStep(&c, e)
	late := slices.Contains(c.Overdue, ClockPart)
	for _, d := range e.Data.Deadlines {
		c.drop(d.Kind)
		c.Deadlines = append(c.Deadlines, d)
		c.Epoch = max(c.Epoch, d.Epoch)
	}
	if late && !slices.Contains(c.Overdue, ClockPart) { // another part may still be to come
		c.Overdue = append(c.Overdue, ClockPart)
	}
	if len(c.Overdue) == 0 && e.Type != Escalated {
		c.drop(ClockClimb)
		c.drop(ClockRemind)
	}
	return c
}

// applyStep is the table of what each event does to a case.
func applyStep(c *Case, e Event) {
	switch e.Type {
	case Received:
		c.open(e)
	case Queued:
		c.Status = StatusSorting
	case Assigned:
		c.assign(e)
	case SignedFor:
		c.sign(e)
	case SentBack:
		c.sendBack(e)
	case ContactMade:
		c.Contacted = true
		c.drop(ClockContact)
	case Progressed:
		c.progress(e)
	case Tasked:
		c.part(e.Data.Department, func(a *Assignment) { a.Task, a.Due = e.Data.Text, e.Data.Due })
		c.parted(e.At)
	case Verified:
		c.verify(e)
	case InfoAsked:
		c.pause(StatusWaiting, e.At)
	case Suspended:
		c.Asked = nil
		c.pause(StatusSuspended, e.At)
	case InfoGiven, Resumed:
		c.shiftParts(e.Data.Deadlines)
		c.resume()
	case ExtensionAsked:
		c.Asked = e.Data.Extension
	case ExtensionApproved:
		c.Asked = nil
		c.Extensions++
	case ExtensionRefused:
		c.Asked = nil
	case PartDone:
		c.part(e.Data.Department, func(a *Assignment) { a.DoneAt, a.Result = e.At, e.Data.Text })
		c.parted(e.At)
	case Rejected:
		c.close(StatusRejected, e.At)
	case Answered:
		c.close(StatusAnswered, e.At)
	case Resolved:
		c.part(e.Data.Department, func(a *Assignment) { a.DoneAt = e.At })
		c.close(StatusResolved, e.At)
	case Merged:
		c.Into = e.Data.Into
		c.close(StatusMerged, e.At)
	case Archived:
		c.close(StatusArchived, c.ClosedAt)
	case Rated:
		c.Rating = e.Data.Rating
	case Reopened:
		c.reopen(e)
	case Warned:
		c.warned(e.Data.Clock)
	case Overran:
		c.drop(e.Data.Clock)
		c.Overdue = append(c.Overdue, e.Data.Clock)
	case Escalated, Reminded:
		c.drop(ClockClimb)
		c.drop(ClockRemind)
	case Supervised, Instructed:
		c.Supervised = c.Supervised || e.Type == Supervised
		c.Instructed = c.Instructed || e.Type == Instructed
		if e.Data.Order != nil {
			c.Orders = append(c.Orders, *e.Data.Order)
		}
	case DemandAnswered:
		c.answered(e.Data.Order)
	case ReplyRefused: // the case is as it was: the department answers again
	case Redated, Gathered, Digested, Endpoint, EarlyWarning: // clocks that were moved already, and alerts that are of no one case
	}
}

// answered closes one order, or all.
func (c *Case) answered(o *Order) {
	c.Orders = slices.DeleteFunc(c.Orders, func(open Order) bool { return o == nil || open.ID == o.ID })
	of := func(kind EventType) bool {
		return slices.ContainsFunc(c.Orders, func(open Order) bool { return open.Kind == kind })
	}
	c.Supervised, c.Instructed = of(Supervised), of(Instructed)
	if len(c.Orders) == 0 {
		c.Orders = nil
	}
	c.drop(ClockAnswer)
}

func (c *Case) open(e Event) {
	o := e.Data.Origin
	c.Channel, c.ExternalID, c.Receipt, c.Place = o.Channel, o.ExternalID, o.Receipt, o.Place
	c.Status, c.Round, c.OpenedAt = StatusSorting, 1, e.At
}

func (c *Case) assign(e Event) {
	c.Status, c.Asked = StatusAssigned, nil
	for _, k := range []DeadlineKind{ClockSort, ClockSign, ClockVerify, ClockPart} {
		c.drop(k)
	}
	if c.Keeper == "" {
		c.Keeper = e.Data.Lead
	}
	c.Assignments = []Assignment{{Department: e.Data.Lead, Role: RoleLead, AssignedAt: e.At}}
	for _, d := range e.Data.Co {
		c.Assignments = append(c.Assignments, Assignment{Department: d, Role: RoleCo, AssignedAt: e.At})
	}
}

func (c *Case) sign(e Event) {
	c.part(e.Data.Department, func(a *Assignment) {
		a.SignedAt = e.At
		if a.Role == RoleLead {
			c.drop(ClockSign)
			c.Keeper = a.Department
			if c.Status == StatusAssigned {
				c.Status = StatusSigned
			}
		}
	})
}

func (c *Case) sendBack(e Event) {
	c.Hops++
	if a, _ := c.Assignment(e.Data.Department); a.Role == RoleLead {
		c.Assignments, c.Status, c.Asked = nil, StatusSorting, nil
		if !slices.Contains(c.Tried, a.Department) {
			c.Tried = append(slices.Clip(c.Tried), a.Department)
		}
		c.drop(ClockSign)
		c.drop(ClockVerify)
		c.drop(ClockPart)
		return
	}
	c.Assignments = slices.DeleteFunc(c.Assignments, func(a Assignment) bool {
		return a.Department == e.Data.Department
	})
	c.parted(e.At)
}

func (c *Case) pause(s Status, at time.Time) {
	c.Resume, c.Status = c.Status, s
	for i := range c.Deadlines {
		if c.Deadlines[i].PausedAt.IsZero() {
			c.Deadlines[i].PausedAt = at
		}
	}
}

func (c *Case) resume() {
	c.Status, c.Resume = c.Resume, ""
	c.drop(ClockReply)
	c.drop(ClockReview)
}

func (c *Case) close(s Status, at time.Time) {
	c.Status, c.ClosedAt = s, at
	c.Deadlines, c.Overdue, c.Asked, c.Resume = nil, nil, nil, ""
	c.Supervised, c.Instructed, c.Orders = false, false, nil
}

func (c *Case) reopen(e Event) {
	c.Round++
	c.Rung, c.Rating, c.Extensions, c.Contacted = 0, 0, 0, false
	c.Hops, c.Tried = 0, nil
	c.ClosedAt, c.Deadlines, c.Overdue = time.Time{}, nil, nil
	if e.Data.Duty != nil {
		c.Rung = e.Data.Duty.Rung
	}
	c.Status = StatusSorting
	for i := range c.Assignments {
		c.Assignments[i].AssignedAt = e.At
		a := &c.Assignments[i]
		a.SignedAt, a.DoneAt, a.Due = time.Time{}, time.Time{}, time.Time{}
		a.Finding, a.Progress, a.Result = "", "", ""
		c.Status = StatusAssigned
	}
}

func (c *Case) warned(k DeadlineKind) {
	for i := range c.Deadlines {
		if c.Deadlines[i].Kind == k {
			c.Deadlines[i].WarnAt = time.Time{}
		}
	}
}

func (c *Case) part(d DepartmentCode, change func(*Assignment)) {
	for i := range c.Assignments {
		if c.Assignments[i].Department == d {
			change(&c.Assignments[i])
		}
	}
}

// drop ends the clock k, open or overdue.
func (c *Case) drop(k DeadlineKind) {
	c.Deadlines = slices.DeleteFunc(c.Deadlines, func(d Deadline) bool { return d.Kind == k })
	c.Overdue = slices.DeleteFunc(c.Overdue, func(o DeadlineKind) bool { return o == k })
}
