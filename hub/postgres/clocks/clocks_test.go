package clocks_test

import (
	"context"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/almanac"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/hub/desk"
	"github.com/mashang-hub/mashang/hub/oversight"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/clocks"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func start() time.Time { return time.Date(2026, 12, 28, 2, 0, 0, 0, time.UTC) }

// An office is store, desk and calendar over one database.
type office struct {
	db    *postgres.DB
	desk  *desk.Desk
	dates *almanac.Almanac
	now   time.Time
}

func (o *office) Now() time.Time { return o.now }

// Facts gives every case five working days.
func (o *office) Facts(context.Context, hub.ChannelCode, hub.PlaceCode) (hub.Facts, error) {
	return hub.Facts{Calendar: o.dates.Calendar(), Hours: o.dates.Hours()}, nil
}

func (o *office) Decide(*hub.Submission) hub.Decision {
	return hub.Decision{Lead: "heating", Class: hub.Class{Topic: "heating"}}
}

type store struct {
	*cases.Store
	clock hub.Clock
}

func (s store) ChangeCase(ctx context.Context, id hub.CaseID, messageID string, change desk.Change) (hub.Case, error) {
	return s.Store.ChangeCase(ctx, id, messageID, s.clock.Now(), change)
}

func (o *office) open(t *testing.T, ids ...string) {
	t.Helper()
	for i, id := range ids {
		at := o.now.Add(time.Duration(i) * time.Second)
		facts, _ := o.Facts(t.Context(), "", "")
		s := hub.Submission{
			Case: hub.CaseID(id), Receipt: hub.ReceiptID(id), Channel: "hotline", ExternalID: id, Place: "620402001001",
			ReceivedAt: at, SubmittedAt: at,
		}
		events, err := hub.Decide(hub.Case{}, hub.Receive{Submission: s, Decision: o.Decide(nil)}, facts, at)
		if err != nil {
			t.Fatal(err)
		}
		var c hub.Case
		for _, e := range events {
			c = hub.Apply(c, e)
		}
		if _, err := cases.New(o.db).InsertCases(t.Context(), []hub.Opening{{Submission: s, Case: c, Events: events}}); err != nil {
			t.Fatal(err)
		}
	}
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{db: pgtest.Open(t), now: start()}
	o.dates = almanac.New(almanac.Base{Years: []calendar.Year{{Year: 2026, Days: []calendar.Day{{Name: "元旦", Date: "2026-01-01", IsOff: true}}}}},
		clocks.New(o.db), o)
	o.desk = desk.New(store{cases.New(o.db), o}, o, o, o)
	return o
}

const notice = `关于2027年部分节假日安排的通知
一、元旦：1月1日（周五）至3日（周日）放假，共3天。1月4日（周一）至5日（周二）放假调休。`

// Importing a year moves what was provisional, after a dry run that says so.
func TestImportMovesProvisionalClocks(t *testing.T) {
	o := newOffice(t)
	o.open(t, "BY1", "BY2")
	if _, err := o.desk.Do(t.Context(), "BY2", hub.AnswerAtOnce{Text: "x"}); hub.CodeOf(err) != hub.CodeConflict {
		t.Fatal(err)
	}
	pending, err := o.dates.Provisional(t.Context(), 10)
	if err != nil || len(pending) != 2 || pending[0].Clock != hub.ClockClose {
		t.Fatalf("%+v, %v; two clocks run into 2027", pending, err)
	}
	y, err := calendar.Read([]byte(notice))
	if err != nil {
		t.Fatal(err)
	}
	dry, err := o.dates.Import(t.Context(), y, o.desk, true)
	if err != nil || len(dry.Moves) != 2 || dry.Moves[0].Provisional {
		t.Fatalf("dry run %+v, %v", dry, err)
	}
	if c, _, _ := cases.New(o.db).Case(t.Context(), "BY1"); c.Version != 2 || o.dates.Calendar().Published(2027) {
		t.Fatal("a dry run changed something")
	}
	res, err := o.dates.Import(t.Context(), y, o.desk, false)
	if err != nil || len(res.Moves) != 2 || res.Moves[1].Refused != "" {
		t.Fatalf("import %+v, %v", res, err)
	}
	c, _, err := cases.New(o.db).Case(t.Context(), "BY1")
	d, _ := c.Deadline(hub.ClockClose)
	if err != nil || d.Provisional || !d.Due.Equal(res.Moves[0].To) || d.Due.Sub(res.Moves[0].From) != 72*time.Hour {
		t.Fatalf("close %+v after %+v, %v", d, res.Moves[0], err)
	}
	if pending, _ := o.dates.Provisional(t.Context(), 10); len(pending) != 0 {
		t.Errorf("still provisional: %+v", pending)
	}
	again := almanac.New(almanac.Base{}, clocks.New(o.db), o)
	if err := again.Reload(t.Context()); err != nil || !again.Calendar().Published(2027) {
		t.Errorf("another node does not know the year: %v", err)
	}
}

// An office whose desk dies after the first case.
type tired struct {
	*desk.Desk
	die func()
}

func (d tired) Do(ctx context.Context, id hub.CaseID, cmd hub.Command) (hub.Case, error) {
	defer d.die()
	return d.Desk.Do(ctx, id, cmd)
}

// An import that did not come to its end is finished at the next start.
func TestAnImportThatDiedIsFinished(t *testing.T) {
	o := newOffice(t)
	o.open(t, "BY1", "BY2", "BY3")
	y, err := calendar.Read([]byte(notice))
	if err != nil {
		t.Fatal(err)
	}
	ctx, die := context.WithCancel(t.Context())
	if _, err := o.dates.Import(ctx, y, tired{o.desk, die}, false); err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
	if pending, _ := o.dates.Provisional(t.Context(), 10); len(pending) != 2 {
		t.Fatalf("%d clocks are left provisional", len(pending))
	}
	again := almanac.New(almanac.Base{}, clocks.New(o.db), o)
	if err := again.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 0} {
		if n, err := again.Finish(t.Context(), o.desk); n != want || err != nil {
			t.Errorf("moved %d, want %d, %v", n, want, err)
		}
	}
	if pending, _ := o.dates.Provisional(t.Context(), 10); len(pending) != 0 {
		t.Errorf("still provisional: %+v", pending)
	}
}

