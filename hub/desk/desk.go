// Package desk is the only door through which a case changes. It turns
// messages and requests into commands, lets hub.Decide judge them and stores
// case, events, clocks and outgoing messages in one transaction.
//
// It does not know how anything is stored or carried, and it never talks to a
// department. Start with Desk.
package desk

import (
	"context"
	"fmt"
	"runtime"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/go-json-experiment/json"

	"github.com/mashang-hub/mashang/hub"
)

// Rules judge a submission. Decide is pure and safe for concurrent use.
type Rules interface {
	Decide(s *hub.Submission) hub.Decision
}

// A Change decides on a locked case; content is what the citizen said.
type Change func(c hub.Case, s hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error)

// Store keeps cases. Its methods are safe for concurrent use.
type Store interface {
	// InsertCases stores the openings whose (channel, external id) is new, in
	// one transaction, and returns how many were. It is idempotent.
	InsertCases(ctx context.Context, batch []hub.Opening) (int, error)
	// ChangeCase locks a case, lets change decide and stores the outcome in
	// one transaction. A messageID that was processed before changes nothing.
	ChangeCase(ctx context.Context, id hub.CaseID, messageID string, change Change) (hub.Case, error)
}

// Knowledge supplies the facts of a decision. It is safe for concurrent use.
type Knowledge interface {
	// Facts returns the clocks, ladder and post holders for a channel and a
	// place at this moment.
	Facts(ctx context.Context, channel hub.ChannelCode, place hub.PlaceCode) (hub.Facts, error)
}

// Desk handles commands. Make one with New; it is safe for concurrent use.
type Desk struct {
	store Store
	rules Rules
	know  Knowledge
	clock hub.Clock
	// opened says that whoever holds the first rung is told of new cases.
	opened bool
	turns  chan struct{} // one for each batch that is being opened
}

// TellOfOpened has whoever holds the first rung told of every new case. Call it
// before the desk is used.
func (d *Desk) TellOfOpened(on bool) { d.opened = on }

// New returns a Desk.
func New(store Store, rules Rules, know Knowledge, clock hub.Clock) *Desk {
	turns := make(chan struct{}, runtime.GOMAXPROCS(0)+1) // one may wait for the disk
	return &Desk{store: store, rules: rules, know: know, clock: clock, turns: turns}
}

// BatchSize is how many submissions Receive is best given at once when more
// are waiting: larger batches cost less for each and only wait for each other.
const BatchSize = 1000

// Receive opens cases from a batch of submissions, in one transaction. It may
// be given the same messages again: a case is opened once. Batches beyond what
// the processors can work on wait for their turn: next to each other they would
// all take longer and cost more.
func (d *Desk) Receive(ctx context.Context, msgs []*message.Message) error {
	select {
	case d.turns <- struct{}{}:
		defer func() { <-d.turns }()
	case <-ctx.Done():
		return ctx.Err()
	}
	batch := make([]hub.Opening, len(msgs))
	on := sheet{opened: d.opened}
	known := map[factKey]hub.Facts{}
	for i, m := range msgs {
		if err := d.open(ctx, m, known, &on, &batch[i]); err != nil {
			return err
		}
	}
	if _, err := d.store.InsertCases(ctx, batch); err != nil {
		return fmt.Errorf("open %d cases: %w", len(batch), err)
	}
	return nil
}

// A factKey is what facts depend on within one batch.
type factKey struct {
	channel hub.ChannelCode
	place   hub.PlaceCode
}

// open fills o with what m opens; its JSON is written on.
func (d *Desk) open(ctx context.Context, m *message.Message, known map[factKey]hub.Facts, on *sheet, o *hub.Opening) error {
	s := &o.Submission
	if err := read(m.Payload, s); err != nil {
		return &hub.Error{Code: hub.CodeInvalid, Key: "submission.malformed", Err: err}
	}
	key := factKey{s.Channel, s.Place}
	facts, ok := known[key]
	if !ok {
		var err error
		if facts, err = d.know.Facts(ctx, s.Channel, s.Place); err != nil {
			return fmt.Errorf("facts for %s: %w", s.Receipt, err)
		}
		known[key] = facts
	}
	cmd := hub.Receive{
		By:         hub.By{Actor: hub.Actor{Kind: hub.ActorChannel, ID: string(s.Channel)}},
		Submission: *s, Decision: d.rules.Decide(s),
	}
	var err error
	if o.Case, o.Events, err = hub.Advance(hub.Case{}, cmd, facts, d.clock.Now()); err != nil {
		return fmt.Errorf("open case %s: %w", s.Case, err)
	}
	return on.write(o)
}

// read decodes a submission: the way intake writes it at once, any other way
// by the library.
func read(payload []byte, s *hub.Submission) error {
	if s.ReadJSON(payload) {
		return nil
	}
	*s = hub.Submission{}
	return json.Unmarshal(payload, s)
}

// Do carries out a person's or a department's command on a case and returns
// the case as it is then.
func (d *Desk) Do(ctx context.Context, id hub.CaseID, cmd hub.Command) (hub.Case, error) {
	return d.change(ctx, id, "", cmd)
}

// DoAll carries out commands one after another in one transaction: all are
// legal or none takes effect. A message id that was handled before changes
// nothing, and the case is returned as it is.
func (d *Desk) DoAll(ctx context.Context, id hub.CaseID, messageID string, cmds ...hub.Command) (hub.Case, error) {
	return d.change(ctx, id, messageID, cmds...)
}

func (d *Desk) change(ctx context.Context, id hub.CaseID, messageID string, cmds ...hub.Command) (hub.Case, error) {
	return d.store.ChangeCase(ctx, id, messageID,
		func(c hub.Case, s hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
			facts, err := d.know.Facts(ctx, c.Channel, c.Place)
			if err != nil {
				return c, nil, nil, fmt.Errorf("facts for %s: %w", id, err)
			}
			next, events, err := decide(c, facts, d.clock, cmds...)
			if err != nil {
				return c, nil, nil, err
			}
			out, err := outgoing(next, s.Content, events, d.opened)
			return next, events, out, err
		})
}

// decide runs commands one after another; all are legal or none takes effect.
func decide(c hub.Case, facts hub.Facts, clock hub.Clock, cmds ...hub.Command) (hub.Case, []hub.Event, error) {
	var all []hub.Event
	for _, cmd := range cmds {
		next, events, err := hub.Advance(c, cmd, facts, clock.Now())
		if err != nil {
			return c, nil, err
		}
		c, all = next, append(all, events...)
	}
	return c, all, nil
}
