package hub

import (
	"cmp"
	"slices"
	"time"
)

// A Finding (核查结果) is what a department's check found.
type Finding string

// The findings. A department that finds a case to be another's sends it back.
const (
	Confirmed Finding = "confirmed" // 属实
	Partly    Finding = "partly"    // 部分属实
	Unfounded Finding = "unfounded" // 不属实
)

// Findings lists the findings.
func Findings() []Finding { return []Finding{Confirmed, Partly, Unfounded} }

// A CheckRule (核查规则) says that a department checks its cases one by one
// (逐一核查): whether what was reported is so, within a time of its own.
type CheckRule struct {
	// Topics are the topics that are checked; none means all.
	Topics []string `json:"topics,omitempty"`
	Within Budget   `json:"within"`
	Warn   Budget   `json:"warn,omitzero"`
	Source string   `json:"source,omitempty"` // law, standard or city practice
}

// check is the clock of the check that the lead department owes.
func (d *decider) check() []Allowance {
	rule, ok := d.facts.Checks[cmp.Or(d.lead, d.c.Lead())]
	if !ok || len(rule.Topics) > 0 && !slices.Contains(rule.Topics, cmp.Or(d.topic, d.c.Class.Topic)) {
		return nil
	}
	return []Allowance{{Kind: ClockVerify, Budget: rule.Within, Warn: rule.Warn, Source: rule.Source}}
}

// Unchecked reports whether the lead department owes what its check found.
func (c Case) Unchecked() bool {
	_, running := c.Deadline(ClockVerify)
	return running || slices.Contains(c.Overdue, ClockVerify)
}

// working refuses a step of a department that has no part in the case, or
// whose case is not being handled. A co-department may begin before the lead
// has signed.
func (d *decider) working(step EventType, department DepartmentCode) error {
	in := []Status{StatusSigned, StatusHandling}
	a, ok := d.c.Assignment(department)
	if ok && a.Role == RoleCo {
		in = append(in, StatusAssigned)
	}
	if err := d.allow(step, in...); err != nil {
		return err
	}
	_, err := d.assigned(department)
	return err
}

func (c SetTask) decide(d *decider) error {
	if err := d.allow(Tasked, StatusAssigned, StatusSigned, StatusHandling); err != nil {
		return err
	}
	part, err := d.assigned(c.Department)
	if err != nil {
		return err
	}
	if c.From != "" && c.From != d.c.Lead() {
		return Errorf(CodeForbidden, "task.lead_only", string(d.c.Lead()))
	}
	if !part.DoneAt.IsZero() {
		return Errorf(CodeConflict, "task.done", string(c.Department))
	}
	if err := require(c.Text, "task.required"); err != nil {
		return err
	}
	data := Data{Department: c.Department, Text: c.Text}
	if c.Within != (Budget{}) {
		data.Due, _ = d.calendar().Due(d.now, c.Within)
	}
	part.Task, part.Due = c.Text, data.Due
	data.Deadlines = d.nextPart(c.Department, part)
	d.emit(Tasked, data)
	return nil
}

func (c Verify) decide(d *decider) error {
	if err := d.allow(Verified, StatusAssigned, StatusSigned, StatusHandling, StatusWaiting, StatusSuspended); err != nil {
		return err
	}
	part, err := d.assigned(c.Department)
	if err != nil {
		return err
	}
	if !slices.Contains(Findings(), c.Finding) {
		return Errorf(CodeInvalid, "finding.unknown", string(c.Finding))
	}
	if c.Finding != Confirmed && c.Text == "" {
		return Errorf(CodeInvalid, "finding.reason")
	}
	if part.Finding != c.Finding {
		d.emit(Verified, Data{Department: c.Department, Finding: c.Finding, Text: c.Text})
	}
	return nil
}

// nextPart is the clock of the part that is due first of those to come, when
// the part of department is over or is as given.
func (d *decider) nextPart(department DepartmentCode, as ...Assignment) []Deadline {
	var next *Assignment
	for _, a := range append(slices.Clone(d.c.Assignments), as...) {
		over := a.Department == department && !slices.Contains(as, a)
		if !over && a.DoneAt.IsZero() && a.Due.After(d.now) && (next == nil || a.Due.Before(next.Due)) {
			next = &a
		}
	}
	if next == nil {
		return nil
	}
	return []Deadline{{Kind: ClockPart, Start: d.now, Due: next.Due, Epoch: d.c.Epoch + 1}}
}

// parted ends the clock of the parts, which the event sets anew; it stays
// overdue for as long as a late part is open.
func (c *Case) parted(at time.Time) {
	c.drop(ClockPart)
	if slices.ContainsFunc(c.Assignments, func(a Assignment) bool { return a.Late(at) }) {
		c.Overdue = append(c.Overdue, ClockPart)
	}
}

// shiftParts moves the dates of open parts by what their clock is moved after it
// stood still.
func (c *Case) shiftParts(moved []Deadline) {
	stood, ok := c.Deadline(ClockPart)
	i := slices.IndexFunc(moved, func(d Deadline) bool { return d.Kind == ClockPart })
	if !ok || i < 0 {
		return
	}
	for j, a := range c.Assignments {
		if a.DoneAt.IsZero() && !a.Due.Before(stood.Due) {
			c.Assignments[j].Due = a.Due.Add(moved[i].Due.Sub(stood.Due))
		}
	}
}

// progress keeps what a department is at; the lead's puts the case in hand.
func (c *Case) progress(e Event) {
	c.part(e.Data.Department, func(a *Assignment) { a.Progress = e.Data.Text })
	if c.Status == StatusSigned {
		c.Status = StatusHandling
	}
}

// verify keeps what a check found; the lead's ends the clock.
func (c *Case) verify(e Event) {
	c.part(e.Data.Department, func(a *Assignment) { a.Finding = e.Data.Finding })
	if c.Lead() == e.Data.Department {
		c.drop(ClockVerify)
		if c.Status == StatusSigned {
			c.Status = StatusHandling
		}
	}
}
