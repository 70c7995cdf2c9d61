package hub_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// in is a time of China's clock on the day of the tests.
func in(clock string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", "2026-11-23 "+clock, time.FixedZone("", 8*60*60))
	if err != nil {
		panic(err)
	}
	return t
}

func TestOrdersAreAnsweredOneByOne(t *testing.T) {
	c := tell(t, hub.Case{}, nine, received("housing"), hub.SignFor{Department: "housing"})
	c = tell(t, c, nine, hub.Supervise{Text: "限期办结"}, hub.Instruct{Text: "住建局立即办", Within: hub.Budget{N: 1, Unit: hub.Day}})
	if len(c.Orders) != 2 || c.Orders[0].Grade != hub.OrderSupervise || c.Orders[1].Kind != hub.Instructed {
		t.Fatalf("orders %+v", c.Orders)
	}
	first, _ := c.Deadline(hub.ClockAnswer)
	if !first.Due.Equal(nine.AddDate(0, 0, 1)) {
		t.Fatalf("the clock is not that of the order due first: %s", first.Due)
	}
	c = tell(t, c, nine, hub.AnswerDemand{Text: "已派人", Order: c.Orders[1].ID})
	next, ok := c.Deadline(hub.ClockAnswer)
	if len(c.Orders) != 1 || c.Instructed || !c.Supervised || !ok || !next.Due.Equal(nine.AddDate(0, 0, 3)) {
		t.Fatalf("after one answer: %+v, clock %+v", c.Orders, next)
	}
	// A second supervision while the first is open is graver.
	c = tell(t, c, nine, hub.Supervise{Text: "仍未办结"}, hub.Supervise{Text: "再催"}, hub.Supervise{Text: "到会说明"})
	var grades []hub.OrderGrade
	for _, o := range c.Orders {
		grades = append(grades, o.Grade)
	}
	if want := []hub.OrderGrade{hub.OrderSupervise, hub.OrderListed, hub.OrderInterview, hub.OrderInterview}; !slices.Equal(grades, want) {
		t.Fatalf("grades %v, want %v", grades, want)
	}
	c = tell(t, c, nine, hub.AnswerDemand{Text: "都已办理"})
	if _, running := c.Deadline(hub.ClockAnswer); running || c.Supervised || c.Orders != nil {
		t.Fatalf("an answer to all leaves %+v", c.Orders)
	}
	if _, err := hub.Decide(c, hub.Supervise{Text: "x", Grade: "angry"}, facts(), nine); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("an unknown grade: %v", err)
	}
}

// One department does not answer for another.
func TestAnAnswerToAllIsOfOneDepartment(t *testing.T) {
	c := tell(t, hub.Case{}, nine, received("housing"), hub.SignFor{Department: "housing"},
		hub.Supervise{Text: "限期办结"}, hub.Supervise{Text: "查明热源", Owner: "heating"}, hub.Supervise{Text: "再催", Owner: "housing"})
	_, err := hub.Decide(c, hub.AnswerDemand{Text: "已办理"}, facts(), nine)
	if e, ok := errors.AsType[*hub.Error](err); !ok || e.Key != "demand.which" {
		t.Fatalf("an answer to all: %v", err)
	}
	c = tell(t, c, nine, hub.AnswerDemand{Text: "热源已恢复", Order: c.Orders[1].ID}, hub.AnswerDemand{Text: "已办理"})
	if c.Orders != nil {
		t.Errorf("left open: %+v", c.Orders)
	}
}

func TestSuspensionNeedsApproval(t *testing.T) {
	until := nine.AddDate(0, 2, 0)
	c := tell(t, hub.Case{}, nine, received("housing"), hub.SignFor{Department: "housing"}, hub.AskSuspension{Text: "待雨季后施工", Until: until})
	if c.Status != hub.StatusSigned || c.Asked == nil || c.Asked.Until != until {
		t.Fatalf("%s, asked %+v", c.Status, c.Asked)
	}
	refused := tell(t, c, nine, hub.DecideExtension{Text: "应立即施工"})
	if refused.Status != hub.StatusSigned || refused.Asked != nil {
		t.Fatalf("refused: %s", refused.Status)
	}
	c = tell(t, c, nine, hub.DecideExtension{Approve: true})
	review, ok := c.Deadline(hub.ClockReview)
	if c.Status != hub.StatusSuspended || c.Asked != nil || !ok || !review.Due.Equal(until) {
		t.Fatalf("approved: %s, review %+v", c.Status, review)
	}
}

func TestExtensionsAreLimited(t *testing.T) {
	f := facts()
	f.Extend = hub.ExtensionRule{Max: 1, Most: hub.Budget{N: 30, Unit: hub.Day}}
	c := tell(t, hub.Case{}, nine, received("housing"), hub.SignFor{Department: "housing"})
	ask := func(n int) error {
		_, err := hub.Decide(c, hub.AskExtension{Extension: hub.Extension{Budget: hub.Budget{N: n, Unit: hub.Day}, Reason: "鉴定"}}, f, nine)
		return err
	}
	if err := ask(31); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("31 days of 30: %v", err)
	}
	if err := ask(30); err != nil {
		t.Error(err)
	}
	c.Extensions = 1
	if err := ask(5); hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("a second extension of one: %v", err)
	}
}

