package kafka

import (
	"github.com/IBM/sarama"

	"github.com/mashang-hub/mashang/hub"
)

// Relay publishes outbox rows of one topic in their order, and returns nil only
// when the broker has them all.
func (p *Publisher) Relay(rows []hub.Outgoing) error {
	if len(rows) == 0 {
		return nil
	}
	records := make([]*sarama.ProducerMessage, len(rows))
	for i, o := range rows {
		records[i] = &sarama.ProducerMessage{
			Topic: o.Topic, Key: sarama.StringEncoder(o.Key), Value: sarama.ByteEncoder(o.Payload),
			Headers: []sarama.RecordHeader{header(HeaderUUID, o.ID)},
		}
	}
	return p.send(records)
}
