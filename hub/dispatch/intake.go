package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
)

// BatchWait is how long the consumer of alerts lets a batch grow: while one is
// stored the next grows by itself.
const BatchWait = 300 * time.Microsecond

// An Adder stores new deliveries; those already stored are left as they are.
type Adder interface {
	AddDeliveries(ctx context.Context, alerts []hub.Alert, now time.Time) error
}

// An Intake (推送入库) records the messages of an alert topic as deliveries.
// It is safe for concurrent use.
type Intake struct {
	store  Adder
	clock  hub.Clock
	notify func(hub.DepartmentCode)
	dead   func(ctx context.Context, m *message.Message, reason string) error
	filed  filed // by Ahead
}

// NewIntake returns an intake that calls notify, if not nil, for each
// department with new deliveries, and hands messages that cannot be read to
// dead with the reason; a nil dead makes Record fail on them.
func NewIntake(store Adder, clock hub.Clock, notify func(hub.DepartmentCode), dead func(ctx context.Context, m *message.Message, reason string) error) *Intake {
	return &Intake{store: store, clock: clock, notify: notify, dead: dead}
}

// Record stores one delivery per message that Ahead has not filed. When it returns nil all of msgs may
// be acknowledged; it may be called again with the same messages.
func (i *Intake) Record(ctx context.Context, msgs []*message.Message) error {
	alerts := make([]hub.Alert, 0, len(msgs))
	for _, m := range msgs {
		if i.filed.take(m.UUID) {
			continue
		}
		a, err := readAlert(m.Payload)
		if err == nil {
			alerts = append(alerts, a)
			continue
		}
		if i.dead == nil {
			return fmt.Errorf("read alert %s: %w", m.UUID, err)
		}
		if err := i.dead(ctx, m, err.Error()); err != nil {
			return fmt.Errorf("put alert %s aside: %w", m.UUID, err)
		}
	}
	if len(alerts) == 0 {
		return nil
	}
	if err := i.store.AddDeliveries(ctx, alerts, i.clock.Now()); err != nil {
		return fmt.Errorf("add %d deliveries: %w", len(alerts), err)
	}
	i.tell(alerts)
	return nil
}

func (i *Intake) tell(alerts []hub.Alert) {
	if i.notify == nil {
		return
	}
	told := map[hub.DepartmentCode]bool{}
	for _, a := range alerts {
		if !told[a.Department] {
			told[a.Department] = true
			i.notify(a.Department)
		}
	}
}

func readAlert(payload []byte) (hub.Alert, error) {
	var a hub.Alert
	if err := json.Unmarshal(payload, &a); err != nil {
		return a, fmt.Errorf("decode alert: %w", err)
	}
	if a.ID == "" || a.Department == "" || a.Case == "" {
		return a, hub.Errorf(hub.CodeInvalid, "alert.incomplete")
	}
	return a, nil
}
