package hub

import "time"

func (c AskCitizen) decide(d *decider) error {
	if err := d.allow(InfoAsked, StatusSigned, StatusHandling); err != nil {
		return err
	}
	if err := require(c.Text, "question.required"); err != nil {
		return err
	}
	within := c.Within
	if within.N == 0 {
		within = Budget{5, WorkingDay}
	}
	d.emit(InfoAsked, Data{Text: c.Text, Deadlines: d.clocks(d.now, []Allowance{{Kind: ClockReply, Budget: within}})})
	return nil
}

func (c CitizenReply) decide(d *decider) error {
	if err := d.allow(InfoGiven, StatusWaiting); err != nil {
		return err
	}
	d.emit(InfoGiven, Data{Text: c.Text, Deadlines: d.resumed()})
	return nil
}

func (c AskExtension) decide(d *decider) error {
	if err := d.allow(ExtensionAsked, StatusSigned, StatusHandling); err != nil {
		return err
	}
	rule := d.facts.Extend
	switch {
	case d.c.Asked != nil:
		return Errorf(CodeConflict, "extension.pending")
	case rule.Max > 0 && d.c.Extensions >= rule.Max:
		return Errorf(CodeConflict, "extension.limit", rule.Max)
	case rule.Most.N > 0 && c.Extension.Budget.Length() > rule.Most.Length():
		return Errorf(CodeInvalid, "extension.too_long", rule.Most.String())
	case !c.Extension.Until.IsZero():
		return Errorf(CodeInvalid, "budget.invalid", c.Extension.Until.String())
	case c.Extension.Budget.N <= 0:
		return Errorf(CodeInvalid, "budget.invalid", c.Extension.Budget.String())
	case c.Extension.Reason == "":
		return Errorf(CodeInvalid, "reason.required")
	}
	d.emit(ExtensionAsked, Data{Extension: &c.Extension, Text: c.Extension.Reason})
	return nil
}

func (c AskSuspension) decide(d *decider) error {
	if err := d.allow(ExtensionAsked, StatusSigned, StatusHandling); err != nil {
		return err
	}
	switch {
	case d.c.Asked != nil:
		return Errorf(CodeConflict, "extension.pending")
	case !c.Until.After(d.now):
		return Errorf(CodeInvalid, "suspend.until_past")
	case c.Text == "":
		return Errorf(CodeInvalid, "reason.required")
	}
	d.emit(ExtensionAsked, Data{Extension: &Extension{Reason: c.Text, Until: c.Until}, Text: c.Text})
	return nil
}

// decide moves the close clock by the extension, counted from its due time, or
// from now when that has passed.
func (c DecideExtension) decide(d *decider) error {
	if d.c.Asked == nil {
		return Errorf(CodeConflict, "extension.none")
	}
	if err := d.allow(ExtensionApproved, StatusSigned, StatusHandling); err != nil {
		return err
	}
	if !c.Approve {
		if err := require(c.Text, "reason.required"); err != nil {
			return err
		}
		d.emit(ExtensionRefused, Data{Text: c.Text})
		return nil
	}
	if until := d.c.Asked.Until; !until.IsZero() {
		if !until.After(d.now) {
			return Errorf(CodeInvalid, "suspend.until_past")
		}
		d.suspend(d.c.Asked.Reason, until)
		return nil
	}
	from := d.now
	if dl, ok := d.c.Deadline(ClockClose); ok && dl.Due.After(d.now) {
		from = dl.Due
	}
	moved := d.clocks(from, []Allowance{{Kind: ClockClose, Budget: d.c.Asked.Budget}})
	d.emit(ExtensionApproved, Data{Text: c.Text, Extension: d.c.Asked, Deadlines: moved})
	return nil
}

func (c Suspend) decide(d *decider) error {
	if err := d.allow(Suspended, StatusSigned, StatusHandling); err != nil {
		return err
	}
	if err := require(c.Text, "reason.required"); err != nil {
		return err
	}
	if !c.Until.After(d.now) {
		return Errorf(CodeInvalid, "suspend.until_past")
	}
	d.suspend(c.Text, c.Until)
	return nil
}

func (d *decider) suspend(text string, until time.Time) {
	review := Deadline{Kind: ClockReview, Start: d.now, Due: until, Budget: Budget{0, Day}, Epoch: d.c.Epoch + 1}
	d.emit(Suspended, Data{Text: text, Deadlines: []Deadline{review}})
}

func (c ResumeCase) decide(d *decider) error {
	if err := d.allow(Resumed, StatusSuspended); err != nil {
		return err
	}
	d.emit(Resumed, Data{Text: c.Text, Deadlines: d.resumed()})
	return nil
}

func (c Rate) decide(d *decider) error {
	if err := d.allow(Rated, StatusResolved, StatusAnswered, StatusArchived); err != nil {
		return err
	}
	if c.Stars < 1 || c.Stars > 5 {
		return Errorf(CodeInvalid, "rating.range", c.Stars)
	}
	d.emit(Rated, Data{Rating: c.Stars, Text: c.Text})
	return nil
}

func (c Reopen) decide(d *decider) error {
	if err := d.allow(Reopened, StatusResolved, StatusAnswered, StatusRejected, StatusArchived); err != nil {
		return err
	}
	if d.c.Into != "" {
		return Errorf(CodeConflict, "case.merged", string(d.c.Into))
	}
	if err := require(c.Text, "reason.required"); err != nil {
		return err
	}
	all := d.allowances(nil)
	if d.c.Lead() == "" {
		all = queueAllowances(all)
	}
	d.emit(Reopened, Data{Text: c.Text, Duty: d.firstDuty(1), Deadlines: d.clocks(d.now, all)})
	return nil
}

func (c Merge) decide(d *decider) error {
	if err := d.open(Merged); err != nil {
		return err
	}
	if c.Into == "" || c.Into == d.c.ID {
		return Errorf(CodeInvalid, "merge.into_self")
	}
	d.emit(Merged, Data{Into: c.Into, Text: c.Text})
	return nil
}

func (c Escalate) decide(d *decider) error {
	if err := d.open(Escalated); err != nil {
		return err
	}
	if d.c.Rung >= d.facts.Ladder.Top() {
		return Errorf(CodeConflict, "ladder.top")
	}
	if err := require(c.Text, "reason.required"); err != nil {
		return err
	}
	d.climb("", c.Text)
	return nil
}

func (c Archive) decide(d *decider) error {
	if err := d.allow(Archived, StatusResolved, StatusAnswered, StatusRejected); err != nil {
		return err
	}
	d.emit(Archived, Data{})
	return nil
}
