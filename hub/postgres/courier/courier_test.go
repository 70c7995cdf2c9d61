package courier_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/courier"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	letters "github.com/mashang-hub/mashang/hub/postgres/courier"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// nine is nine in the morning in China.
func nine() time.Time { return time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC) }

// A telephone exchange keeps what was sent by one way, once per id, as a
// gateway does.
type exchange struct {
	mu     sync.Mutex
	got    []courier.Message
	calls  int
	answer hub.Outcome
	takes  func() // what a message costs
}

func (x *exchange) Send(_ context.Context, m courier.Message) hub.Receipt {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.calls++
	if x.takes != nil {
		x.takes()
	}
	if x.answer != hub.Delivered {
		return hub.Receipt{Outcome: x.answer, Reason: "HTTP 503"}
	}
	for _, old := range x.got {
		if old.ID == m.ID {
			return hub.Receipt{Outcome: hub.Delivered}
		}
	}
	x.got = append(x.got, m)
	return hub.Receipt{Outcome: hub.Delivered}
}

// A town is a courier over a real store, with a clock that the test moves.
type town struct {
	*courier.Courier
	t        *testing.T
	db       *postgres.DB
	cases    *cases.Store
	store    *letters.Store
	now      time.Time
	sms, app *exchange
	open     int
}

func (w *town) Now() time.Time { return w.now }

// Urgencies, Told, ToldAll and Address make the town its own book, of the cases in its
// database.
func (w *town) Urgencies(ctx context.Context, ids []hub.CaseID) (map[hub.CaseID]hub.Urgency, error) {
	return w.store.Urgencies(ctx, ids)
}

func (w *town) Joined(ctx context.Context, ids []hub.CaseID) (map[hub.CaseID][]hub.CaseID, error) {
	return w.store.Joined(ctx, ids)
}

func (w *town) Told(ctx context.Context, n courier.Notice) (courier.Told, error) {
	c, s, err := w.cases.Case(ctx, n.Case)
	e := hub.Event{Case: c.ID, Type: n.Event, Data: hub.Data{Text: "理由", Duty: &hub.Duty{Rung: n.Rung}}}
	return courier.Told{Case: c, Content: s.Content, Event: e, Link: "https://hub/t/" + string(c.ID) + "?k=KEY", Place: "人民路街道"}, err
}

// ToldAll leaves all to Told.
func (*town) ToldAll(context.Context, []courier.Notice) (map[string]courier.Told, error) {
	return nil, nil
}

func (w *town) Address(_ context.Context, n courier.Notice, t courier.Told) (courier.Address, error) {
	if n.Person == "" {
		return courier.Address{Phone: t.Content.Reporter.Phone}, nil
	}
	return courier.Address{Person: n.Person, Name: "老马", Phone: "19900010001"}, nil
}

func policy() courier.Policy {
	text := func(s string) courier.Template { return courier.Template{Code: "MS", Text: s} }
	return courier.Policy{
		Merge: time.Minute, Schedule: []time.Duration{time.Minute, time.Hour},
		Staff: courier.Audience{Ways: []string{"sms", "app"}, Events: []hub.EventType{hub.Escalated}, Templates: map[string]courier.Template{
			"escalated": text("${name}：${place}${case}升级到第${rung}级"), courier.Merged: text("${name}：${count}条待处理：${cases}"),
		}},
		Citizen: courier.Audience{
			Ways: []string{"sms"}, Events: []hub.EventType{hub.ExtensionApproved, hub.Resolved, hub.Assigned}, Quiet: hub.Quiet{From: 21 * 60, To: 8 * 60},
			Templates: map[string]courier.Template{
				"extension_approved": text("${title}延期，${reason} ${link}"), "resolved": text("${title}办结：${reason}"),
				"assigned": text("${title}已受理，编号${case}：${link}"),
			},
		},
	}
}

func newTown(t *testing.T) *town {
	t.Helper()
	db := pgtest.Open(t)
	w := &town{t: t, db: db, cases: cases.New(db), store: letters.New(db), now: nine(), sms: &exchange{answer: hub.Delivered}, app: &exchange{answer: hub.Delivered}}
	w.Courier = w.node()
	return w
}

