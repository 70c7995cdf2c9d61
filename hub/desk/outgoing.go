package desk

import (
	"fmt"
	"strconv"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/mask"
)

// Outgoing returns what leaves the hub after events: every event for whoever
// listens, alerts for the departments and notices for the people on the ladder
// and the citizen.
func Outgoing(c hub.Case, content hub.Content, events []hub.Event) ([]hub.Outgoing, error) {
	return outgoing(c, content, events, false)
}

func outgoing(c hub.Case, content hub.Content, events []hub.Event, opened bool) ([]hub.Outgoing, error) {
	o := hub.Opening{Case: c, Submission: hub.Submission{Content: content}, Events: events}
	on := sheet{opened: opened}
	if err := on.texts(&o); err != nil {
		return nil, err
	}
	return o.Out, on.outgoing(&o)
}

// write makes the JSON of an opening that is decided.
func (on *sheet) write(o *hub.Opening) error {
	if err := on.texts(o); err != nil {
		return err
	}
	said, err := o.Submission.Content.AppendJSON(on.room(256 + len(o.Submission.Text)))
	if err != nil {
		return fmt.Errorf("encode submission %s: %w", o.Submission.Receipt, err)
	}
	o.Said = on.keep(said)
	return on.outgoing(o)
}

func (on *sheet) texts(o *hub.Opening) error {
	o.Texts = make([]hub.EventText, len(o.Events))
	for i, e := range o.Events {
		text, events, err := e.AppendText(on.room(1024))
		if err != nil {
			return err
		}
		on.keep(text)
		o.Texts[i] = events
	}
	return nil
}

func (on *sheet) outgoing(o *hub.Opening) error {
	o.Out = make([]hub.Outgoing, 0, len(o.Events)+len(o.Case.Assignments))
	for i, e := range o.Events {
		out := on.cloudEvent(e, o.Texts[i])
		o.Out = append(o.Out, out)
		if noticed(e, on.opened) {
			o.Out = append(o.Out, hub.Outgoing{Topic: bus.Notices, Key: out.Key, ID: out.ID, Payload: out.Payload})
		}
	}
	content, said := o.Submission.Content, o.Said
	if content.Confidential() { // no handling department learns who spoke
		content, said = mask.Content(content), nil
	}
	for _, a := range hub.Alerts(o.Case, content, o.Events) {
		if content.Confidential() {
			a.Text = mask.Said(a.Text, o.Submission.Content)
		}
		text := said
		if _, checked := a.CheckBy(); checked {
			text = nil // it says more than the citizen did
		}
		payload, err := a.AppendJSONWith(on.room(768+len(a.Content.Text)), text)
		if err != nil {
			return fmt.Errorf("encode alert %s: %w", a.ID, err)
		}
		o.Out = append(o.Out, hub.Outgoing{
			Topic: bus.Alerts(a.Department), Key: string(o.Case.ID), ID: string(a.ID), Payload: on.keep(payload),
		})
	}
	return nil
}

// noticed says which events are handed to those who tell people one by one:
// what the ladder or the citizen must hear and, if opened says so, that a case
// comes to the first rung.
func noticed(e hub.Event, opened bool) bool {
	return e.Type.Posted() || opened && e.Data.Duty != nil
}

// cloudEvent is an event of a case in CloudEvents 1.0 structured JSON. Its data
// is the hub.Event, which carries no personal data.
func (on *sheet) cloudEvent(e hub.Event, text hub.EventText) hub.Outgoing {
	id := string(e.Case) + "." + strconv.FormatInt(e.Seq, 10)
	b := on.room(512 + len(text.By) + len(text.Data))
	b = append(b, `{"specversion":"1.0","id":`...)
	b = hub.AppendJSONString(b, id)
	b = append(append(append(b, `,"type":"`+bus.CaseEvent...), e.Type...), `.v1"`...)
	b = hub.AppendJSONString(append(b, `,"source":"/mashang/hub","subject":`...), string(e.Case))
	b = hub.AppendJSONTime(append(b, `,"time":`...), e.At)
	b = append(b, `,"datacontenttype":"application/json","partitionkey":`...)
	b = hub.AppendJSONString(b, string(e.Case))
	b = append(e.AppendJSON(append(b, `,"data":`...), text), '}')
	return hub.Outgoing{Topic: bus.Events, Key: string(e.Case), ID: id, Payload: on.keep(b)}
}
