package warning

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A JudgeFunc judges one report; it is called while its spot is locked.
type JudgeFunc = func(Report, Picture) (Step, string)

// An OutFunc lists what is to be sent of a warning after a step.
type OutFunc = func(w Warning, step Step) []hub.Outgoing

// A Store keeps reports and warnings; it is safe for concurrent use, by
// several nodes too.
type Store interface {
	// Record adds r unless it is known already, judges it by what is known of
	// its spot, and stores what comes of it together with what out lists, or
	// nothing at all. It may be called twice with the same report.
	Record(ctx context.Context, r Report, p Policy, judge JudgeFunc, out OutFunc) error
	// CloseQuiet ends the warnings of p whose last report is not after before,
	// and returns how many those were.
	CloseQuiet(ctx context.Context, p Policy, before, now time.Time, out func(Warning) []hub.Outgoing) (int, error)
	// Close ends one running warning by hand, with what out lists; a warning
	// that is over is an Error of CodeConflict.
	Close(ctx context.Context, id, by, why string, now time.Time, out func(Warning) []hub.Outgoing) (Warning, error)
	// Case reads a case with its words.
	Case(ctx context.Context, id hub.CaseID) (hub.Case, hub.Submission, error)
}

// A Watch (预警岗) reads what happens to cases and keeps the warnings.
type Watch struct {
	store    Store
	policies map[string]Policy
	reader   *Reader
	topic    func(hub.DepartmentCode) string // bus topic of a department's alerts
	clock    hub.Clock
	log      *slog.Logger
}

// New returns a Watch for policies; topic names the bus topic of a
// department's alerts.
func New(store Store, policies []Policy, reader *Reader, topic func(hub.DepartmentCode) string, clock hub.Clock, log *slog.Logger) (*Watch, error) {
	w := &Watch{store, map[string]Policy{}, reader, topic, clock, log}
	for _, p := range policies {
		if err := p.Validate(); err != nil {
			return nil, err
		}
		w.policies[p.Topic] = p
	}
	return w, nil
}

// See takes events of cases, in order. It may see the same event twice.
func (w *Watch) See(ctx context.Context, events []hub.Event) error {
	for _, e := range events {
		if e.Type != hub.Assigned && e.Type != hub.Queued || e.Data.Decision == nil {
			continue
		}
		p, ok := w.policies[e.Data.Decision.Class.Topic]
		if !ok {
			continue
		}
		if err := w.report(ctx, p, e); err != nil {
			return fmt.Errorf("early warning of case %s: %w", e.Case, err)
		}
	}
	return nil
}

func (w *Watch) report(ctx context.Context, p Policy, e hub.Event) error {
	c, s, err := w.store.Case(ctx, e.Case)
	if err != nil {
		return err
	}
	spot := w.reader.Spot(s.Content, c.Place)
	if spot.Key == "" {
		return nil
	}
	r := Report{Case: c.ID, Topic: p.Topic, Spot: spot, Place: c.Place, Urgency: c.Class.Urgency, At: c.OpenedAt}
	return w.store.Record(ctx, r, p, p.Judge, func(at Warning, step Step) []hub.Outgoing { return w.alerts(p, at, step) })
}

// Policy returns the policy of a topic, and whether there is one.
func (w *Watch) Policy(topic string) (Policy, bool) {
	p, ok := w.policies[topic]
	return p, ok
}

// Close ends a running warning by hand and tells its departments why. Reports
// that it gathered are not counted for a new one.
func (w *Watch) Close(ctx context.Context, id, by, why string) (Warning, error) {
	if strings.TrimSpace(why) == "" {
		return Warning{}, hub.Errorf(hub.CodeInvalid, "reason.required")
	}
	return w.store.Close(ctx, id, by, why, w.clock.Now(), func(at Warning) []hub.Outgoing {
		p, ok := w.policies[at.Topic]
		if !ok {
			return nil // the city no longer watches the topic: nobody is told
		}
		return w.alerts(p, at, closing)
	})
}

