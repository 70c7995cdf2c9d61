package courier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/mask"
)

const (
	batch = 50              // messages of one claim
	lease = 2 * time.Minute // after which another node may send them
	pause = time.Second     // between two looks without a Notify

	patience = 5 * time.Second // of storing what was sent
)

// BatchWait is how long the consumer of notices lets a batch grow: people do not
// see the difference, and the database does.
const BatchWait = 100 * time.Millisecond

// A Book (通知依据) knows what messages are about.
type Book interface {
	// Told reads what a notice is about. CodeNotFound says that the case is
	// not there.
	Told(ctx context.Context, n Notice) (Told, error)
	// ToldAll reads what many notices are about at once, by the ids of the
	// notices. Those that it leaves out are read one by one.
	ToldAll(ctx context.Context, all []Notice) (map[string]Told, error)
	// Address finds who is told.
	Address(ctx context.Context, n Notice, t Told) (Address, error)
	// Urgencies are those of cases; one that is not there has none.
	Urgencies(ctx context.Context, ids []hub.CaseID) (map[hub.CaseID]hub.Urgency, error)
	// Joined are the cases that were merged into cases, by way of others too.
	Joined(ctx context.Context, ids []hub.CaseID) (map[hub.CaseID][]hub.CaseID, error)
}

// A Courier (信使) plans notices from the bus and sends those that are due. Its
// methods are safe for concurrent use, by several nodes too.
type Courier struct {
	Store   Store
	Book    Book
	Policy  Policy
	Ladder  hub.Ladder
	Senders map[string]Sender // by way
	Clock   hub.Clock
	Log     *slog.Logger
	wake    chan struct{}
}

// Open readies c and returns it.
func (c *Courier) Open() *Courier {
	c.wake = make(chan struct{}, 1)
	if c.Policy.Schedule == nil {
		c.Policy.Schedule = DefaultSchedule()
	}
	if c.Policy.Late <= 0 {
		c.Policy.Late = DefaultLate
	}
	return c
}

// Record plans the notices of messages that the desk addressed to people. When
// it returns nil all of them may be acknowledged; it may be called again with
// the same ones.
func (c *Courier) Record(ctx context.Context, msgs []*message.Message) error {
	events, err := decode(msgs, func([]byte) bool { return true })
	if err != nil {
		return err
	}
	return c.plan(ctx, events, func(e hub.Event, u hub.Urgency, joined []hub.CaseID) []Notice {
		return c.Policy.plan(e, u, c.Ladder, joined)
	})
}

// Hear plans what citizens are told of in the stream of all events, by the
// same rules as Record. It costs whoever opens a case nothing. What happened
// longer ago than the policy's Late is told to nobody: when this is switched
// on, the stream begins days ago.
func (c *Courier) Hear(ctx context.Context, msgs []*message.Message) error {
	news := c.Policy.News()
	events, err := decode(msgs, func(payload []byte) bool {
		kind := bus.KindOf(payload)
		return kind == "" || slices.Contains(news, kind)
	})
	if err != nil {
		return err
	}
	since := c.Clock.Now().Add(-c.Policy.Late)
	all := len(events)
	events = slices.DeleteFunc(events, func(e hub.Event) bool { return e.At.Before(since) || !slices.Contains(news, e.Type) })
	if n := all - len(events); n > 0 {
		c.Log.WarnContext(ctx, "events are too old to be told to citizens", "n", n, "since", since)
	}
	return c.plan(ctx, events, c.Policy.planCitizens)
}

// decode reads the events of cases in the messages whose payload is wanted.
func decode(msgs []*message.Message, wanted func([]byte) bool) ([]hub.Event, error) {
	var events []hub.Event
	for _, m := range msgs {
		if !wanted(m.Payload) {
			continue
		}
		var event struct {
			Data hub.Event `json:"data"`
		}
		if err := json.Unmarshal(m.Payload, &event); err != nil {
			return nil, fmt.Errorf("read notice %s: %w", m.UUID, err)
		}
		if event.Data.Case != "" { // else an endpoint's alarm, which is pushed to its department
			events = append(events, event.Data)
		}
	}
	return events, nil
}

// plan stores what make returns for events.
func (c *Courier) plan(ctx context.Context, events []hub.Event, write func(hub.Event, hub.Urgency, []hub.CaseID) []Notice) error {
	if len(events) == 0 {
		return nil
	}
	var ids, ends []hub.CaseID
	for _, e := range events {
		if ids = append(ids, e.Case); shared(e.Type) && c.Policy.Citizen.tells(e.Type) {
			ends = append(ends, e.Case)
		}
	}
	urgencies, err := c.Book.Urgencies(ctx, ids)
	if err != nil {
		return err
	}
	var joined map[hub.CaseID][]hub.CaseID
	if len(ends) > 0 {
		if joined, err = c.Book.Joined(ctx, ends); err != nil {
			return err
		}
	}
	var list []Notice
	for _, e := range events {
		if u, ok := urgencies[e.Case]; ok {
			list = append(list, write(e, u, joined[e.Case])...)
		}
	}
	if len(list) == 0 {
		return nil
	}
	if err := c.Store.Plan(ctx, list); err != nil {
		return fmt.Errorf("plan %d notices: %w", len(list), err)
	}
	if now := c.Clock.Now(); slices.ContainsFunc(list, func(n Notice) bool { return !n.NextAt.After(now) }) {
		c.Notify() // of what is due later Run takes notice by itself
	}
	return nil
}

