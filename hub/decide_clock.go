package hub

import (
	"cmp"
	"slices"
	"time"
)

// The clocks that every case gets when no policy says otherwise.
func sortAllowance() Allowance {
	return Allowance{Kind: ClockSort, Budget: Budget{2, Hour}, Source: "city practice"}
}

func closeAllowance() Allowance {
	return Allowance{Kind: ClockClose, Budget: Budget{5, WorkingDay}, Source: "common city practice"}
}

// allowances joins the clocks that the rules chose with those of the policy;
// a case always has time to be closed.
func (d *decider) allowances(chosen []Allowance) []Allowance {
	out := make([]Allowance, 0, len(chosen)+len(d.facts.Policy)+1)
	out = append(out, chosen...)
	for _, list := range [][]Allowance{d.facts.Policy, d.check(), {closeAllowance()}} {
		for _, a := range list {
			if !slices.ContainsFunc(out, func(o Allowance) bool { return o.Kind == a.Kind }) {
				out = append(out, a)
			}
		}
	}
	return out
}

// queueAllowances are the clocks of a case that waits at the sorting desk:
// signing for it starts when somebody has it.
func queueAllowances(all []Allowance) []Allowance {
	out := []Allowance{sortAllowance()}
	for _, a := range all {
		if a.Kind != ClockSign && a.Kind != ClockSort {
			out = append(out, a)
		}
	}
	return out
}

// calendar is that of the lead department, which may keep hours of its own.
func (d *decider) calendar() Calendar {
	if c, ok := d.facts.Hours[cmp.Or(d.lead, d.c.Lead())]; ok {
		return c
	}
	return d.facts.Calendar
}

// clocks starts the allowances at start.
func (d *decider) clocks(start time.Time, all []Allowance) []Deadline {
	out := make([]Deadline, 0, len(all))
	for i, a := range all {
		due, provisional := d.calendar().Due(start, a.Budget)
		dl := Deadline{
			Kind: a.Kind, Budget: a.Budget, Start: start, Due: due,
			Provisional: provisional, Epoch: d.c.Epoch + 1 + i,
		}
		if a.Warn.N > 0 {
			if warned, ok := warnAt(d.calendar(), start, due, a); ok {
				dl.WarnAt = warned
			}
		}
		out = append(out, dl)
	}
	return out
}

// warnAt returns the due time of the budget less the warning, if that can be
// counted in the same unit and lies between start and due.
func warnAt(cal Calendar, start, due time.Time, a Allowance) (time.Time, bool) {
	at := due
	switch {
	case a.Warn.Unit == Minute:
		at = due.Add(-time.Duration(a.Warn.N) * time.Minute)
	case a.Warn.Unit == Hour:
		at = due.Add(-time.Duration(a.Warn.N) * time.Hour)
	case a.Warn.Unit == a.Budget.Unit && a.Warn.N < a.Budget.N:
		at, _ = cal.Due(start, Budget{a.Budget.N - a.Warn.N, a.Budget.Unit})
	}
	return at, at.After(start) && at.Before(due)
}

// archive is the clock of a closed case: the citizen has these days to rate it
// or have it opened again.
func (d *decider) archive() []Deadline {
	return d.clocks(d.now, []Allowance{{Kind: ClockArchive, Budget: Budget{15, Day}}})
}

// resumed returns the clocks that stand still, moved by the time they stood.
func (d *decider) resumed() []Deadline {
	var out []Deadline
	for _, dl := range d.c.Deadlines {
		if dl.PausedAt.IsZero() {
			continue
		}
		unit := dl.Budget.Unit
		shifted, provisional := d.calendar().Shift(dl.Due, dl.PausedAt, d.now, unit)
		if !dl.WarnAt.IsZero() {
			dl.WarnAt, _ = d.calendar().Shift(dl.WarnAt, dl.PausedAt, d.now, unit)
		}
		if d.now.After(dl.PausedAt) {
			dl.Pauses = append(slices.Clone(dl.Pauses), Pause{dl.PausedAt, d.now})
		}
		dl.Due, dl.Provisional, dl.PausedAt = shifted, dl.Provisional || provisional, time.Time{}
		dl.Epoch = d.c.Epoch + 1 + len(out)
		out = append(out, dl)
	}
	return out
}

func (c Fire) decide(d *decider) error {
	dl, ok := d.c.Deadline(c.Clock)
	at, running := dl.FireAt()
	if !ok || !running || dl.Epoch != c.Epoch || d.now.Before(at) {
		return nil
	}
	if !dl.WarnAt.IsZero() && d.now.Before(dl.Due) {
		d.emit(Warned, Data{Clock: dl.Kind})
		return nil
	}
	switch dl.Kind {
	case ClockReply:
		d.emit(InfoGiven, Data{Clock: dl.Kind, Deadlines: d.resumed()})
	case ClockReview:
		d.emit(Resumed, Data{Clock: dl.Kind, Deadlines: d.resumed()})
	case ClockArchive:
		d.emit(Archived, Data{Clock: dl.Kind})
	case ClockClimb:
		d.climb(dl.Kind, "")
	case ClockRemind:
		d.remind()
	case ClockPart:
		d.overrun(dl.Kind, d.nextPart("")...)
	case ClockSort, ClockContact, ClockSign, ClockAccept, ClockOnSite, ClockVerify, ClockClose, ClockAnswer:
		d.overrun(dl.Kind)
	}
	return nil
}

