package courier_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	letters "github.com/mashang-hub/mashang/hub/postgres/courier"
)

// A citizen hears once that their case is accepted, with its number and the
// link, from the stream of all events; sent back and assigned again, they hear
// nothing, and of what is past for a day nobody does.
func TestACitizenHearsOnceThatTheirCaseIsAccepted(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	id, old := w.opens(hub.UrgencyNormal), w.opens(hub.UrgencyNormal)
	assigned := hub.Event{Case: id, Seq: 2, Type: hub.Assigned, At: w.now}
	w.happens(w.Hear, assigned)
	w.happens(w.Hear, assigned) // the bus brings it again
	w.happens(w.Record, assigned)
	again := assigned
	again.Seq = 5
	w.happens(w.Hear, again)
	w.happens(w.Hear, hub.Event{Case: id, Seq: 3, Type: hub.SignedFor, At: w.now})
	w.happens(w.Hear, hub.Event{Case: id, Seq: 6, Type: hub.Resolved, At: w.now}) // the desk sends it itself
	w.happens(w.Hear, hub.Event{Case: old, Seq: 2, Type: hub.Assigned, At: w.now.Add(-25 * time.Hour)})
	w.after(0)
	if len(w.sms.got) != 1 || !strings.HasSuffix(w.sms.got[0].Text, "已受理，编号BY1：https://hub/t/BY1?k=KEY") {
		t.Fatalf("sent %+v", w.sms.got)
	}
	if list := w.list(letters.Filter{}); len(list) != 1 || list[0].ID != "BY1.2.citizen" {
		t.Errorf("planned %+v", list)
	}
}

// Whose case was merged into another, even by way of a third, hears of its
// end, in a message of their own.
func TestTheEndIsToldToThoseWhoWereMerged(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	lead, follower, third := w.opens(hub.UrgencyNormal), w.opens(hub.UrgencyNormal), w.opens(hub.UrgencyNormal)
	w.merge(follower, lead)
	w.merge(third, follower)
	w.hears(lead, 2, hub.ExtensionApproved, 0)
	w.hears(lead, 3, hub.Resolved, 0)
	w.after(0)
	told := map[string]bool{}
	for _, m := range w.sms.got {
		told[m.Link] = true
	}
	if len(w.sms.got) != 4 || !told["https://hub/t/BY1?k=KEY"] || !told["https://hub/t/BY2?k=KEY"] || !told["https://hub/t/BY3?k=KEY"] {
		t.Fatalf("sent %+v", w.sms.got)
	}
	list := w.list(letters.Filter{Case: third})
	if len(list) != 1 || list[0].Event != hub.Resolved {
		t.Fatalf("the third hears %+v", list)
	}
	if id, seq := list[0].EventOf(); id != lead || seq != 3 {
		t.Errorf("of event %d of %s", seq, id)
	}
}

// merge stores that a case was merged into another.
func (w *town) merge(id, into hub.CaseID) {
	w.t.Helper()
	_, err := w.db.Pool().Exec(w.t.Context(), `update cases set status = 'merged', state = (state::jsonb || jsonb_build_object('status', 'merged', 'into', $2::text))::json
		where id = $1`, string(id), string(into))
	if err != nil {
		w.t.Fatal(err)
	}
}

// A gateway that takes its time must not hold messages until another node
// takes them: they are given back untried.
func TestWhatASlowWayLeavesIsGivenBack(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for range 3 {
		w.hears(w.opens(hub.UrgencyNormal), 2, hub.ExtensionApproved, 0)
	}
	w.sms.takes = func() { w.now = w.now.Add(50 * time.Second) }
	w.after(0)
	if len(w.sms.got) != 2 {
		t.Fatalf("sent %d", len(w.sms.got))
	}
	w.after(0)
	if list := w.list(letters.Filter{Status: "sent"}); len(w.sms.got) != 3 || len(list) != 3 || list[0].Attempts != 1 {
		t.Errorf("sent %d: %+v", len(w.sms.got), list)
	}
}
