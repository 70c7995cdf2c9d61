package desk_test

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/hub/desk"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var nine = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// toHeating sends everything to the heating department.
type toHeating struct{}

func (toHeating) Decide(*hub.Submission) hub.Decision {
	return hub.Decision{RuleSet: "abc", Lead: "heating", Rule: "供热-001", Class: hub.Class{Topic: "heating"}}
}

// wordy is toHeating with many matches, more of them for a longer text.
type wordy struct{ toHeating }

func (w wordy) Decide(s *hub.Submission) hub.Decision {
	d := w.toHeating.Decide(s)
	for range len(s.Text) % 31 {
		d.Matches = append(d.Matches, hub.Match{Rule: "供热-001", Stage: "route", Department: "heating"})
	}
	return d
}

type plainFacts struct{}

func (plainFacts) Facts(context.Context, hub.ChannelCode, hub.PlaceCode) (hub.Facts, error) {
	return hub.Facts{Calendar: calendar.New()}, nil
}

type store struct{ *cases.Store }

func (s store) ChangeCase(ctx context.Context, id hub.CaseID, messageID string, change desk.Change) (hub.Case, error) {
	return s.Store.ChangeCase(ctx, id, messageID, nine, change)
}

func newDesk(t *testing.T) (*desk.Desk, *cases.Store) {
	t.Helper()
	return newDeskOn(pgtest.Open(t), toHeating{})
}

func newDeskOn(pg *postgres.DB, rules desk.Rules) (*desk.Desk, *cases.Store) {
	db := cases.New(pg)
	return desk.New(store{db}, rules, plainFacts{}, hub.ClockFunc(func() time.Time { return nine })), db
}

func envelope(t *testing.T, v any) *message.Message {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return message.NewMessage("m", b)
}

var cold = hub.Submission{
	Content: hub.Content{Title: "暖气不热", Text: "三天了", Reporter: hub.Reporter{Phone: "19900000001"}},
	Receipt: "r_1", Case: "BY1", Channel: "qr", ExternalID: "1", SubmittedAt: nine, ReceivedAt: nine,
}

