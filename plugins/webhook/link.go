package webhook

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// parallel is how many cases are pushed at the same time.
const parallel = 16

// margin is what Push leaves of its caller's time to answer in.
const margin = 500 * time.Millisecond

// A Link (对接) is the connection to a department's own system. It is safe for
// concurrent use.
type Link struct {
	config Config
	client *client
	clock  hub.Clock
	log    *slog.Logger
	// understand reads an answer that names no step; nil reads none.
	understand Understand

	mu     sync.Mutex
	queue  []hub.Update
	queued chan struct{} // holds a token when queue may have grown
}

// NewLink checks config and returns its link.
func NewLink(config Config, clock hub.Clock, log *slog.Logger) (*Link, error) {
	c, err := newClient(config, clock)
	if err != nil {
		return nil, err
	}
	return &Link{config: config, client: c, clock: clock, log: log, queued: make(chan struct{}, 1)}, nil
}

// An Understand reads what a department's people answer in words of their own:
// which step it reports and, for a sending back, who should have the case. It
// is safe for concurrent use.
type Understand func(text string) (step hub.EventType, suggest hub.DepartmentCode, ok bool)

// Understand has l read answers without a step, and returns l.
func (l *Link) Understand(f Understand) *Link {
	l.understand = f
	return l
}

// An Item is an alert and what the department read from it.
type Item struct {
	Alert   hub.Alert
	Reading hub.Receipt // Facts, Group, Critical and why
}

// Push pushes items, those of one case in order, and returns a receipt for
// each, in order. After a failure the rest of that case waits for its turn.
func (l *Link) Push(ctx context.Context, items []Item) []hub.Receipt {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-margin))
		defer cancel()
	}
	receipts := make([]hub.Receipt, len(items))
	byCase := map[hub.CaseID][]int{}
	for i, it := range items {
		byCase[it.Alert.Case] = append(byCase[it.Alert.Case], i)
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for _, indexes := range byCase {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			l.pushCase(ctx, items, receipts, indexes)
		})
	}
	wg.Wait()
	return receipts
}

func (l *Link) pushCase(ctx context.Context, items []Item, receipts []hub.Receipt, indexes []int) {
	failed := false
	for _, i := range indexes {
		r := hub.Receipt{Outcome: hub.NotTried, Reason: "an earlier alert of the case was not delivered"}
		if !failed {
			r = l.push(ctx, items[i])
		}
		failed = failed || r.Outcome != hub.Delivered && r.Outcome != hub.Refused
		read := items[i].Reading
		r.Alert, r.Facts, r.Group, r.Critical = items[i].Alert.ID, read.Facts, read.Group, read.Critical
		r.Reason = cmp.Or(r.Reason, read.Reason)
		receipts[i] = r
	}
}

func (l *Link) push(ctx context.Context, it Item) hub.Receipt {
	if ctx.Err() != nil {
		return hub.Receipt{Outcome: hub.NotTried, Reason: "no time left"}
	}
	r := hub.Receipt{Outcome: hub.Delivered}
	if l.config.URL != "" {
		body, err := json.Marshal(Envelope(it))
		if err != nil {
			return hub.Receipt{Outcome: hub.Refused, Reason: "alert cannot be encoded"}
		}
		var a answer
		r, a = l.client.post(ctx, string(it.Alert.ID), body)
		l.report(it.Alert, a)
	}
	if r.Outcome == hub.Delivered && l.config.AutoSign && it.Alert.Event == hub.Assigned {
		l.enqueue(hub.Update{
			ID: "auto-sign:" + string(it.Alert.ID), Department: it.Alert.Department, Case: it.Alert.Case,
			Step: hub.SignedFor, At: l.clock.Now(),
		})
	}
	return r
}

// report queues what the receiver's answer says about the case.
func (l *Link) report(alert hub.Alert, a answer) {
	for _, u := range a.Updates {
		if u.Step == "" && l.understand != nil {
			step, suggest, _ := l.understand(u.Text)
			u.Step, u.Suggest = step, cmp.Or(u.Suggest, suggest)
		}
		switch u.Step {
		case hub.SignedFor, hub.Progressed, hub.SentBack, hub.Resolved, hub.ContactMade,
			hub.EventType(hub.Confirmed), hub.EventType(hub.Partly), hub.EventType(hub.Unfounded):
		default:
			l.log.Warn("unknown step in webhook answer", "case_id", string(alert.Case))
			continue
		}
		id := u.ID
		if id == "" {
			id = string(alert.ID) + ":" + string(u.Step)
		}
		l.enqueue(hub.Update{
			ID: id, Department: alert.Department, Case: alert.Case, Step: u.Step,
			Text: u.Text, Suggest: u.Suggest, At: l.clock.Now(),
		})
	}
}

func (l *Link) enqueue(u hub.Update) {
	l.mu.Lock()
	l.queue = append(l.queue, u)
	l.mu.Unlock()
	select {
	case l.queued <- struct{}{}:
	default:
	}
}

// Updates implements the method of plugins.Department. What is queued lives in
// memory: a killed plugin forgets it.
func (l *Link) Updates(ctx context.Context, send func(hub.Update) error) error {
	for {
		u, ok := l.take()
		if !ok {
			select {
			case <-ctx.Done():
				return nil
			case <-l.queued:
				continue
			}
		}
		err := send(u)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			l.back(u)
			return nil
		case hub.CodeOf(err) == hub.CodeUnavailable:
			l.back(u)
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(time.Second):
			}
		default:
			l.log.Warn("hub does not take update", "case_id", string(u.Case), "error", err)
		}
	}
}

func (l *Link) take() (hub.Update, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return hub.Update{}, false
	}
	u := l.queue[0]
	l.queue = l.queue[1:]
	return u, true
}

func (l *Link) back(u hub.Update) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append([]hub.Update{u}, l.queue...)
}

// An Event is the CloudEvents form of an alert.
type Event struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	Type        string    `json:"type"`
	Source      string    `json:"source"`
	Subject     string    `json:"subject"`
	Time        time.Time `json:"time"`
	ContentType string    `json:"datacontenttype"`
	Schema      string    `json:"dataschema"`
	Partition   string    `json:"partitionkey"`
	Data        EventData `json:"data"`
}

// EventData is an alert and what the department's plugin read from it.
type EventData struct {
	hub.Alert
	Facts    map[string]string `json:"facts,omitempty"`
	Group    string            `json:"group,omitempty"`
	Critical bool              `json:"critical,omitempty"`
}

// Envelope returns the event of an item.
func Envelope(it Item) Event {
	a := it.Alert
	return Event{
		SpecVersion: "1.0", ID: string(a.ID), Type: EventType(a.Event),
		Source: "/mashang/hub", Subject: string(a.Case), Time: a.At, ContentType: "application/json",
		Schema: "/schemas/" + EventType(a.Event) + ".json", Partition: string(a.Case),
		Data: EventData{a, it.Reading.Facts, it.Reading.Group, it.Reading.Critical},
	}
}

// EventType is the CloudEvents type of an alert about e.
func EventType(e hub.EventType) string { return "cn.gov.baiyin.mashang.case." + string(e) + ".v1" }