// A rung sleeps through a case that can wait, and not through a critical one.
func TestQuietHours(t *testing.T) {
	start := in("17:00") // rungs 2, 3 and, past the vacant 4, 5 follow an hour apart
	for _, v := range []struct {
		urgency hub.Urgency
		at      time.Time
		want    time.Time
	}{
		{hub.UrgencyNormal, start, start.Add(150 * time.Minute)},
		{hub.UrgencyNormal, in("20:00"), in("07:00").AddDate(0, 0, 1)},
		{hub.UrgencyCritical, in("20:00"), in("22:30")},
	} {
		cmd := received("heating")
		cmd.Submission.ReceivedAt = v.at
		cmd.Decision.Class.Urgency = v.urgency
		events, err := hub.Forecast(tell(t, hub.Case{}, v.at, cmd), facts(), v.at, 60)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(events, func(e hub.Event) bool { return e.Type == hub.Escalated && e.Data.Duty.Rung == 5 })
		if i < 0 || !events[i].At.Equal(v.want) {
			t.Errorf("%s from %s: rung 5 told at %v, want %s", v.urgency, v.at, events[max(i, 0)].At, v.want)
		}
	}
}

func TestQuietReads(t *testing.T) {
	var q hub.Quiet
	if err := q.UnmarshalText([]byte("22:00-07:00")); err != nil || q != (hub.Quiet{From: 1320, To: 420}) {
		t.Fatalf("%+v, %v", q, err)
	}
	if text, _ := q.MarshalText(); string(text) != "22:00-07:00" {
		t.Errorf("%s", text)
	}
	for _, bad := range []string{"", "22-7", "25:00-07:00", "22:00-07:61"} {
		if err := q.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	noon := hub.Quiet{From: 12 * 60, To: 14 * 60}
	if got := noon.End(in("13:00")); !got.Equal(in("14:00")) {
		t.Errorf("noon ends %s", got)
	}
	if got := noon.End(in("14:00")); !got.Equal(in("14:00")) {
		t.Errorf("awake at 14:00, told %s", got)
	}
}

// published counts each day twice once a year is published.
type published struct{ plain }

func (published) Due(start time.Time, b hub.Budget) (time.Time, bool) {
	return plain{}.mustDue(start, b).Add(48 * time.Hour), false
}

func (p plain) mustDue(start time.Time, b hub.Budget) time.Time { t, _ := p.Due(start, b); return t }

// guess is a calendar whose year is not published.
type guess struct{ plain }

func (g guess) Due(start time.Time, b hub.Budget) (time.Time, bool) { return g.mustDue(start, b), true }

func TestProvisionalClocksAreCountedAgain(t *testing.T) {
	f := facts()
	f.Calendar = guess{}
	step := func(c hub.Case, now time.Time, cmds ...hub.Command) hub.Case {
		for _, cmd := range cmds {
			events, err := hub.Decide(c, cmd, f, now)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				c = hub.Apply(c, e)
			}
		}
		return c
	}
	c := step(hub.Case{}, nine, received("housing"), hub.SignFor{Department: "housing"}, hub.AskCitizen{Text: "门牌?"})
	c = step(c, nine.Add(5*time.Hour), hub.CitizenReply{Text: "3"})
	was, _ := c.Deadline(hub.ClockClose)
	if same := step(c, nine.Add(6*time.Hour), hub.Redate{}); same.Version != c.Version {
		t.Fatal("nothing was published, and yet clocks moved")
	}
	f.Calendar = published{}
	c = step(c, nine.Add(6*time.Hour), hub.Redate{})
	now, _ := c.Deadline(hub.ClockClose)
	if now.Provisional || now.Due.Sub(was.Due) != 48*time.Hour || now.Epoch == was.Epoch || !now.WarnAt.Equal(was.WarnAt.Add(48*time.Hour)) {
		t.Fatalf("close %+v, was %+v", now, was)
	}
	if again := step(c, nine.Add(7*time.Hour), hub.Redate{}); again.Version != c.Version {
		t.Error("counted twice")
	}
}

// A department with hours of its own counts with them; the others do not.
func TestDepartmentsKeepTheirOwnHours(t *testing.T) {
	f := facts()
	f.Hours = map[hub.DepartmentCode]hub.Calendar{"heating": published{}}
	due := func(lead hub.DepartmentCode, kind hub.DeadlineKind) time.Time {
		events, err := hub.Decide(hub.Case{}, received(lead), f, nine)
		if err != nil {
			t.Fatal(err)
		}
		var c hub.Case
		for _, e := range events {
			c = hub.Apply(c, e)
		}
		c = tellWith(t, f, c, hub.SignFor{Department: lead}, hub.Supervise{Text: "限期"})
		d, _ := c.Deadline(kind)
		return d.Due
	}
	for _, kind := range []hub.DeadlineKind{hub.ClockClose, hub.ClockAnswer} {
		if diff := due("heating", kind).Sub(due("labor", kind)); diff != 48*time.Hour {
			t.Errorf("%s: the difference is %s", kind, diff)
		}
	}
}

func tellWith(t *testing.T, f hub.Facts, c hub.Case, cmds ...hub.Command) hub.Case {
	t.Helper()
	for _, cmd := range cmds {
		events, err := hub.Decide(c, cmd, f, nine)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			c = hub.Apply(c, e)
		}
	}
	return c
}