// Notify has Run look at once.
func (c *Courier) Notify() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Run sends what falls due until ctx ends, and then returns nil.
func (c *Courier) Run(ctx context.Context) error {
	said := ""
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		n, err := c.Step(ctx)
		if err != nil && ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			c.Log.ErrorContext(ctx, "send notices", "err", err)
		}
		if n == batch && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-c.wake:
		}
	}
}

// Step sends the messages that are due now and returns how many it claimed.
func (c *Courier) Step(ctx context.Context) (int, error) {
	now := c.Clock.Now()
	groups, err := c.Store.Claim(ctx, now, now.Add(c.Policy.Merge), now.Add(lease), batch)
	if err != nil {
		return 0, fmt.Errorf("claim notices: %w", err)
	}
	return len(groups), c.sendAll(ctx, groups, now)
}

// sendAll sends messages one after another and settles their notices together.
// Those for which no time is left before another node may take them, and those
// behind one that cannot be read, are given back untried.
func (c *Courier) sendAll(ctx context.Context, groups [][]Notice, since time.Time) error {
	var done []Notice
	var failed error
	firsts := make([]Notice, len(groups))
	for i, g := range groups {
		firsts[i] = g[0]
	}
	known, err := c.Book.ToldAll(ctx, firsts)
	if err != nil {
		c.Log.WarnContext(ctx, "read what notices are about; each is read by itself", "err", err)
	}
	for _, g := range groups {
		now := c.Clock.Now()
		if failed != nil || now.Sub(since) > lease/2 {
			for _, n := range g {
				n.Attempts, n.NextAt = n.Attempts-1, now
				done = append(done, n)
			}
			continue
		}
		r, err := c.post(ctx, g, known)
		if failed = err; err != nil {
			continue // its lease holds
		}
		now = c.Clock.Now()
		for i := range g {
			c.judge(&g[i], r, now)
		}
		done = append(done, g...)
	}
	// What was sent is kept although the hub stops.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return errors.Join(failed, c.Store.Settle(ctx, done))
}

// post writes and sends the message of a group. What it says of many is their
// numbers, so only the first that can be read is.
func (c *Courier) post(ctx context.Context, group []Notice, known map[string]Told) (hub.Receipt, error) {
	first, err := c.first(ctx, group, known)
	if hub.CodeOf(err) == hub.CodeNotFound {
		return hub.Receipt{Outcome: hub.Gone, Reason: "case is not there"}, nil
	}
	if err != nil {
		return hub.Receipt{}, fmt.Errorf("notice %s: %w", group[0].ID, err)
	}
	to, err := c.Book.Address(ctx, group[0], first)
	if err != nil {
		return hub.Receipt{}, fmt.Errorf("notice %s: %w", group[0].ID, err)
	}
	sender, ok := c.Senders[group[0].way()]
	if !ok {
		return hub.Receipt{Outcome: hub.Refused, Reason: "no way " + group[0].way()}, nil
	}
	return sender.Send(ctx, c.audience(group[0]).write(group, first, to)), nil
}

// first returns what the first notice of a group is about whose case is there;
// if none is, CodeNotFound.
func (c *Courier) first(ctx context.Context, group []Notice, known map[string]Told) (t Told, err error) {
	for _, n := range group {
		if t, ok := known[n.ID]; ok {
			return t, nil
		}
		if t, err = c.Book.Told(ctx, n); hub.CodeOf(err) != hub.CodeNotFound {
			return t, err
		}
	}
	return t, err
}

// judge writes into n what became of it.
func (c *Courier) judge(n *Notice, r hub.Receipt, now time.Time) {
	n.Reason = mask.Text(r.Reason)
	switch r.Outcome {
	case hub.Delivered:
		n.Status, n.SentAt, n.NextAt, n.Reason = Sent, now, time.Time{}, ""
	case hub.NotTried:
		n.Attempts--
		n.NextAt = now.Add(max(r.RetryAfter, time.Second))
	case hub.Refused:
		c.turn(n, Nobody, now)
	case hub.Gone:
		n.Status, n.NextAt = Nobody, time.Time{}
	case hub.RetryLater:
		if n.Attempts > len(c.Policy.Schedule) {
			c.turn(n, Dead, now)
			return
		}
		n.NextAt = now.Add(max(r.RetryAfter, c.Policy.Schedule[n.Attempts-1]))
	}
}

// turn goes over to the next way, or gives n up as status.
func (c *Courier) turn(n *Notice, status Status, now time.Time) {
	if n.Way+1 < len(n.Ways) {
		n.Way, n.Attempts, n.NextAt = n.Way+1, 0, now
		return
	}
	n.Status, n.NextAt = status, time.Time{}
}
