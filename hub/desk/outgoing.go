package desk

import (
	"fmt"
	"strconv"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
)

// Outgoing returns what leaves the hub after events: every event for whoever
// listens, alerts for the departments and notices for the people on the ladder.
func Outgoing(c hub.Case, content hub.Content, events []hub.Event) ([]hub.Outgoing, error) {
	texts, err := encode(events)
	if err != nil {
		return nil, err
	}
	return outgoing(c, content, events, texts)
}

func encode(events []hub.Event) ([]hub.EventText, error) {
	texts := make([]hub.EventText, len(events))
	for i, e := range events {
		var err error
		if texts[i], err = e.Encode(); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

func outgoing(c hub.Case, content hub.Content, events []hub.Event, texts []hub.EventText) ([]hub.Outgoing, error) {
	out := make([]hub.Outgoing, 0, len(events)+len(c.Assignments))
	for i, e := range events {
		o := cloudEvent(e, texts[i])
		out = append(out, o)
		if noticed(e.Type) {
			out = append(out, hub.Outgoing{Topic: bus.Notices, Key: o.Key, ID: o.ID, Payload: o.Payload})
		}
	}
	for _, a := range hub.Alerts(c, content, events) {
		payload, err := a.AppendJSON(make([]byte, 0, 768+len(a.Content.Text)))
		if err != nil {
			return nil, fmt.Errorf("encode alert %s: %w", a.ID, err)
		}
		out = append(out, hub.Outgoing{
			Topic: bus.Alerts(a.Department), Key: string(c.ID), ID: string(a.ID), Payload: payload,
		})
	}
	return out, nil
}

// noticed says which events people are told of one by one: those on the ladder,
// and the citizen when the end of their case is put off.
func noticed(t hub.EventType) bool {
	return t == hub.Escalated || t == hub.ExtensionApproved || t == hub.Suspended
}

// cloudEvent is an event of a case in CloudEvents 1.0 structured JSON. Its data
// is the hub.Event, which carries no personal data.
func cloudEvent(e hub.Event, text hub.EventText) hub.Outgoing {
	id := string(e.Case) + "." + strconv.FormatInt(e.Seq, 10)
	b := make([]byte, 0, 512+len(text.By)+len(text.Data))
	b = append(b, `{"specversion":"1.0","id":`...)
	b = hub.AppendJSONString(b, id)
	b = hub.AppendJSONString(append(b, `,"type":`...), "mashang.case."+string(e.Type)+".v1")
	b = hub.AppendJSONString(append(b, `,"source":"/mashang/hub","subject":`...), string(e.Case))
	b = hub.AppendJSONTime(append(b, `,"time":`...), e.At)
	b = append(b, `,"datacontenttype":"application/json","partitionkey":`...)
	b = hub.AppendJSONString(b, string(e.Case))
	b = append(e.AppendJSON(append(b, `,"data":`...), text), '}')
	return hub.Outgoing{Topic: bus.Events, Key: string(e.Case), ID: id, Payload: b}
}
