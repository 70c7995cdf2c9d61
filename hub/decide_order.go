package hub

import (
	"cmp"
	"slices"
)

func (c Supervise) decide(d *decider) error {
	grade := c.Grade
	if grade == "" {
		grade = d.nextGrade()
	}
	if !slices.Contains(OrderGrades(), grade) {
		return Errorf(CodeInvalid, "order.grade", string(grade))
	}
	return d.demand(Order{Kind: Supervised, Grade: grade, Owner: c.Owner}, c.Text, c.Within)
}

func (c Instruct) decide(d *decider) error {
	return d.demand(Order{Kind: Instructed, Owner: c.Owner, Note: c.Note}, c.Text, c.Within)
}

// nextGrade is one above the highest supervision that is open.
func (d *decider) nextGrade() OrderGrade {
	grades, next := OrderGrades(), slices.Index(OrderGrades(), OrderSupervise)
	for _, o := range d.c.Orders {
		if o.Kind == Supervised {
			next = max(next, slices.Index(grades, o.Grade)+1)
		}
	}
	return grades[min(next, len(grades)-1)]
}

// demand records an order that must be answered within a time. The clock is
// that of the order which is due first.
func (d *decider) demand(o Order, text string, within Budget) error {
	if err := d.open(o.Kind); err != nil {
		return err
	}
	if err := require(text, "order.required"); err != nil {
		return err
	}
	if within.N == 0 {
		within = Budget{3, WorkingDay}
	}
	clock := d.clocks(d.now, []Allowance{{Kind: ClockAnswer, Budget: within}})
	o.ID, o.Due = d.c.Version+1, clock[0].Due
	if running, ok := d.c.Deadline(ClockAnswer); ok && running.Due.Before(o.Due) {
		clock = nil
	}
	d.emit(o.Kind, Data{Text: text, Order: &o, Deadlines: clock})
	return nil
}

func (c AnswerDemand) decide(d *decider) error {
	if err := d.open(DemandAnswered); err != nil {
		return err
	}
	if !d.c.Supervised && !d.c.Instructed {
		return Errorf(CodeConflict, "demand.none")
	}
	if err := require(c.Text, "text.required"); err != nil {
		return err
	}
	if c.Order == 0 {
		if d.owners() > 1 {
			return Errorf(CodeConflict, "demand.which")
		}
		d.emit(DemandAnswered, Data{Text: c.Text})
		return nil
	}
	i := slices.IndexFunc(d.c.Orders, func(o Order) bool { return o.ID == c.Order })
	if i < 0 {
		return Errorf(CodeConflict, "demand.none")
	}
	answered := d.c.Orders[i]
	d.emit(DemandAnswered, Data{Text: c.Text, Order: &answered, Deadlines: d.nextAnswer(answered.ID)})
	return nil
}

// owners is how many departments have to answer the open orders: one of them
// does not answer for another.
func (d *decider) owners() int {
	all := map[DepartmentCode]bool{}
	for _, o := range d.c.Orders {
		all[cmp.Or(o.Owner, d.c.Lead())] = true
	}
	return len(all)
}

// nextAnswer is the clock of the order that is due first of those that stay
// open when one is answered.
func (d *decider) nextAnswer(answered int64) []Deadline {
	var next *Order
	for i, o := range d.c.Orders {
		if o.ID != answered && (next == nil || o.Due.Before(next.Due)) {
			next = &d.c.Orders[i]
		}
	}
	if next == nil {
		return nil
	}
	return []Deadline{{Kind: ClockAnswer, Start: d.now, Due: next.Due, Epoch: d.c.Epoch + 1}}
}
