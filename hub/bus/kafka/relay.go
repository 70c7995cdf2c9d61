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
	// One piece of memory for all records, and one for all headers.
	records, all := make([]*sarama.ProducerMessage, len(rows)), make([]sarama.ProducerMessage, len(rows))
	headers, uuid := make([]sarama.RecordHeader, len(rows)), []byte(HeaderUUID)
	for i, o := range rows {
		headers[i] = sarama.RecordHeader{Key: uuid, Value: []byte(o.ID)}
		all[i] = sarama.ProducerMessage{
			Topic: o.Topic, Key: sarama.StringEncoder(o.Key), Value: sarama.ByteEncoder(o.Payload),
			Headers: headers[i : i+1 : i+1],
		}
		records[i] = &all[i]
	}
	return p.send(records)
}
