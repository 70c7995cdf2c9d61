package courier

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
)

const (
	batch = 50              // messages of one claim
	lease = 2 * time.Minute // after which another node may send them
	pause = time.Second     // between two looks without a Notify
)

// BatchWait is how long the consumer of notices lets a batch grow: people do not
// see the difference, and the database does.
const BatchWait = 100 * time.Millisecond

// A Book (通知依据) knows what messages are about.
type Book interface {
	// Told reads what a notice is about. CodeNotFound says that the case is
	// not there.
	Told(ctx context.Context, n Notice) (Told, error)
	// Address finds who is told.
	Address(ctx context.Context, n Notice, t Told) (Address, error)
	// Urgencies are those of cases; one that is not there has none.
	Urgencies(ctx context.Context, ids []hub.CaseID) (map[hub.CaseID]hub.Urgency, error)
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
	return c
}

// Record plans the notices of messages of the bus. When it returns nil all of
// them may be acknowledged; it may be called again with the same ones.
func (c *Courier) Record(ctx context.Context, msgs []*message.Message) error {
	events := make([]hub.Event, 0, len(msgs))
	ids := make([]hub.CaseID, 0, len(msgs))
	for _, m := range msgs {
		var event struct {
			Data hub.Event `json:"data"`
		}
		if err := json.Unmarshal(m.Payload, &event); err != nil {
			return fmt.Errorf("read notice %s: %w", m.UUID, err)
		}
		if event.Data.Case == "" {
			continue // an endpoint's alarm, which is pushed to its department
		}
		events, ids = append(events, event.Data), append(ids, event.Data.Case)
	}
	urgencies, err := c.Book.Urgencies(ctx, ids)
	if err != nil {
		return err
	}
	var list []Notice
	for _, e := range events {
		if u, ok := urgencies[e.Case]; ok {
			list = append(list, c.Policy.plan(e, u, c.Ladder)...)
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
	for _, g := range groups {
		if err := c.send(ctx, g); err != nil {
			return len(groups), err
		}
	}
	return len(groups), nil
}

// send sends one message and settles its notices.
func (c *Courier) send(ctx context.Context, group []Notice) error {
	r, err := c.post(ctx, group)
	if err != nil {
		return err
	}
	now := c.Clock.Now()
	for i := range group {
		c.judge(&group[i], r, now)
	}
	return c.Store.Settle(ctx, group)
}

// post writes and sends the message of a group.
func (c *Courier) post(ctx context.Context, group []Notice) (hub.Receipt, error) {
	told := make([]Told, len(group))
	for i, n := range group {
		var err error
		if told[i], err = c.Book.Told(ctx, n); err != nil {
			if hub.CodeOf(err) == hub.CodeNotFound {
				return hub.Receipt{Outcome: hub.Gone, Reason: "case is not there"}, nil
			}
			return hub.Receipt{}, fmt.Errorf("notice %s: %w", n.ID, err)
		}
	}
	to, err := c.Book.Address(ctx, group[0], told[0])
	if err != nil {
		return hub.Receipt{}, fmt.Errorf("notice %s: %w", group[0].ID, err)
	}
	audience := c.Policy.Staff
	if group[0].Person == "" {
		audience = c.Policy.Citizen
	}
	sender, ok := c.Senders[group[0].way()]
	if !ok {
		return hub.Receipt{Outcome: hub.Refused, Reason: "no way " + group[0].way()}, nil
	}
	return sender.Send(ctx, audience.write(group, told, to)), nil
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
