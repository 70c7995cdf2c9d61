package channels

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

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

// tell passes one event on to those of this channel whom it concerns. What the
// source refuses for good becomes a letter; what it cannot take now comes again.
func (m *Manager) tell(ctx context.Context, code hub.ChannelCode, n adapters.Notifier, payload []byte) error {
	news, err := m.news(ctx, code, payload)
	if err != nil {
		return err
	}
	for _, one := range news {
		err := n.Notify(ctx, one.step)
		if hub.CodeOf(err) == hub.CodeInvalid {
			err = m.Store.KeepLetter(ctx, channel.Letter{
				Stage: callbackStage, Channel: code, Key: one.step.ExternalID, MediaType: "application/cloudevents+json",
				Name: one.step.ID, Reason: adapters.Sentence(err), Payload: one.payload,
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A newsItem is one step for one citizen's source. Its payload is the event,
// marked with the case that it is told about where that was merged.
type newsItem struct {
	step    adapters.Step
	payload []byte
}

// happening is an event as it comes over the bus.
type happening struct {
	ID   string    `json:"id"`
	Data hub.Event `json:"data"`
	// Merged is the merged case that the event of its main case is told about;
	// only letters have it.
	Merged hub.CaseID `json:"mergedcase,omitempty"`
}

// news reads an event and says whom of this channel it concerns: the source of
// its case, and those of the cases that were merged into it (并案), each with
// its own numbers.
func (m *Manager) news(ctx context.Context, code hub.ChannelCode, payload []byte) ([]newsItem, error) {
	var event happening
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	c, sub, err := m.Case(ctx, event.Data.Case)
	if hub.CodeOf(err) == hub.CodeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var news []newsItem
	if c.Channel == code && event.Merged == "" {
		news = append(news, newsItem{stepOf(event, c, sub), payload})
	}
	if !shared(event.Data.Type) || m.Merged == nil {
		return news, nil
	}
	others, err := m.Merged(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	for _, id := range others {
		other, said, err := m.Case(ctx, id)
		if err != nil {
			return nil, err
		}
		if other.Channel != code || event.Merged != "" && event.Merged != id {
			continue
		}
		mine := event
		mine.Merged = id
		marked, err := json.Marshal(mine)
		if err != nil {
			return nil, fmt.Errorf("encode event: %w", err)
		}
		step := stepOf(event, c, said)
		step.ID, step.Case = event.ID+"/"+string(id), id
		news = append(news, newsItem{step, marked})
	}
	return news, nil
}

// shared are the steps of a case that those are told of too whose cases were
// merged into it.
func shared(t hub.EventType) bool {
	return slices.Contains([]hub.EventType{
		hub.Assigned, hub.SignedFor, hub.ExtensionApproved, hub.Suspended, hub.Resumed, hub.Resolved, hub.Answered, hub.Rejected,
		hub.Reopened, hub.Archived,
	}, t)
}

func stepOf(event happening, c hub.Case, sub hub.Submission) adapters.Step {
	e := event.Data
	return adapters.Step{
		ID: event.ID, Case: e.Case, ExternalID: sub.ExternalID, Type: e.Type, Status: c.Status,
		Department: e.Data.Department, Text: e.Data.Text, At: e.At,
	}
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
	news, err := m.news(ctx, l.Channel, l.Payload)
	if err != nil {
		return err
	}
	for _, one := range news {
		if one.step.ExternalID == l.Key {
			return n.Notify(ctx, one.step)
		}
	}
	return errors.New("the letter is of another channel")
}