// overrun puts a missed clock on record and begins to climb: at once, or when
// the quiet hours of the next rung are over. next are clocks that it starts.
func (d *decider) overrun(kind DeadlineKind, next ...Deadline) {
	if until := d.awake(d.c.Rung+1, d.now); until.After(d.now) && !d.climbing() {
		wait := Deadline{Kind: ClockClimb, Start: d.now, Due: until, Epoch: d.c.Epoch + 1 + len(next)}
		d.emit(Overran, Data{Clock: kind, Deadlines: append(next, wait)})
		return
	}
	d.emit(Overran, Data{Clock: kind, Deadlines: next})
	if !d.climbing() {
		d.climb(kind, "")
	}
}

// awake returns when rung may be told: at, or the end of its quiet hours.
func (d *decider) awake(rung Rung, at time.Time) time.Time {
	step, ok := d.facts.Ladder.Step(rung)
	if !ok || d.c.Class.Urgency == UrgencyCritical {
		return at
	}
	return step.Quiet.End(at)
}

// decide counts provisional clocks that run again, from their start and with
// their pauses; the others are right already.
func (c Redate) decide(d *decider) error {
	if err := d.open(Redated); err != nil {
		return err
	}
	var moved []Deadline
	for _, dl := range d.c.Deadlines {
		if !dl.Provisional || !dl.PausedAt.IsZero() || dl.Budget == (Budget{}) {
			continue
		}
		warned := dl.Due.Sub(dl.WarnAt)
		due, provisional := d.calendar().Due(dl.Start, dl.Budget)
		for _, p := range dl.Pauses {
			shifted, guessed := d.calendar().Shift(due, p.From, p.To, dl.Budget.Unit)
			due, provisional = shifted, provisional || guessed
		}
		if due.Equal(dl.Due) && provisional {
			continue
		}
		if !dl.WarnAt.IsZero() {
			dl.WarnAt = due.Add(-warned)
		}
		dl.Due, dl.Provisional, dl.Epoch = due, provisional, d.c.Epoch+1+len(moved)
		moved = append(moved, dl)
	}
	if len(moved) > 0 {
		d.emit(Redated, Data{Deadlines: moved})
	}
	return nil
}

func (d *decider) climbing() bool {
	_, climb := d.c.Deadline(ClockClimb)
	_, remind := d.c.Deadline(ClockRemind)
	return climb || remind
}

// climb tells the next rung. A vacant post is entered in the record and
// passed: the rung above it is told at once, or when its quiet hours are over.
// What a person asks for (why is "") does not wait for them.
func (d *decider) climb(why DeadlineKind, text string) {
	for rung := d.c.Rung + 1; rung <= d.facts.Ladder.Top(); rung++ {
		step, ok := d.facts.Ladder.Step(rung)
		if !ok {
			continue
		}
		duty := d.duty(rung)
		data := Data{Clock: why, Text: text, Duty: &duty}
		told := duty.Person != ""
		if told {
			data.Deadlines = d.clocks(d.now, []Allowance{{Kind: ClockClimb, Budget: step.Wait}})
			data.Deadlines[0].Due = d.awake(rung+1, data.Deadlines[0].Due)
		} else if until := d.awake(rung+1, d.now); why != "" && until.After(d.now) {
			data.Deadlines = []Deadline{{Kind: ClockClimb, Start: d.now, Due: until, Epoch: d.c.Epoch + 1}}
			told = true
		}
		if d.emit(Escalated, data); told {
			return
		}
	}
	d.remind()
}

// remind repeats the reminder at the top of the ladder each working day.
func (d *decider) remind() {
	d.emit(Reminded, Data{Deadlines: d.clocks(d.now, []Allowance{{Kind: ClockRemind, Budget: Budget{1, WorkingDay}}})})
}

// duty returns who holds rung now; a vacant post has no person.
func (d *decider) duty(rung Rung) Duty {
	for _, duty := range d.facts.Duties {
		if duty.Rung == rung {
			return duty
		}
	}
	step, _ := d.facts.Ladder.Step(rung)
	return Duty{Rung: rung, Place: d.c.Place, Post: step.Post}
}

// firstDuty returns the rung that is told when a case opens.
func (d *decider) firstDuty(start Rung) *Duty {
	if len(d.facts.Ladder) == 0 {
		return nil
	}
	duty := d.duty(max(1, min(start, d.facts.Ladder.Top())))
	return &duty
}