func TestASubmissionSentTwiceIsOneCase(t *testing.T) {
	d, db := newDesk(t)
	for range 3 {
		if err := d.Receive(t.Context(), []*message.Message{envelope(t, cold), envelope(t, cold)}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := db.CountCases(t.Context(), hub.Filter{}); n != 1 || err != nil {
		t.Fatalf("%d cases, %v; want one", n, err)
	}
}

// However long the texts of a batch are, each case keeps its own: the row is
// the fold of its events, the content is what came, and what leaves says so.
func TestTheCasesOfABatchDoNotMix(t *testing.T) {
	outbox := pgtest.Open(t)
	d, db := newDeskOn(outbox, wordy{})
	var batch []*message.Message
	var want []hub.Submission
	for i := range 200 {
		s := cold
		s.ExternalID = strconv.Itoa(i)
		s.Case, s.Receipt = hub.CaseID("BY"+s.ExternalID), hub.ReceiptID("r_"+s.ExternalID)
		s.Channel = hub.ChannelCode("qr" + strings.Repeat("x", i%7*40))
		s.Title, s.Text = "暖气不热"+s.ExternalID, strings.Repeat("冷"+s.ExternalID, i*17%900)
		want, batch = append(want, s), append(batch, envelope(t, s))
	}
	if err := d.Receive(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	for _, w := range want {
		c, s, err := db.Case(t.Context(), w.Case)
		if err != nil || s.Title != w.Title || s.Text != w.Text {
			t.Fatalf("%s: content %+v, %v", w.Case, s.Content, err)
		}
		events, err := db.Events(t.Context(), w.Case)
		if err != nil {
			t.Fatal(err)
		}
		var folded hub.Case
		for _, e := range events {
			folded = hub.Apply(folded, e)
			if e.By.ID != string(w.Channel) {
				t.Fatalf("%s: event %d is by %s", w.Case, e.Seq, e.By.ID)
			}
		}
		if a, b := asJSON(t, folded), asJSON(t, c); a != b {
			t.Fatalf("fold %s\nrow  %s", a, b)
		}
	}
	alerts := 0
	for leaving := 1; leaving > 0; {
		var err error
		leaving, err = outbox.RelayOutbox(t.Context(), 100, func(out []hub.Outgoing) error {
			for _, o := range out {
				var a hub.Alert
				if o.Topic != bus.Alerts("heating") {
					continue
				}
				if err := json.Unmarshal(o.Payload, &a); err != nil || a.Content.Title != "暖气不热"+strings.TrimPrefix(o.Key, "BY") {
					t.Errorf("%s: %s, %v", o.ID, o.Payload, err)
				}
				alerts++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if alerts != len(want) {
		t.Errorf("%d alerts of %d cases", alerts, len(want))
	}
}

func TestAMessageThatIsNotASubmissionIsRefusedWhole(t *testing.T) {
	d, db := newDesk(t)
	err := d.Receive(t.Context(), []*message.Message{envelope(t, cold), message.NewMessage("x", []byte("{"))})
	if hub.CodeOf(err) != hub.CodeInvalid {
		t.Fatalf("got %v, want invalid", err)
	}
	if n, _ := db.CountCases(t.Context(), hub.Filter{}); n != 0 {
		t.Fatalf("%d cases of a batch that was refused", n)
	}
}

func TestADepartmentsUpdatesMoveTheCaseOnce(t *testing.T) {
	d, db := newDesk(t)
	if err := d.Receive(t.Context(), []*message.Message{envelope(t, cold)}); err != nil {
		t.Fatal(err)
	}
	done := hub.Update{ID: "u1", Department: "heating", Case: "BY1", Step: hub.Resolved, Text: "阀门已更换，室温恢复到二十度。", At: nine}
	for range 2 {
		if err := d.Update(t.Context(), []*message.Message{envelope(t, done)}); err != nil {
			t.Fatal(err)
		}
	}
	c, s, err := db.Case(t.Context(), "BY1")
	if err != nil || c.Status != hub.StatusResolved || s.Text != "三天了" {
		t.Fatalf("case %+v, %v", c, err)
	}
	events, err := db.Events(t.Context(), "BY1")
	if err != nil {
		t.Fatal(err)
	}
	var folded hub.Case
	for _, e := range events {
		folded = hub.Apply(folded, e)
	}
	if a, b := asJSON(t, folded), asJSON(t, c); a != b {
		t.Fatalf("the row is not the fold of its events\nfold %s\nrow  %s", a, b)
	}
	late := hub.Update{ID: "u2", Department: "heating", Case: "BY1", Step: hub.SentBack, Text: "不归我们"}
	if err := d.Update(t.Context(), []*message.Message{envelope(t, late)}); hub.CodeOf(err) != hub.CodeConflict {
		t.Fatalf("sent back after the end: got %v, want conflict", err)
	}
}

func TestAnUnfitReplyIsKeptAndTheDepartmentIsToldWhy(t *testing.T) {
	d, db := newDesk(t)
	if err := d.Receive(t.Context(), []*message.Message{envelope(t, cold)}); err != nil {
		t.Fatal(err)
	}
	report := func(id, text string) {
		t.Helper()
		u := hub.Update{ID: id, Department: "heating", Case: "BY1", Step: hub.Resolved, Text: text, At: nine}
		for range 2 { // the bus may bring it twice
			if err := d.Update(t.Context(), []*message.Message{envelope(t, u)}); err != nil {
				t.Fatalf("%s would become a dead letter: %v", text, err)
			}
		}
	}
	report("u1", "此事不归我们管，找别人去。")
	c, _, err := db.Case(t.Context(), "BY1")
	if err != nil || !c.Status.Open() {
		t.Fatalf("closed with an unfit reply: %+v, %v", c, err)
	}
	events, err := db.Events(t.Context(), "BY1")
	if err != nil {
		t.Fatal(err)
	}
	last := events[len(events)-1]
	if last.Type != hub.ReplyRefused || !strings.Contains(last.Data.Text, "找别人去") || !strings.Contains(last.Data.Text, "不合规范") {
		t.Errorf("kept as %+v", last)
	}
	if n := len(events); events[n-2].Type != hub.SignedFor {
		t.Errorf("a department that answers has signed: %+v", events[n-2])
	}
	report("u2", "经查为阀门泄漏，已更换，室温恢复到二十度。")
	if c, _, err = db.Case(t.Context(), "BY1"); err != nil || c.Status != hub.StatusResolved {
		t.Errorf("the better reply: %s, %v", c.Status, err)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	return string(envelope(t, v).Payload)
}
