package hub_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"pgregory.net/rapid"
)

// plain counts every day as a working day; package calendar has the real one.
type plain struct{}

func (plain) Due(start time.Time, b hub.Budget) (time.Time, bool) {
	unit := map[hub.Unit]time.Duration{hub.Minute: time.Minute, hub.Hour: time.Hour}[b.Unit]
	if unit == 0 {
		unit = 24 * time.Hour
	}
	return start.Add(time.Duration(b.N) * unit), false
}

func (plain) Shift(due, from, to time.Time, _ hub.Unit) (time.Time, bool) {
	return due.Add(to.Sub(from)), false
}

var nine = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// ladder has seven rungs with an hour each; rung 4 is vacant.
func facts() hub.Facts {
	f := hub.Facts{Calendar: plain{}, Policy: []hub.Allowance{
		{Kind: hub.ClockSign, Budget: hub.Budget{N: 2, Unit: hub.Hour}},
		{Kind: hub.ClockContact, Budget: hub.Budget{N: 30, Unit: hub.Minute}},
		{Kind: hub.ClockClose, Budget: hub.Budget{N: 5, Unit: hub.WorkingDay}, Warn: hub.Budget{N: 4, Unit: hub.Hour}},
	}}
	for r := hub.Rung(1); r <= 7; r++ {
		f.Ladder = append(f.Ladder, hub.Step{Rung: r, Wait: hub.Budget{N: 1, Unit: hub.Hour}, Quiet: quiet(r)})
		if r != 4 {
			f.Duties = append(f.Duties, hub.Duty{Rung: r, Person: hub.PersonID("p" + string('0'+rune(r)))})
		}
	}
	return f
}

// quiet has rung 5 sleep from ten at night to seven in the morning.
func quiet(r hub.Rung) hub.Quiet {
	if r == 5 {
		return hub.Quiet{From: 22 * 60, To: 7 * 60}
	}
	return hub.Quiet{}
}

func received(lead hub.DepartmentCode, co ...hub.DepartmentCode) hub.Receive {
	return hub.Receive{
		Submission: hub.Submission{Case: "BY1", Receipt: "r_1", Channel: "qr", ExternalID: "1", ReceivedAt: nine},
		Decision:   hub.Decision{Lead: lead, Co: co},
	}
}

// tell applies commands one after another and fails on the first refusal.
func tell(t *testing.T, c hub.Case, now time.Time, cmds ...hub.Command) hub.Case {
	t.Helper()
	for _, cmd := range cmds {
		events, err := hub.Decide(c, cmd, facts(), now)
		if err != nil {
			t.Fatalf("%T: %v", cmd, err)
		}
		for _, e := range events {
			c = hub.Apply(c, e)
		}
	}
	return c
}

func TestLeadCannotCloseWhileAPartIsOpen(t *testing.T) {
	c := tell(t, hub.Case{}, nine, received("housing", "urban"), hub.SignFor{Department: "housing"}, hub.SignFor{Department: "urban"})
	done := hub.Resolve{Department: "housing", Text: "屋面防水已重新铺设，不再漏水。"}
	if _, err := hub.Decide(c, done, facts(), nine); hub.CodeOf(err) != hub.CodeConflict {
		t.Fatalf("resolve with an open part: got %v, want conflict", err)
	}
	for _, nobody := range []hub.Command{hub.SignFor{}, hub.Resolve{Text: done.Text}} {
		if _, err := hub.Decide(c, nobody, facts(), nine); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%T that names no department: got %v, want invalid", nobody, err)
		}
	}
	c = tell(t, c, nine, hub.Resolve{Department: "urban", Text: "已清理"}, done)
	if c.Status != hub.StatusResolved {
		t.Fatalf("status %s, want resolved", c.Status)
	}
}

// objections is a city that allows three, within five hours.
func objections() hub.Facts {
	f := facts()
	f.SendBack = hub.SendBackRule{Within: hub.Budget{N: 5, Unit: hub.Hour}, Hops: 3}
	return f
}

