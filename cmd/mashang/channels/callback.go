package channels

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/channel"
)

// callbackStage marks letters that a source system did not want.
const callbackStage = "callback"

// Callbacks returns, for each channel whose source is told what becomes of its
// cases, what handles the hub's events. Each channel has a lane of its own: a
// source that does not answer holds up nobody else.
func (m *Manager) Callbacks() map[hub.ChannelCode]func(context.Context, []*message.Message) error {
	out := map[hub.ChannelCode]func(context.Context, []*message.Message) error{}
	for code, r := range m.running {
		n, ok := r.adapter.(adapters.Notifier)
		if !ok || !n.Notifies() {
			continue
		}
		out[code] = func(ctx context.Context, msgs []*message.Message) error {
			for _, msg := range msgs {
				if err := m.tell(ctx, code, n, msg.Payload); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return out
}

// tell passes one event on if it is of this channel. What the source refuses
// for good becomes a letter; what it cannot take now comes again.
func (m *Manager) tell(ctx context.Context, code hub.ChannelCode, n adapters.Notifier, payload []byte) error {
	step, mine, err := m.step(ctx, code, payload)
	if err != nil || !mine {
		return err
	}
	err = n.Notify(ctx, step)
	if hub.CodeOf(err) != hub.CodeInvalid {
		return err
	}
	return m.Store.KeepLetter(ctx, channel.Letter{
		Stage: callbackStage, Channel: code, Key: step.ExternalID, MediaType: "application/cloudevents+json",
		Name: step.ID, Reason: adapters.Sentence(err), Payload: payload,
	})
}

// step reads an event; mine is false for a case of another channel.
func (m *Manager) step(ctx context.Context, code hub.ChannelCode, payload []byte) (step adapters.Step, mine bool, err error) {
	var event struct {
		ID   string    `json:"id"`
		Data hub.Event `json:"data"`
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		return step, false, fmt.Errorf("read event: %w", err)
	}
	c, sub, err := m.Case(ctx, event.Data.Case)
	if hub.CodeOf(err) == hub.CodeNotFound {
		return step, false, nil
	}
	if err != nil {
		return step, false, err
	}
	e := event.Data
	return adapters.Step{
		ID: event.ID, Case: e.Case, ExternalID: sub.ExternalID, Type: e.Type, Status: c.Status,
		Department: e.Data.Department, Text: e.Data.Text, At: e.At,
	}, c.Channel == code, nil
}

// tellAgain is the replay of a letter that a source did not want.
func (m *Manager) tellAgain(ctx context.Context, l channel.Letter) error {
	r, err := m.channel(l.Channel)
	if err != nil {
		return err
	}
	n, ok := r.adapter.(adapters.Notifier)
	if !ok {
		return hub.Errorf(hub.CodeConflict, "channel.no_letters", string(l.Channel))
	}
	step, mine, err := m.step(ctx, l.Channel, l.Payload)
	if err != nil {
		return err
	}
	if !mine {
		return errors.New("the letter is of another channel")
	}
	return n.Notify(ctx, step)
}
