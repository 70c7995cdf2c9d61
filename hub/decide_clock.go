package hub

import (
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
	out := slices.Clone(chosen)
	for _, a := range append(slices.Clone(d.facts.Policy), closeAllowance()) {
		if !slices.ContainsFunc(out, func(o Allowance) bool { return o.Kind == a.Kind }) {
			out = append(out, a)
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

// clocks starts the allowances at start.
func (d *decider) clocks(start time.Time, all []Allowance) []Deadline {
	out := make([]Deadline, 0, len(all))
	for i, a := range all {
		due, provisional := d.facts.Calendar.Due(start, a.Budget)
		dl := Deadline{
			Kind: a.Kind, Budget: a.Budget, Start: start, Due: due,
			Provisional: provisional, Epoch: d.c.Epoch + 1 + i,
		}
		if a.Warn.N > 0 {
			if warned, ok := warnAt(d.facts.Calendar, start, due, a); ok {
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
		shifted, provisional := d.facts.Calendar.Shift(dl.Due, dl.PausedAt, d.now, unit)
		if !dl.WarnAt.IsZero() {
			dl.WarnAt, _ = d.facts.Calendar.Shift(dl.WarnAt, dl.PausedAt, d.now, unit)
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
	case ClockSort, ClockContact, ClockSign, ClockAccept, ClockOnSite, ClockClose, ClockAnswer:
		d.emit(Overran, Data{Clock: dl.Kind})
		if !d.climbing() {
			d.climb(dl.Kind, "")
		}
	}
	return nil
}

func (d *decider) climbing() bool {
	_, climb := d.c.Deadline(ClockClimb)
	_, remind := d.c.Deadline(ClockRemind)
	return climb || remind
}

// climb tells the next rung. A vacant post is entered in the record and
// passed: the rung above it is told at once.
func (d *decider) climb(why DeadlineKind, text string) {
	for rung := d.c.Rung + 1; rung <= d.facts.Ladder.Top(); rung++ {
		step, ok := d.facts.Ladder.Step(rung)
		if !ok {
			continue
		}
		duty := d.duty(rung)
		data := Data{Clock: why, Text: text, Duty: &duty}
		if duty.Person != "" {
			data.Deadlines = d.clocks(d.now, []Allowance{{Kind: ClockClimb, Budget: step.Wait}})
		}
		d.emit(Escalated, data)
		if duty.Person != "" {
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