// step decides one command and applies its events.
func step(t *testing.T, c hub.Case, f hub.Facts, now time.Time, cmd hub.Command) (hub.Case, error) {
	t.Helper()
	events, err := hub.Decide(c, cmd, f, now)
	for _, e := range events {
		c = hub.Apply(c, e)
	}
	return c, err
}

func TestALoopOfObjectionsEndsInJointHandling(t *testing.T) {
	c, err := step(t, hub.Case{}, objections(), nine, received("heating"))
	if err != nil {
		t.Fatal(err)
	}
	now := nine
	for i, d := range []hub.DepartmentCode{"heating", "housing", "urban"} {
		now = now.Add(time.Hour)
		if i > 0 {
			if c, err = step(t, c, objections(), now, hub.Assign{Lead: d}); err != nil {
				t.Fatal(err)
			}
		}
		if c.Keeper != "heating" {
			t.Errorf("after %s: %s answers for the case, not the first that got it", d, c.Keeper)
		}
		if c, err = step(t, c, objections(), now, hub.SendBack{Department: d, Text: "不归我们", Suggest: "water"}); err != nil {
			t.Fatal(err)
		}
	}
	var co []hub.DepartmentCode
	for _, a := range c.Assignments[1:] {
		co = append(co, a.Department)
	}
	if c.Status != hub.StatusAssigned || c.Lead() != "heating" || c.Class.Grade != hub.GradeDifficult ||
		!slices.Equal(co, []hub.DepartmentCode{"housing", "urban", "water"}) {
		t.Fatalf("no joint handling: %+v", c)
	}
	if _, err = step(t, c, objections(), now, hub.SendBack{Department: "heating", Text: "还是不归"}); hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("sent back once more: %v", err)
	}
	// A part that stands open keeps the lead from closing (联动办理).
	if c, err = step(t, c, objections(), now, hub.SignFor{Department: "heating"}); err != nil {
		t.Fatal(err)
	}
	if _, err = step(t, c, objections(), now, hub.Resolve{Department: "heating", Text: "已办"}); hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("closed over open parts: %v", err)
	}
}