// Orders are listed until they are answered, and a topic instruction reaches
// every open case of its topic.
func TestOrdersAndInstructions(t *testing.T) {
	o := newOffice(t)
	o.open(t, "BY1", "BY2", "BY3")
	office := oversight.New(clocks.New(o.db), o.desk, o, func() hub.Calendar { return o.dates.Calendar() })
	leader := hub.Actor{Kind: hub.ActorPerson, ID: "leader", Name: "分管领导"}
	if _, err := o.desk.Do(t.Context(), "BY1", hub.Supervise{By: hub.By{Actor: leader}, Text: "限期办结", Grade: hub.OrderListed}); err != nil {
		t.Fatal(err)
	}
	topic, err := office.Instruct(t.Context(), leader, oversight.Instruction{Topic: "heating", Text: "逐户排查", Within: hub.Budget{N: 2, Unit: hub.Hour}})
	if err != nil || topic.Cases != 3 {
		t.Fatalf("%+v, %v", topic, err)
	}
	open, err := office.List(t.Context(), oversight.Filter{State: "open"})
	if err != nil || len(open) != 4 || open[0].Owner != "heating" || open[0].By != "分管领导" {
		t.Fatalf("%d open, %v: %+v", len(open), err, open)
	}
	o.now = o.now.Add(3 * time.Hour)
	if over, _ := office.List(t.Context(), oversight.Filter{State: "overdue"}); len(over) != 3 || !over[0].Overdue {
		t.Fatalf("overdue %+v", over)
	}
	if _, err := o.desk.Do(t.Context(), "BY2", hub.AnswerDemand{Text: "已排查"}); err != nil {
		t.Fatal(err)
	}
	if err := office.Answer(t.Context(), leader, topic.ID, "全部排查完毕"); err != nil {
		t.Fatal(err)
	}
	if err := office.Answer(t.Context(), leader, topic.ID, "又一次"); hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("answered twice: %v", err)
	}
	open, _ = office.List(t.Context(), oversight.Filter{State: "open"})
	if len(open) != 1 || open[0].Grade != hub.OrderListed {
		t.Fatalf("still open: %+v", open)
	}
	topics, err := office.Topics(t.Context())
	if err != nil || len(topics) != 1 || topics[0].Cases != 3 || topics[0].Open != 0 || topics[0].Answer != "全部排查完毕" {
		t.Fatalf("%+v, %v", topics, err)
	}
	c, _, _ := cases.New(o.db).Case(t.Context(), "BY1")
	if len(c.Orders) != 1 || !c.Supervised || c.Instructed {
		t.Errorf("BY1 has %+v", c.Orders)
	}
	// A case that ends takes its orders with it.
	heating := hub.By{Actor: hub.ByDepartment("heating")}
	for _, cmd := range []hub.Command{hub.SignFor{By: heating, Department: "heating"}, hub.Resolve{By: heating, Department: "heating", Text: "阀门已更换，室温恢复到二十度。"}} {
		if _, err := o.desk.Do(t.Context(), "BY1", cmd); err != nil {
			t.Fatal(err)
		}
	}
	if open, _ = office.List(t.Context(), oversight.Filter{State: "open"}); len(open) != 0 {
		t.Errorf("open after the end: %+v", open)
	}
	if _, err := office.Instruct(t.Context(), leader, oversight.Instruction{Text: "x"}); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("an instruction without topic: %v", err)
	}
	if list, err := office.List(hub.WithScope(t.Context(), hub.Scope{{Department: "labor"}}), oversight.Filter{}); err != nil || len(list) != 0 {
		t.Errorf("another department sees %+v, %v", list, err)
	}
}
