package oversight_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/hub/oversight"
)

func nine() time.Time { return time.Date(2026, 11, 27, 1, 0, 0, 0, time.UTC) } // a Friday

// A book is the orders that a test wrote into it, and a desk beside it.
type book struct {
	open    []oversight.Entry
	matters []hub.CaseID
	topics  []oversight.TopicOrder
	refuse  map[hub.CaseID]error
	did     []hub.CaseID
	cmds    []hub.Command
	closed  []string
}

func (b *book) Orders(context.Context, oversight.Filter) ([]oversight.Entry, error) {
	return slices.Clone(b.open), nil
}

func (b *book) Topics(context.Context, int) ([]oversight.TopicOrder, error) { return b.topics, nil }

func (b *book) SaveTopic(_ context.Context, t oversight.TopicOrder) error {
	b.topics = append(b.topics, t)
	return nil
}

func (b *book) AnswerTopic(_ context.Context, id, by, _ string, _ time.Time) error {
	b.closed = append(b.closed, id+" "+by)
	return nil
}

func (b *book) Matters(context.Context, string, hub.PlaceCode) ([]hub.CaseID, error) {
	return b.matters, nil
}

func (b *book) Do(_ context.Context, id hub.CaseID, cmd hub.Command) (hub.Case, error) {
	if err := b.refuse[id]; err != nil {
		return hub.Case{}, err
	}
	b.did, b.cmds = append(b.did, id), append(b.cmds, cmd)
	return hub.Case{ID: id}, nil
}

func office(b *book) *oversight.Office {
	return oversight.New(b, b, hub.ClockFunc(nine), func() hub.Calendar { return calendar.New() })
}

func mayor() hub.Actor { return hub.Actor{Kind: hub.ActorPerson, ID: "wu", Name: "吴市长"} }

func conflict() error { return hub.Errorf(hub.CodeConflict, "case.closed") }

// An instruction on a topic reaches every open case of it; one that is closed
// meanwhile or gone is passed over and not counted.
func TestAnInstructionReachesEveryCaseOfItsTopic(t *testing.T) {
	t.Parallel()
	b := &book{
		matters: []hub.CaseID{"BY1", "BY2", "BY3", "BY4"},
		refuse:  map[hub.CaseID]error{"BY2": conflict(), "BY3": hub.Errorf(hub.CodeNotFound, "case.not_found")},
	}
	got, err := office(b).Instruct(t.Context(), mayor(), oversight.Instruction{Topic: "heating", Text: "三天内解决"})
	if err != nil || got.Cases != 2 || got.Open != 2 || !slices.Equal(b.did, []hub.CaseID{"BY1", "BY4"}) {
		t.Fatalf("%+v on %v, %v", got, b.did, err)
	}
	// The end of the third working day after a Friday, for want of another term.
	if want := time.Date(2026, 12, 2, 10, 0, 0, 0, time.UTC); got.By != "吴市长" || !got.Due.Equal(want) {
		t.Errorf("by %s, due %s, want %s", got.By, got.Due, want)
	}
	for _, cmd := range b.cmds {
		if in, ok := cmd.(hub.Instruct); !ok || in.Note != got.ID || in.Within != (hub.Budget{N: 3, Unit: hub.WorkingDay}) {
			t.Errorf("%+v does not belong to %s", cmd, got.ID)
		}
	}
}

// What the desk cannot do at all is said: a hub that is down at once, a fault
// on one case after the others had theirs.
func TestWhatAnInstructionMeets(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, v := range map[string]struct {
		meets error
		code  hub.ErrorCode
		did   int
	}{
		"the hub is down":   {hub.Errorf(hub.CodeUnavailable, "postgres.unavailable"), hub.CodeUnavailable, 1},
		"one case is wrong": {broken, hub.CodeInternal, 2},
	} {
		b := &book{matters: []hub.CaseID{"BY1", "BY2", "BY3"}, refuse: map[hub.CaseID]error{"BY2": v.meets}}
		_, err := office(b).Instruct(t.Context(), mayor(), oversight.Instruction{Topic: "heating", Text: "办"})
		if hub.CodeOf(err) != v.code || len(b.did) != v.did {
			t.Errorf("%s: %v after %v", name, err, b.did)
		}
	}
}

func TestAnInstructionNeedsATopicAndWords(t *testing.T) {
	t.Parallel()
	for key, in := range map[string]oversight.Instruction{
		"instruction.topic": {Text: "办"}, "order.required": {Topic: "heating"},
	} {
		b := &book{}
		_, err := office(b).Instruct(t.Context(), mayor(), in)
		if e, ok := errors.AsType[*hub.Error](err); !ok || e.Key != key || len(b.topics) != 0 {
			t.Errorf("%+v: %v, %d saved", in, err, len(b.topics))
		}
	}
}

// Answering a topic answers what is open of it on cases, and closes it last:
// when a case cannot be reached it stays open and is answered again.
func TestAnsweringATopicAnswersItsCases(t *testing.T) {
	t.Parallel()
	b := &book{
		open:   []oversight.Entry{{Case: "BY1", ID: 2}, {Case: "BY2", ID: 1}, {Case: "BY3", ID: 7}},
		refuse: map[hub.CaseID]error{"BY2": conflict()}, // somebody answered it a moment ago
	}
	o := office(b)
	if err := o.Answer(t.Context(), hub.Actor{ID: "zhao"}, "z1", "已全部处理"); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(b.did, []hub.CaseID{"BY1", "BY3"}) || !slices.Equal(b.closed, []string{"z1 zhao"}) {
		t.Errorf("answered %v, closed %v", b.did, b.closed)
	}
	if a, ok := b.cmds[1].(hub.AnswerDemand); !ok || a.Order != 7 {
		t.Errorf("%+v answers another order", b.cmds[1])
	}
	b.refuse["BY1"] = hub.Errorf(hub.CodeUnavailable, "postgres.unavailable")
	if err := o.Answer(t.Context(), mayor(), "z2", "已处理"); hub.CodeOf(err) != hub.CodeUnavailable || len(b.closed) != 1 {
		t.Errorf("%v; closed %v", err, b.closed)
	}
	if err := o.Answer(t.Context(), mayor(), "z3", ""); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("without words: %v", err)
	}
}

// An order is overdue from the moment after its term, and never once it is
// answered.
func TestWhatIsOverdue(t *testing.T) {
	t.Parallel()
	b := &book{open: []oversight.Entry{
		{Case: "at its term", Due: nine()},
		{Case: "late", Due: nine().Add(-time.Second)},
		{Case: "answered late", Due: nine().Add(-time.Hour), AnsweredAt: nine()},
	}}
	list, err := office(b).List(t.Context(), oversight.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Overdue != (e.Case == "late") {
			t.Errorf("%s: overdue %v", e.Case, e.Overdue)
		}
	}
}