func TestAnObjectionMustComeInTime(t *testing.T) {
	c, err := step(t, hub.Case{}, objections(), nine, received("heating"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := step(t, c, objections(), nine.Add(6*time.Hour), hub.SendBack{Department: "heating", Text: "不归我们"}); hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("after six hours: %v", err)
	}
	if _, err := step(t, c, objections(), nine.Add(5*time.Hour), hub.SendBack{Department: "heating", Text: "不归我们"}); err != nil {
		t.Errorf("after five hours: %v", err)
	}
}

func TestWhoSignsTakesTheCaseOver(t *testing.T) {
	c := tell(t, hub.Case{}, nine, received("heating"), hub.SendBack{Department: "heating", Text: "不归我们"}, hub.Assign{Lead: "housing"})
	if c.Keeper != "heating" {
		t.Errorf("before housing signs, %s answers", c.Keeper)
	}
	if c = tell(t, c, nine, hub.SignFor{Department: "housing"}); c.Keeper != "housing" {
		t.Errorf("after housing signed, %s answers", c.Keeper)
	}
}

func TestWhatIsHeldWaitsForAClerk(t *testing.T) {
	cmd := received("heating", "housing")
	cmd.Submission.Hold = "同一二维码短时间内来件过多"
	c := tell(t, hub.Case{}, nine, cmd)
	if c.Status != hub.StatusSorting || len(c.Assignments) != 0 {
		t.Fatalf("went on by itself: %+v", c)
	}
	events, err := hub.Decide(hub.Case{}, cmd, facts(), nine)
	if err != nil || events[1].Data.Text != cmd.Submission.Hold || events[1].Data.Decision.Candidates[0] != "heating" {
		t.Errorf("the clerk does not see why: %+v, %v", events, err)
	}
}

func TestClockStandsWhileTheCitizenIsAsked(t *testing.T) {
	c := tell(t, hub.Case{}, nine, received("heating"), hub.SignFor{Department: "heating"})
	before, _ := c.Deadline(hub.ClockClose)
	c = tell(t, c, nine.Add(time.Hour), hub.AskCitizen{Text: "请补充门牌号"})
	c = tell(t, c, nine.Add(4*time.Hour), hub.CitizenReply{Text: "3号楼"})
	after, _ := c.Deadline(hub.ClockClose)
	if got := after.Due.Sub(before.Due); got != 3*time.Hour {
		t.Fatalf("close moved by %s, want 3h", got)
	}
}

func TestUntouchedCaseClimbsEachRungOnce(t *testing.T) {
	c := tell(t, hub.Case{}, nine, received("heating"))
	var rungs []hub.Rung
	reminders := 0
	for step := 0; reminders < 3 && step < 100; step++ {
		now, next := time.Time{}, hub.Deadline{}
		for _, d := range c.Deadlines {
			if at, ok := d.FireAt(); ok && (now.IsZero() || at.Before(now)) {
				now, next = at, d
			}
		}
		events, err := hub.Decide(c, hub.Fire{Clock: next.Kind, Epoch: next.Epoch}, facts(), now)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Type == hub.Escalated {
				rungs = append(rungs, e.Data.Duty.Rung)
			}
			if e.Type == hub.Reminded {
				reminders++
			}
			c = hub.Apply(c, e)
		}
	}
	if want := []hub.Rung{2, 3, 4, 5, 6, 7}; !slices.Equal(rungs, want) {
		t.Fatalf("rungs told after the first: %v, want %v (4 is vacant and passed)", rungs, want)
	}
	if reminders != 3 {
		t.Fatalf("%d reminders at the top of the ladder; they must go on until somebody acts", reminders)
	}
}

func TestExtensionMovesTheCloseClock(t *testing.T) {
	c := tell(t, hub.Case{}, nine, received("labor"), hub.SignFor{Department: "labor"})
	before, _ := c.Deadline(hub.ClockClose)
	c = tell(t, c, nine, hub.AskExtension{Extension: hub.Extension{Budget: hub.Budget{N: 2, Unit: hub.Day}, Reason: "等待鉴定"}},
		hub.DecideExtension{Approve: true})
	after, _ := c.Deadline(hub.ClockClose)
	if after.Due.Sub(before.Due) != 48*time.Hour || c.Asked != nil {
		t.Fatalf("close due %s after extension, was %s", after.Due, before.Due)
	}
}

func TestAlertIDsStayTheSame(t *testing.T) {
	events, _ := hub.Decide(hub.Case{}, received("labor", "housing"), facts(), nine)
	var c hub.Case
	for _, e := range events {
		c = hub.Apply(c, e)
	}
	a, b := hub.Alerts(c, hub.Content{Title: "欠薪"}, events), hub.Alerts(c, hub.Content{Title: "欠薪"}, events)
	if len(a) != 2 || !reflect.DeepEqual(a, b) || a[0].ID != "BY1.2.labor" || a[0].Content.Title != "欠薪" {
		t.Fatalf("alerts %+v", a)
	}
}

// TestRulesTellDepartmentsThatDoNotHandle pushes a case to those that a rule
// wants to know of it, once, whether or not a department has it yet.
func TestRulesTellDepartmentsThatDoNotHandle(t *testing.T) {
	for _, lead := range []hub.DepartmentCode{"labor", ""} {
		r := received(lead)
		r.Decision.Alert = []hub.DepartmentCode{"labor", "police"}
		if lead == "" {
			r.Decision.Alert = r.Decision.Alert[1:]
		}
		events, err := hub.Decide(hub.Case{}, r, facts(), nine)
		if err != nil {
			t.Fatal(err)
		}
		var c hub.Case
		for _, e := range events {
			c = hub.Apply(c, e)
		}
		told := 0
		for _, a := range hub.Alerts(c, hub.Content{Title: "欠薪"}, events) {
			if a.Role == hub.RoleTold {
				told++
				if a.Department != "police" || a.Content.Title != "欠薪" {
					t.Errorf("lead %q: %+v", lead, a)
				}
			}
		}
		if told != 1 || len(c.Assignments) > 1 {
			t.Errorf("lead %q: told %d, assigned %+v", lead, told, c.Assignments)
		}
	}
}

