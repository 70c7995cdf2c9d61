package order_test

import (
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/order"
)

func TestEveryTypeIsKnown(t *testing.T) {
	all := "sign_for send_back contact progress ask reply ask_extension decide_extension suspend resume " +
		"resolve rate reopen merge assign reject answer escalate supervise instruct answer_demand archive verify task"
	for typ := range strings.FieldsSeq(all) {
		if cmd, err := (order.Request{Type: typ}).Command(); err != nil || cmd == nil {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

func TestFieldsAndActor(t *testing.T) {
	cmd, err := order.Request{Type: "supervise", Text: "三日内答复", Within: hub.Budget{N: 3, Unit: hub.WorkingDay}}.Command()
	got, ok := cmd.(hub.Supervise)
	if err != nil || !ok || got.Text != "三日内答复" || got.Within.N != 3 || got.Actor.Kind != hub.ActorPerson {
		t.Errorf("command %+v, %v", cmd, err)
	}
	if _, err := (order.Request{Type: "fire"}).Command(); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("unknown type: %v", err)
	}
	if _, err := (order.Request{Type: "archive", Actor: hub.System()}).Command(); hub.CodeOf(err) != hub.CodeForbidden {
		t.Errorf("acting as the hub: %v", err)
	}
}
