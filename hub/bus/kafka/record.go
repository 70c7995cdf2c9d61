package kafka

import (
	"context"
	"fmt"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub/bus"
)

// HeaderUUID is the record header that holds a message's UUID; it is the one
// that watermill-kafka uses.
const HeaderUUID = "_watermill_message_uuid"

// encode turns a message into a record: the metadata becomes headers, except
// the key, which becomes the record's key.
func encode(topic string, m *message.Message) *sarama.ProducerMessage {
	p := &sarama.ProducerMessage{Topic: topic, Value: sarama.ByteEncoder(m.Payload)}
	p.Headers = append(p.Headers, header(HeaderUUID, m.UUID))
	for k, v := range m.Metadata {
		switch k {
		case bus.MetaKey:
			p.Key = sarama.StringEncoder(v)
		case HeaderUUID:
		default:
			p.Headers = append(p.Headers, header(k, v))
		}
	}
	return p
}

func header(k, v string) sarama.RecordHeader {
	return sarama.RecordHeader{Key: []byte(k), Value: []byte(v)}
}

// decode turns a record into a message. It takes every record: one that came
// without a UUID gets a name from its place in the log.
func decode(ctx context.Context, r *sarama.ConsumerMessage) *message.Message {
	m := message.NewMessage("", r.Value)
	fill(ctx, m, r)
	return m
}

// decodeAll turns a batch into messages, in one piece of memory. Nobody waits
// for their acknowledgements.
func decodeAll(ctx context.Context, batch []*sarama.ConsumerMessage) []*message.Message {
	msgs, all := make([]*message.Message, len(batch)), make([]message.Message, len(batch))
	for i, r := range batch {
		msgs[i] = &all[i]
		msgs[i].Payload, msgs[i].Metadata = r.Value, message.Metadata{}
		fill(ctx, msgs[i], r)
	}
	return msgs
}

func fill(ctx context.Context, m *message.Message, r *sarama.ConsumerMessage) {
	for _, h := range r.Headers {
		if h == nil {
			continue
		}
		if string(h.Key) == HeaderUUID {
			m.UUID = string(h.Value)
			continue
		}
		m.Metadata.Set(string(h.Key), string(h.Value))
	}
	if r.Key != nil {
		m.Metadata.Set(bus.MetaKey, string(r.Key))
	}
	if m.UUID == "" {
		m.UUID = fmt.Sprintf("%s/%d/%d", r.Topic, r.Partition, r.Offset)
	}
	m.SetContext(bus.WithPosition(ctx, bus.Position{
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, At: r.Timestamp,
	}))
}