// commands draws any command, legal or not.
func commands() *rapid.Generator[hub.Command] {
	dept := rapid.SampledFrom([]hub.DepartmentCode{"heating", "housing", "labor"})
	return rapid.Custom(func(t *rapid.T) hub.Command {
		d := dept.Draw(t, "department")
		return rapid.SampledFrom([]hub.Command{
			hub.Reject{Text: "x"},
			hub.AnswerAtOnce{Text: "x"},
			hub.Assign{Lead: d, Co: []hub.DepartmentCode{"housing"}},
			hub.Assign{Lead: d},
			hub.SignFor{Department: d},
			hub.SignFor{Department: d},
			hub.SendBack{Department: d, Text: "x"},
			hub.Contact{},
			hub.Progress{Department: d, Text: "x"},
			hub.AskCitizen{Text: "x"},
			hub.CitizenReply{Text: "x"},
			hub.AskExtension{Extension: hub.Extension{Budget: hub.Budget{N: 1, Unit: hub.Day}, Reason: "x"}},
			hub.DecideExtension{Approve: true},
			hub.DecideExtension{Text: "x"},
			hub.Suspend{Text: "x", Until: nine.AddDate(0, 2, 0)},
			hub.ResumeCase{},
			hub.AskSuspension{Text: "x", Until: nine.AddDate(0, 3, 0)},
			hub.Redate{},
			hub.Supervise{Text: "x", Grade: hub.OrderListed, Owner: d, Within: hub.Budget{N: 1, Unit: hub.Hour}},
			hub.Instruct{Text: "x", Owner: d, Note: "n1"},
			hub.AnswerDemand{Text: "x", Order: 3},
			hub.AnswerDemand{Text: "x", Order: 5},
			hub.Resolve{Department: d, Text: "已上门更换阀门，室温恢复正常。"},
			hub.Resolve{Department: d, Text: "已上门更换阀门，室温恢复正常。"},
			hub.Rate{Stars: 3},
			hub.Reopen{Text: "x"},
			hub.Escalate{Text: "x"},
			hub.Supervise{Text: "x"},
			hub.Instruct{Text: "x"},
			hub.AnswerDemand{Text: "x"},
			hub.Archive{},
			hub.Merge{Into: "BY2"},
		}).Draw(t, "command")
	})
}

// fire draws the firing of a clock that is open, or waits a while.
func fire(t *rapid.T, c hub.Case, now *time.Time) hub.Command {
	*now = now.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "minutes")) * time.Minute)
	if len(c.Deadlines) == 0 || rapid.Bool().Draw(t, "a person acts") {
		return commands().Draw(t, "by hand")
	}
	d := rapid.SampledFrom(c.Deadlines).Draw(t, "clock")
	return hub.Fire{Clock: d.Kind, Epoch: d.Epoch}
}

func TestNoSequenceReachesAnIllegalState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lead := rapid.SampledFrom([]hub.DepartmentCode{"", "heating", "labor"}).Draw(t, "lead")
		now, c := nine, hub.Case{}
		var log []hub.Event
		cmd := hub.Command(received(lead))
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			before := c
			after, events, err := hub.Advance(c, cmd, facts(), now)
			if err != nil && len(events) > 0 {
				t.Fatal("a refused step left events")
			}
			for _, e := range events {
				c = hub.Apply(c, e)
			}
			if !reflect.DeepEqual(after, c) {
				t.Fatalf("advanced to %+v\nby events %+v", after, c)
			}
			log = append(log, events...)
			legal(t, before, c, events)
			cmd = fire(t, c, &now)
		}
		if folded := fold(t, log); !reflect.DeepEqual(folded, roundTrip(t, c)) {
			t.Fatalf("fold %+v\nrow  %+v", folded, c)
		}
	})
}