// node is one more node of the hub.
func (w *town) node() *courier.Courier {
	ladder := hub.Ladder{{Rung: 1}, {Rung: 7, Quiet: hub.Quiet{From: 21 * 60, To: 8 * 60}}}
	return (&courier.Courier{
		Store: w.store, Book: w, Policy: policy(), Ladder: ladder, Senders: map[string]courier.Sender{"sms": w.sms, "app": w.app},
		Clock: w, Log: slog.New(slog.DiscardHandler),
	}).Open()
}

// opens stores a case.
func (w *town) opens(urgency hub.Urgency) hub.CaseID {
	w.t.Helper()
	w.open++
	id := hub.CaseID(fmt.Sprintf("BY%d", w.open))
	o := hub.Opening{
		Submission: hub.Submission{
			Content: hub.Content{Title: "张三家暖气不热", Text: "冷", Reporter: hub.Reporter{Name: "张三", Phone: "19912345678"}},
			Receipt: hub.ReceiptID(id), Case: id, Channel: "qr", ExternalID: string(id), SubmittedAt: nine(), ReceivedAt: nine(),
		},
		Case: hub.Case{
			ID: id, Version: 1, Status: hub.StatusAssigned, Channel: "qr", Receipt: hub.ReceiptID(id), OpenedAt: nine(), Round: 1,
			Class: hub.Class{Urgency: urgency},
		},
		Events: []hub.Event{{Case: id, Seq: 1, Type: hub.Received, At: nine(), By: hub.System()}},
	}
	if _, err := w.cases.InsertCases(w.t.Context(), []hub.Opening{o}); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// hears hands the courier an event that the desk addressed to people.
func (w *town) hears(id hub.CaseID, seq int64, kind hub.EventType, rung hub.Rung) {
	w.t.Helper()
	e := hub.Event{Case: id, Seq: seq, Type: kind, At: w.now}
	if rung > 0 {
		e.Data.Duty = &hub.Duty{Rung: rung, Person: "ma"}
	}
	w.happens(w.Record, e)
}

// happens hands a leg of the courier an event in its envelope.
func (w *town) happens(leg func(context.Context, []*message.Message) error, e hub.Event) {
	w.t.Helper()
	payload, err := json.Marshal(e)
	if err == nil {
		payload = fmt.Appendf(nil, `{"specversion":"1.0","id":"x","type":"mashang.case.%s.v1","data":%s}`, e.Type, payload)
		err = leg(w.t.Context(), []*message.Message{message.NewMessage("m", payload)})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// after lets time pass and the courier work.
func (w *town) after(d time.Duration) {
	w.t.Helper()
	w.now = w.now.Add(d)
	if _, err := w.Step(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *town) list(f letters.Filter) []courier.Notice {
	w.t.Helper()
	list, err := w.store.List(w.t.Context(), f)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func TestNoticesToOnePersonAreOneMessage(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	a, b := w.opens(hub.UrgencyNormal), w.opens(hub.UrgencyNormal)
	w.hears(a, 2, hub.Escalated, 1)
	w.after(30 * time.Second)
	w.hears(b, 2, hub.Escalated, 1)
	if len(w.sms.got) != 0 {
		t.Fatalf("sent before others could join: %+v", w.sms.got)
	}
	w.after(31 * time.Second)
	if len(w.sms.got) != 1 || w.sms.got[0].Text != "老马：2条待处理：BY1、BY2" || w.sms.got[0].Of != 2 {
		t.Fatalf("sent %+v", w.sms.got)
	}
	w.hears(a, 2, hub.Escalated, 1) // the bus brings it again
	w.after(time.Hour)
	if len(w.sms.got) != 1 || len(w.list(letters.Filter{Status: courier.Sent})) != 2 {
		t.Errorf("after a second time: %+v", w.list(letters.Filter{}))
	}
}

func TestQuietHoursHoldAllButWhatIsCritical(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	calm, critical := w.opens(hub.UrgencyNormal), w.opens(hub.UrgencyCritical)
	w.now = nine().Add(14 * time.Hour) // eleven at night
	w.hears(calm, 2, hub.Escalated, 7)
	w.hears(calm, 3, hub.ExtensionApproved, 0)
	w.hears(critical, 2, hub.Escalated, 7)
	w.after(2 * time.Minute)
	if len(w.sms.got) != 1 || !w.sms.got[0].Critical || w.sms.got[0].Text != "老马：人民路街道BY2升级到第7级" {
		t.Fatalf("at night: %+v", w.sms.got)
	}
	w.after(9 * time.Hour) // eight in the morning
	if len(w.sms.got) != 3 {
		t.Errorf("in the morning: %+v", w.sms.got)
	}
}

func TestACitizenGetsTheLinkAndNoWordOfOthers(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.hears(w.opens(hub.UrgencyNormal), 2, hub.ExtensionApproved, 0)
	w.after(0)
	if len(w.sms.got) != 1 {
		t.Fatalf("sent %+v", w.sms.got)
	}
	m := w.sms.got[0]
	if m.To.Phone != "19912345678" || !strings.HasSuffix(m.Text, "https://hub/t/BY1?k=KEY") || strings.Contains(m.Text, "张三") {
		t.Errorf("the citizen is told %+v", m)
	}
}

func TestAFailingWayGivesPlaceToTheNextAndThenToADeadLetter(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.sms.answer, w.app.answer = hub.RetryLater, hub.RetryLater
	w.hears(w.opens(hub.UrgencyCritical), 2, hub.Escalated, 1)
	for range 3 { // at once, after a minute, after an hour
		w.after(time.Hour)
	}
	if w.sms.calls != 3 || w.app.calls != 0 {
		t.Fatalf("sms tried %d times, app %d", w.sms.calls, w.app.calls)
	}
	for range 4 {
		w.after(time.Hour)
	}
	dead := w.list(letters.Filter{Status: courier.Dead})
	if w.app.calls != 3 || len(dead) != 1 || dead[0].Reason != "HTTP 503" {
		t.Fatalf("app tried %d times: %+v", w.app.calls, dead)
	}
	w.sms.answer = hub.Delivered
	for n := range 2 { // the second time because it went out and did not arrive
		if err := w.store.Again(t.Context(), dead[0].ID, "换了手机号", w.now); err != nil {
			t.Fatal(err)
		}
		if err := w.store.Again(t.Context(), dead[0].ID, "再点一次", w.now); hub.CodeOf(err) != hub.CodeNotFound {
			t.Errorf("what waits is sent again: %v", err)
		}
		if w.after(time.Minute); len(w.sms.got) != n+1 {
			t.Errorf("sent again: %+v", w.sms.got)
		}
	}
}

func TestNobodyIsReachedWithoutAnAddress(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.sms.answer = hub.Refused
	w.hears(w.opens(hub.UrgencyNormal), 2, hub.ExtensionApproved, 0)
	w.hears("BY99", 2, hub.Escalated, 1) // a case that is not there
	w.after(0)
	if list := w.list(letters.Filter{}); len(list) != 1 || list[0].Status != courier.Nobody {
		t.Errorf("%+v", list)
	}
}

// A node that dies between sending and settling, and two that work at once,
// take effect once.
func TestEveryNoticeTakesEffectOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	for range 40 {
		w.hears(w.opens(hub.UrgencyNormal), 2, hub.ExtensionApproved, 0)
	}
	groups, err := w.store.Claim(ctx, w.now, w.now, w.now.Add(2*time.Minute), 10)
	if err != nil || len(groups) != 10 {
		t.Fatalf("claimed %d, %v", len(groups), err)
	}
	for _, g := range groups { // sent, and then the node dies
		w.sms.Send(ctx, courier.Message{ID: g[0].Message, To: courier.Address{Phone: "19912345678"}})
	}
	other := w.node()
	var wait sync.WaitGroup
	for _, node := range []*courier.Courier{w.Courier, other} {
		wait.Go(func() {
			for {
				if n, err := node.Step(ctx); n == 0 || err != nil {
					return
				}
			}
		})
	}
	wait.Wait()
	if len(w.sms.got) != 40 {
		t.Fatalf("before the lease ends %d messages", len(w.sms.got))
	}
	w.after(3 * time.Minute)
	if len(w.sms.got) != 40 || w.sms.calls != 50 || len(w.list(letters.Filter{Status: courier.Sent})) != 40 {
		t.Errorf("%d messages in %d calls", len(w.sms.got), w.sms.calls)
	}
}
