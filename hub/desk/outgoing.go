package desk

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
)

// A CloudEvent is an event of a case in CloudEvents 1.0 structured JSON. Data
// is the hub.Event, which carries no personal data.
type CloudEvent struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Type            string          `json:"type"`
	Source          string          `json:"source"`
	Subject         string          `json:"subject"`
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	PartitionKey    string          `json:"partitionkey"`
	Data            json.RawMessage `json:"data"`
}

// Outgoing returns what leaves the hub after events: every event for whoever
// listens, alerts for the departments and notices for the people on the ladder.
func Outgoing(c hub.Case, content hub.Content, events []hub.Event) ([]hub.Outgoing, error) {
	out := make([]hub.Outgoing, 0, len(events)+len(c.Assignments))
	for _, e := range events {
		o, err := cloudEvent(e)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
		if e.Type == hub.Escalated {
			out = append(out, hub.Outgoing{Topic: bus.Notices, Key: o.Key, ID: o.ID, Payload: o.Payload})
		}
	}
	for _, a := range hub.Alerts(c, content, events) {
		payload, err := json.Marshal(a)
		if err != nil {
			return nil, fmt.Errorf("encode alert %s: %w", a.ID, err)
		}
		out = append(out, hub.Outgoing{
			Topic: bus.Alerts(a.Department), Key: string(c.ID), ID: string(a.ID), Payload: payload,
		})
	}
	return out, nil
}

func cloudEvent(e hub.Event) (hub.Outgoing, error) {
	id := string(e.Case) + "." + strconv.FormatInt(e.Seq, 10)
	data, err := json.Marshal(e)
	if err != nil {
		return hub.Outgoing{}, fmt.Errorf("encode event %s: %w", id, err)
	}
	payload, err := json.Marshal(CloudEvent{
		SpecVersion: "1.0", ID: id, Type: "mashang.case." + string(e.Type) + ".v1", Source: "/mashang/hub",
		Subject: string(e.Case), Time: e.At, DataContentType: "application/json",
		PartitionKey: string(e.Case), Data: data,
	})
	if err != nil {
		return hub.Outgoing{}, fmt.Errorf("encode event %s: %w", id, err)
	}
	return hub.Outgoing{Topic: bus.Events, Key: string(e.Case), ID: id, Payload: payload}, nil
}