// legal checks what must hold of a case in every state of its life.
func legal(t *rapid.T, before, c hub.Case, events []hub.Event) {
	for i, e := range events {
		if e.Seq != before.Version+int64(i)+1 {
			t.Fatalf("event numbers leave a gap: %d after %d", e.Seq, before.Version)
		}
	}
	if c.Status.Open() && len(c.Deadlines) == 0 {
		t.Fatalf("open case (%s) without an open deadline: overdue %v", c.Status, c.Overdue)
	}
	running := slices.ContainsFunc(c.Deadlines, func(d hub.Deadline) bool { return d.PausedAt.IsZero() })
	if c.Status.Open() && !running {
		t.Fatalf("open case (%s) in which every clock stands", c.Status)
	}
	if c.Round == before.Round && c.Rung < before.Rung {
		t.Fatalf("rung went down from %d to %d", before.Rung, c.Rung)
	}
	if (c.Status == hub.StatusAssigned || c.Status == hub.StatusSigned) && c.Lead() == "" {
		t.Fatalf("%s without a lead department", c.Status)
	}
	if _, asked := c.Deadline(hub.ClockReply); asked != (c.Status == hub.StatusWaiting) {
		t.Fatalf("%s with a reply clock: %v", c.Status, asked)
	}
	if _, review := c.Deadline(hub.ClockReview); review != (c.Status == hub.StatusSuspended) {
		t.Fatalf("%s with a review clock: %v", c.Status, review)
	}
	if len(c.Orders) > 0 {
		_, running := c.Deadline(hub.ClockAnswer)
		if !c.Status.Open() || !running && !slices.Contains(c.Overdue, hub.ClockAnswer) {
			t.Fatalf("%s with %d open orders, answer clock running %v, overdue %v", c.Status, len(c.Orders), running, c.Overdue)
		}
	}
	kinds := map[hub.DeadlineKind]bool{}
	for _, d := range c.Deadlines {
		if kinds[d.Kind] {
			t.Fatalf("two open clocks of kind %s", d.Kind)
		}
		kinds[d.Kind] = true
	}
	if c.Status.Open() != c.ClosedAt.IsZero() && c.Version > 0 {
		t.Fatalf("%s with closed time %v", c.Status, c.ClosedAt)
	}
}

// fold reads the events as a store would hand them back.
func fold(t *rapid.T, log []hub.Event) hub.Case {
	var c hub.Case
	for _, e := range log {
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var stored hub.Event
		if err := json.Unmarshal(b, &stored); err != nil {
			t.Fatal(err)
		}
		c = hub.Apply(c, stored)
	}
	return roundTrip(t, c)
}

func roundTrip(t *rapid.T, c hub.Case) hub.Case {
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var out hub.Case
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBudgetsReadChineseAndShortForms(t *testing.T) {
	for text, want := range map[string]string{
		"30分钟": "30m", "2小时": "2h", "5个工作日": "5wd", "60日": "60d", "当日": "0wd", "15d": "15d",
	} {
		if b, err := hub.ParseBudget(text); err != nil || b.String() != want {
			t.Errorf("%s: got %s, %v; want %s", text, b, err, want)
		}
	}
	for _, bad := range []string{"", "5", "天", "-1d", "2世纪"} {
		if _, err := hub.ParseBudget(bad); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestPlaceWithin(t *testing.T) {
	if !hub.PlaceCode("620402001003").Within("620402") || !hub.PlaceCode("620402001").Within("620400") ||
		hub.PlaceCode("620403001").Within("620402") {
		t.Error("place containment is wrong")
	}
}
