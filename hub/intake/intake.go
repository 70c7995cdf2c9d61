// Package intake takes submissions (来件) from the channels: it checks the
// envelope, numbers each one and answers only when the bus has it on disk.
//
// It does not read what a citizen wants (package rules) nor open cases
// (package desk). Start with Intake.
package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
)

// recent is how many accepted receipts a node remembers.
const recent = 100_000

// The door's limits. What comes beyond them is answered "try again later" at
// once, which a sender can act on; waiting in a long queue it cannot.
const (
	pending = 10_000           // submissions that may wait for the bus
	patient = 10 * time.Second // how long they wait
)

// A Publisher puts messages on the bus. It returns nil only when every message
// is on disk there; after an error any of them may or may not be.
type Publisher interface {
	Publish(topic string, messages ...*message.Message) error
}

// Seen tells which receipts already became cases. An error is taken as "do not
// know": the desk opens one case per receipt anyway.
type Seen interface {
	FindReceipts(ctx context.Context, ids []hub.ReceiptID) (map[hub.ReceiptID]bool, error)
}

// An Intake accepts submissions. It is safe for concurrent use.
type Intake struct {
	publisher Publisher
	seen      Seen
	numbers   numbers
	clock     hub.Clock
	accepted  *lru.Cache[hub.ReceiptID, struct{}]
	waiting   atomic.Int64
	putting   sync.WaitGroup
	patient   time.Duration
}

// New returns an Intake that derives numbers with key (the same on all nodes)
// and starts case numbers with prefix, such as "BY". A nil seen knows nothing.
func New(publisher Publisher, seen Seen, key []byte, prefix string, clock hub.Clock) *Intake {
	accepted, err := lru.New[hub.ReceiptID, struct{}](recent)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &Intake{
		publisher: publisher, seen: seen, numbers: numbers{key, prefix}, clock: clock, accepted: accepted, patient: patient,
	}
}

// Accept answers one Acceptance for each submission, in order. A submission
// that is wrong carries its reason in Err and does not touch the others. An
// error means that none is known to be accepted: send them again, with the
// same external ids.
func (i *Intake) Accept(ctx context.Context, subs []hub.Submission) ([]hub.Acceptance, error) {
	now := i.clock.Now()
	answers := make([]hub.Acceptance, len(subs))
	sealed := make([]hub.Submission, len(subs))
	for n, s := range subs {
		if err := check(s); err != nil {
			answers[n].Err = err
			continue
		}
		sealed[n] = i.seal(s, now)
		answers[n].Receipt, answers[n].Case = sealed[n].Receipt, sealed[n].Case
	}
	known, ask := i.remembered(answers)
	var out []*message.Message
	for n := range answers {
		a := &answers[n]
		if a.Err != nil {
			continue
		}
		if a.Duplicate = known[a.Receipt]; a.Duplicate {
			continue
		}
		known[a.Receipt] = true // the same thing twice in one batch
		m, err := envelope(ctx, sealed[n])
		if err != nil {
			return nil, fmt.Errorf("encode submission %s: %w", a.Receipt, err)
		}
		out = append(out, m)
	}
	// Bus and store are asked at the same time: that the bus gets what is a case
	// already does no harm, for the desk opens one case per receipt.
	found := i.look(ctx, ask)
	err := i.publish(ctx, out)
	cases := <-found
	for n := range answers {
		a := &answers[n]
		a.Duplicate = a.Duplicate || (a.Err == nil && cases[a.Receipt])
	}
	if err != nil && len(cases) < len(ask) {
		return nil, err
	}
	return answers, nil
}

// publish waits for the bus and only then remembers the receipts.
func (i *Intake) publish(ctx context.Context, messages []*message.Message) error {
	if len(messages) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return &hub.Error{Code: hub.CodeUnavailable, Key: "intake.unavailable", Err: err}
	}
	n := int64(len(messages))
	if i.waiting.Add(n) > pending && n < pending {
		i.waiting.Add(-n)
		return hub.Errorf(hub.CodeUnavailable, "intake.unavailable")
	}
	done := make(chan error, 1)
	i.putting.Go(func() { // the bus may take longer than the sender should wait
		defer i.waiting.Add(-n)
		done <- i.put(messages)
	})
	late := time.NewTimer(i.patient)
	defer late.Stop()
	select {
	case err := <-done:
		return err
	case <-late.C:
		return &hub.Error{Code: hub.CodeUnavailable, Key: "intake.unavailable", Err: errLate}
	}
}

// errLate says that the bus did not answer in time: it may still take what it
// was given, and the same submissions again are duplicates.
var errLate = errors.New("the bus did not answer in time")

func (i *Intake) put(messages []*message.Message) error {
	if err := i.publisher.Publish(bus.Submissions, messages...); err != nil {
		return &hub.Error{Code: hub.CodeUnavailable, Key: "intake.unavailable", Err: err}
	}
	for _, m := range messages {
		i.accepted.Add(hub.ReceiptID(m.UUID), struct{}{})
	}
	return nil
}

// remembered returns the receipts that this node accepted before, and those
// that the store must be asked about.
func (i *Intake) remembered(answers []hub.Acceptance) (known map[hub.ReceiptID]bool, ask []hub.ReceiptID) {
	known = make(map[hub.ReceiptID]bool, len(answers))
	for _, a := range answers {
		switch {
		case a.Err != nil:
		case i.accepted.Contains(a.Receipt):
			known[a.Receipt] = true
		default:
			ask = append(ask, a.Receipt)
		}
	}
	return known, ask
}

// look asks the store which receipts are cases; an error means that it does not
// know.
func (i *Intake) look(ctx context.Context, ask []hub.ReceiptID) <-chan map[hub.ReceiptID]bool {
	answer := make(chan map[hub.ReceiptID]bool, 1)
	if len(ask) == 0 || i.seen == nil {
		answer <- nil
		return answer
	}
	i.putting.Go(func() {
		found, err := i.seen.FindReceipts(ctx, ask)
		if err != nil {
			found = nil // the desk removes duplicates
		}
		answer <- found
	})
	return answer
}

// seal fills in what the hub gives a submission: times, ids, a title.
func (i *Intake) seal(s hub.Submission, now time.Time) hub.Submission {
	s.ReceivedAt = now
	if s.SubmittedAt.IsZero() || s.SubmittedAt.After(now) {
		s.SubmittedAt = now
	}
	if s.Title == "" {
		s.Title = hub.Headline(s.Text)
	}
	if s.ExternalID == "" {
		s.Heuristic = true
		s.ExternalID = i.fingerprint(s)
	}
	s.Receipt = i.numbers.receipt(s.Channel, s.ExternalID)
	s.Case = i.numbers.caseID(s.Channel, s.ExternalID)
	return s
}

// envelope makes the message; its id is the receipt, the same at each attempt.
func envelope(ctx context.Context, s hub.Submission) (*message.Message, error) {
	payload, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	m := message.NewMessage(string(s.Receipt), payload)
	m.Metadata.Set("key", string(s.Channel)+"/"+s.ExternalID)
	m.SetContext(ctx)
	return m, nil
}
