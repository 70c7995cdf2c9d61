package kafka

import (
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
)

// Relay publishes outbox rows of one topic in their order, and returns nil only
// when the broker has them all.
func (p *Publisher) Relay(rows []hub.Outgoing) error {
	if len(rows) == 0 {
		return nil
	}
	msgs := make([]*message.Message, len(rows))
	for i, o := range rows {
		msgs[i] = message.NewMessage(o.ID, o.Payload)
		msgs[i].Metadata.Set(bus.MetaKey, o.Key)
	}
	if err := p.Publish(rows[0].Topic, msgs...); err != nil {
		return fmt.Errorf("publish %d messages to %s: %w", len(msgs), rows[0].Topic, err)
	}
	return nil
}
