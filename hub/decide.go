package hub

import (
	"slices"
	"time"
)

// Decide returns the events that cmd leads to, given the case so far, the
// facts and the time. No events and no error mean that there is nothing to do,
// as when a clock fires that has been moved since. An illegal step is refused
// with an Error of CodeConflict or CodeInvalid, and then nothing happens.
//
// Decide is pure: the same arguments give the same events.
func Decide(c Case, cmd Command, f Facts, now time.Time) ([]Event, error) {
	_, events, err := Advance(c, cmd, f, now)
	return events, err
}

// Advance is Decide that also returns the case after its events.
func Advance(c Case, cmd Command, f Facts, now time.Time) (Case, []Event, error) {
	d := &decider{c: c, facts: f, now: now, by: cmd.actor()}
	if _, opening := cmd.(Receive); !opening && c.Version == 0 {
		return c, nil, Errorf(CodeNotFound, "case.not_found", string(c.ID))
	}
	if err := cmd.decide(d); err != nil {
		return c, nil, err
	}
	return d.c, d.events, nil
}

// A decider gathers the events of one command and applies each at once, so
// that the next step sees the case as it will be.
type decider struct {
	c      Case
	facts  Facts
	now    time.Time
	by     Actor
	events []Event
	lead   DepartmentCode // about to be assigned: its hours count already
	topic  string         // of the case that is about to be opened
}

func (d *decider) emit(t EventType, data Data) {
	e := Event{Case: d.c.ID, Seq: d.c.Version + 1, Type: t, At: d.now, By: d.by, Data: data}
	d.events = append(d.events, e)
	d.c = Apply(d.c, e)
}

// allow refuses unless the case is in one of the statuses.
func (d *decider) allow(step EventType, in ...Status) error {
	if slices.Contains(in, d.c.Status) {
		return nil
	}
	return Errorf(CodeConflict, "case.illegal_step", string(step), string(d.c.Status))
}

func (d *decider) open(step EventType) error {
	if !d.c.Status.Open() {
		return Errorf(CodeConflict, "case.closed", string(step), string(d.c.Status))
	}
	return nil
}

// assigned refuses unless department has an unfinished part in the case.
func (d *decider) assigned(department DepartmentCode) (Assignment, error) {
	if department == "" {
		return Assignment{}, Errorf(CodeInvalid, "command.department")
	}
	a, ok := d.c.Assignment(department)
	if !ok {
		return a, Errorf(CodeConflict, "case.not_assigned", string(department))
	}
	return a, nil
}

func require(text, key string) error {
	if text == "" {
		return Errorf(CodeInvalid, key)
	}
	return nil
}

func (c Receive) decide(d *decider) error {
	if d.c.Version != 0 {
		return Errorf(CodeConflict, "case.exists", string(d.c.ID))
	}
	s, dec := c.Submission, c.Decision
	d.lead, d.topic = dec.Lead, dec.Class.Topic
	d.c.ID = s.Case
	d.events = make([]Event, 0, 2)
	d.emit(Received, Data{Origin: &Origin{
		Channel: s.Channel, ExternalID: s.ExternalID, Receipt: s.Receipt, Place: s.Place,
		SubmittedAt: s.SubmittedAt, Heuristic: s.Heuristic,
	}})
	if s.Hold != "" {
		dec = dec.held()
	}
	switch {
	case dec.Reject != nil:
		d.emit(Rejected, Data{Decision: &dec, Text: dec.Reject.Reason, Deadlines: d.archive()})
	case dec.Answer != nil:
		d.emit(Answered, Data{Decision: &dec, Text: dec.Answer.Text, Deadlines: d.archive()})
	case dec.Lead == "":
		d.emit(Queued, Data{
			Decision: &dec, Text: s.Hold, Duty: d.firstDuty(dec.StartRung),
			Deadlines: d.clocks(s.ReceivedAt, queueAllowances(d.allowances(dec.Clocks))),
		})
	default:
		d.emit(Assigned, Data{
			Decision: &dec, Lead: dec.Lead, Co: coOf(dec.Lead, dec.Co), Duty: d.firstDuty(dec.StartRung),
			Deadlines: d.clocks(s.ReceivedAt, d.allowances(dec.Clocks)),
		})
	}
	return nil
}

func (c Reject) decide(d *decider) error {
	if err := d.allow(Rejected, StatusSorting); err != nil {
		return err
	}
	if err := require(c.Text, "reason.required"); err != nil {
		return err
	}
	d.emit(Rejected, Data{Text: c.Text, Deadlines: d.archive()})
	return nil
}

func (c AnswerAtOnce) decide(d *decider) error {
	if err := d.allow(Answered, StatusSorting); err != nil {
		return err
	}
	if err := require(c.Text, "text.required"); err != nil {
		return err
	}
	d.emit(Answered, Data{Text: c.Text, Deadlines: d.archive()})
	return nil
}

