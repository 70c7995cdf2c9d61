package dispatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/dispatch"
)

// A pickyShelf refuses the alerts of one case, or everything.
type pickyShelf struct {
	shelf
	refuses hub.CaseID
	away    bool
}

func (s *pickyShelf) AddDeliveries(ctx context.Context, alerts []hub.Alert, now time.Time) error {
	if s.away {
		return hub.Errorf(hub.CodeUnavailable, "postgres.unavailable")
	}
	for _, a := range alerts {
		if a.Case == s.refuses {
			return hub.Errorf(hub.CodeInvalid, "alert.incomplete")
		}
	}
	return s.shelf.AddDeliveries(ctx, alerts, now)
}

// outgoing returns assignments of cases to heating as they lie in the outbox.
func outgoing(t *testing.T, cases ...hub.CaseID) []hub.Outgoing {
	t.Helper()
	var out []hub.Outgoing
	for _, c := range cases {
		a := alert("heating", c, 1)
		body, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, hub.Outgoing{Topic: bus.Alerts("heating"), Key: string(c), ID: string(a.ID), Payload: body})
	}
	return out
}

// overTheBus returns what the bus brings of out.
func overTheBus(out []hub.Outgoing) []*message.Message {
	var msgs []*message.Message
	for _, o := range out {
		msgs = append(msgs, message.NewMessage(o.ID, o.Payload))
	}
	return msgs
}

func (s *pickyShelf) cases() []hub.CaseID {
	var cases []hub.CaseID
	for _, d := range s.ds {
		cases = append(cases, d.Alert.Case)
	}
	return cases
}

func TestAlertsAreFiledAheadOfTheBusAndOnce(t *testing.T) {
	s, told := &pickyShelf{}, 0
	in := dispatch.NewIntake(s, hub.ClockFunc(time.Now), func(hub.DepartmentCode) { told++ }, nil)
	out := outgoing(t, "A", "B")
	published := 0
	relay := in.Beside(t.Context(), func(msgs []hub.Outgoing) error { published += len(msgs); return nil })
	if err := relay(out); err != nil {
		t.Fatal(err)
	}
	if len(s.ds) != 2 || told != 1 || published != 2 {
		t.Fatalf("filed %v, told %d, published %d before the bus", s.cases(), told, published)
	}
	// The bus brings both, and one that another node relayed.
	if err := in.Record(t.Context(), overTheBus(append(out, outgoing(t, "C")...))); err != nil {
		t.Fatal(err)
	}
	if got := s.cases(); len(got) != 3 || got[2] != "C" {
		t.Errorf("filed %v, want what came ahead once and C", got)
	}
	// What comes a second time, such as in a replay, is filed like any other.
	if err := in.Record(t.Context(), overTheBus(out[:1])); err != nil || len(s.ds) != 4 {
		t.Errorf("a replay was passed over: %v, %v", s.cases(), err)
	}
}

func TestTheOutboxKeepsWhatCannotBeFiledAhead(t *testing.T) {
	s := &pickyShelf{away: true}
	in := dispatch.NewIntake(s, hub.ClockFunc(time.Now), nil, nil)
	relay := in.Beside(t.Context(), func([]hub.Outgoing) error { return nil })
	out := outgoing(t, "A")
	if err := relay(out); hub.CodeOf(err) != hub.CodeUnavailable {
		t.Fatalf("a store that is away: %v", err)
	}
	s.away = false
	if err := in.Record(t.Context(), overTheBus(out)); err != nil || len(s.ds) != 1 {
		t.Errorf("the bus brought it and it was passed over: %v, %v", s.cases(), err)
	}
	down := errors.New("broker away")
	if err := in.Beside(t.Context(), func([]hub.Outgoing) error { return down })(out); !errors.Is(err, down) {
		t.Errorf("a broker that is away: %v", err)
	}
}

func TestOneAlertThatTheStoreRefusesHoldsUpNoOther(t *testing.T) {
	s := &pickyShelf{refuses: "B"}
	in := dispatch.NewIntake(s, hub.ClockFunc(time.Now), nil, nil)
	out := outgoing(t, "A", "B", "C")
	out = append(out, hub.Outgoing{Topic: out[0].Topic, ID: "x", Payload: []byte("not json")})
	if err := in.Ahead(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	if got := s.cases(); len(got) != 2 || got[0] != "A" || got[1] != "C" {
		t.Errorf("filed %v", got)
	}
	// Over the bus it fails for good there, where it becomes a dead letter.
	if err := in.Record(t.Context(), overTheBus(out[1:2])); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("the refused one: %v", err)
	}
}

func TestOtherTopicsAreOnlyPublished(t *testing.T) {
	s := &pickyShelf{}
	in := dispatch.NewIntake(s, hub.ClockFunc(time.Now), nil, nil)
	out := outgoing(t, "A")
	out[0].Topic = bus.Events
	published := false
	err := in.Beside(t.Context(), func([]hub.Outgoing) error { published = true; return nil })(out)
	if err != nil || !published || len(s.ds) != 0 {
		t.Errorf("published %v, filed %v, %v", published, s.cases(), err)
	}
}