// alerts tells the departments of a warning that was opened, grew or closed.
// An alert names the latest case, so that its order is that case's.
func (w *Watch) alerts(p Policy, at Warning, step Step) []hub.Outgoing {
	text, ok := tell(p, at, step)
	if !ok {
		return nil
	}
	var out []hub.Outgoing
	for i, d := range p.Departments {
		role := hub.RoleCo
		if i == 0 {
			role = hub.RoleLead
		}
		a := hub.Alert{
			ID:         hub.AlertID(at.ID + "." + strconv.Itoa(at.Cases) + step.mark() + "." + string(d)),
			Department: d, Role: role, Event: hub.EarlyWarning, At: w.clock.Now(), Case: at.Latest, Place: at.Place,
			Class: hub.Class{Topic: p.Topic, Urgency: urgency(at)}, Text: text,
			Content: hub.Content{Extra: map[string]string{
				hub.WarningID: at.ID, hub.WarningSpot: at.Spot, hub.WarningCases: strconv.Itoa(at.Cases), hub.WarningStep: step.name(),
			}},
		}
		payload, err := json.Marshal(a)
		if err != nil {
			w.log.Error("encode a warning", "warning", at.ID, "err", err)
			continue
		}
		out = append(out, hub.Outgoing{Topic: w.topic(d), Key: string(at.Latest), ID: string(a.ID), Payload: payload})
	}
	return out
}

// closing marks the alert of a warning that ended.
const closing Step = -1

func (s Step) mark() string {
	if s == closing {
		return "c"
	}
	return ""
}

// name is how the step is told to programs.
func (s Step) name() string {
	switch s {
	case Grow:
		return hub.WarningGrown
	case closing:
		return hub.WarningClosed
	case Nothing, Open, Join:
	}
	return hub.WarningOpened
}

func urgency(w Warning) hub.Urgency {
	if w.Critical {
		return hub.UrgencyCritical
	}
	return hub.UrgencyUrgent
}

func tell(p Policy, w Warning, step Step) (string, bool) {
	switch step {
	case Open:
		return fmt.Sprintf("【预警】%s。请按一个事件处置，相关事项已归集（%s）。", w.Why, w.ID), true
	case Grow:
		return fmt.Sprintf("【预警升温】%s%s已有%d件，仍在增加（%s）。", w.Spot, p.Name, w.Cases, w.ID), true
	case closing:
		if w.ClosedBy != "" {
			return fmt.Sprintf("【预警解除】%s%s共%d件，由%s解除：%s（%s）。", w.Spot, p.Name, w.Cases, w.ClosedBy, w.ClosedWhy, w.ID), true
		}
		return fmt.Sprintf("【预警解除】%s%s共%d件，已%s没有新的来件（%s）。", w.Spot, p.Name, w.Cases, Span(p.Quiet), w.ID), true
	case Nothing, Join:
	}
	return "", false
}

// every is how often Run looks for warnings that went quiet.
const every = 30 * time.Second

// Run closes quiet warnings until ctx ends, and then returns nil.
func (w *Watch) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	last := ""
	for {
		err := w.Tick(ctx)
		if text := fmt.Sprint(err); err != nil && text != last && ctx.Err() == nil {
			last = text
			w.log.Error("close quiet warnings", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Tick closes the warnings that are quiet by now.
func (w *Watch) Tick(ctx context.Context) error {
	now := w.clock.Now()
	var all error
	for _, topic := range slices.Sorted(maps.Keys(w.policies)) {
		p := w.policies[topic]
		_, err := w.store.CloseQuiet(ctx, p, now.Add(-p.Quiet), now, func(at Warning) []hub.Outgoing {
			return w.alerts(p, at, closing)
		})
		all = errors.Join(all, err)
	}
	return all
}