func (c Assign) decide(d *decider) error {
	if err := d.allow(Assigned, StatusSorting, StatusAssigned); err != nil {
		return err
	}
	if err := require(string(c.Lead), "lead.required"); err != nil {
		return err
	}
	if d.c.Status == StatusAssigned && d.c.Lead() == c.Lead && len(c.Co) == 0 {
		return Errorf(CodeConflict, "case.already_assigned", string(c.Lead))
	}
	d.lead = c.Lead
	d.emit(Assigned, Data{Lead: c.Lead, Co: coOf(c.Lead, c.Co), Text: c.Text, Deadlines: d.clocks(d.now, d.reassigned())})
	return nil
}

// reassigned are the clocks that a new assignment starts: to sign for it, and
// those that neither run nor have run out.
func (d *decider) reassigned() []Allowance {
	var set []Allowance
	for _, a := range d.allowances(nil) {
		if _, running := d.c.Deadline(a.Kind); !running && a.Kind != ClockContact && !slices.Contains(d.c.Overdue, a.Kind) || a.Kind == ClockSign || a.Kind == ClockVerify {
			set = append(set, a)
		}
	}
	return set
}

func (c SignFor) decide(d *decider) error {
	a, err := d.assigned(c.Department)
	if err != nil {
		return err
	}
	if !a.SignedAt.IsZero() {
		return nil
	}
	if err := d.open(SignedFor); err != nil {
		return err
	}
	d.emit(SignedFor, Data{Department: c.Department})
	return nil
}

func (c SendBack) decide(d *decider) error {
	if err := d.allow(SentBack, StatusAssigned, StatusSigned, StatusHandling); err != nil {
		return err
	}
	a, err := d.assigned(c.Department)
	if err != nil {
		return err
	}
	if err := require(c.Text, "reason.required"); err != nil {
		return err
	}
	if err := d.mayObject(a); err != nil {
		return err
	}
	data := Data{Department: c.Department, Text: c.Text, Lead: c.Suggest}
	if a.Role == RoleLead {
		data.Deadlines = d.clocks(d.now, []Allowance{sortAllowance()})
	} else {
		data.Deadlines = d.nextPart(c.Department)
	}
	d.emit(SentBack, data)
	if most := d.facts.SendBack.Hops; a.Role == RoleLead && most > 0 && d.c.Hops >= most {
		d.joint(c.Suggest)
	}
	return nil
}

// mayObject refuses an objection that comes too late, or against an assignment
// that was made because of too many of them.
func (d *decider) mayObject(a Assignment) error {
	rule := d.facts.SendBack
	if rule.Hops > 0 && d.c.Hops >= rule.Hops && a.Role == RoleLead {
		return Errorf(CodeConflict, "case.joint_by_rule", rule.Hops)
	}
	if rule.Within == (Budget{}) {
		return nil
	}
	if last, _ := d.facts.Calendar.Due(a.AssignedAt, rule.Within); d.now.After(last) {
		return Errorf(CodeConflict, "case.objection_late", rule.Within.String())
	}
	return nil
}

// joint ends a loop of objections: all who had the case, and the one last
// suggested, handle it together, led by the one who had it first.
func (d *decider) joint(suggest DepartmentCode) {
	lead := d.c.Keeper
	co := coOf(lead, append(slices.Clone(d.c.Tried), suggest))
	d.lead = lead
	class := d.c.Class
	class.Grade = GradeDifficult
	d.emit(Assigned, Data{
		Lead: lead, Co: co, Class: &class, Text: "多次退单，转联动办理，由首接单位牵头",
		Deadlines: d.clocks(d.now, d.reassigned()),
	})
}

func (c Contact) decide(d *decider) error {
	if err := d.open(ContactMade); err != nil {
		return err
	}
	d.emit(ContactMade, Data{Text: c.Text})
	return nil
}

func (c Progress) decide(d *decider) error {
	if err := d.working(Progressed, c.Department); err != nil {
		return err
	}
	d.emit(Progressed, Data{Department: c.Department, Text: c.Text})
	return nil
}

func (c Resolve) decide(d *decider) error {
	if err := d.working(Resolved, c.Department); err != nil {
		return err
	}
	a, _ := d.c.Assignment(c.Department)
	if err := require(c.Text, "reply.required"); err != nil {
		return err
	}
	if a.Role == RoleCo {
		if a.DoneAt.IsZero() {
			d.emit(PartDone, Data{Department: c.Department, Text: c.Text, Deadlines: d.nextPart(c.Department)})
		}
		return nil
	}
	for _, part := range d.c.Assignments {
		if part.Role == RoleCo && part.DoneAt.IsZero() {
			return Errorf(CodeConflict, "case.part_open", string(part.Department))
		}
	}
	if err := CheckReply(c.Text); err != nil {
		return err
	}
	d.emit(Resolved, Data{Department: c.Department, Text: c.Text, Deadlines: d.archive()})
	return nil
}

func (c RefuseReply) decide(d *decider) error {
	if err := d.working(ReplyRefused, c.Department); err != nil {
		return err
	}
	if err := require(c.Reason, "reason.required"); err != nil {
		return err
	}
	d.emit(ReplyRefused, Data{Department: c.Department, Text: c.Reason + "原答复：" + c.Text})
	return nil
}

func coOf(lead DepartmentCode, co []DepartmentCode) []DepartmentCode {
	var out []DepartmentCode
	for _, d := range co {
		if d != lead && d != "" && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}
