package notice

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Store keeps alerts and what was decided about them. Its methods are safe
// for concurrent use.
type Store interface {
	// Active returns the silences that are not over at now.
	Active(ctx context.Context, now time.Time) ([]Silence, error)
	// Sources returns the sources of a department that are not over at now, of
	// those keys.
	Sources(ctx context.Context, dept hub.DepartmentCode, keys []string, now time.Time) (map[string]Inhibitor, error)
	// File stores alerts with their verdicts and the sources among them, all
	// or nothing; an alert that is known is left as it is.
	File(ctx context.Context, alerts []hub.Alert, verdicts []Verdict, now time.Time) error
	// Flush makes one notice of each group whose time has come, durably, and
	// returns the departments that have something to push and when the next
	// group is due.
	Flush(ctx context.Context, now time.Time, n int, make func([]hub.Alert) hub.Alert) ([]hub.DepartmentCode, time.Time, error)
	// Release hands the muted alerts whose time is over to decide, and stores
	// what it says.
	Release(ctx context.Context, now time.Time, n int, decide func(context.Context, []hub.Alert) ([]Verdict, error)) ([]hub.DepartmentCode, error)
}

// An Inhibitor is an alert that inhibits others until a time.
type Inhibitor struct {
	Alert hub.AlertID
	Until time.Time
}

// A Desk (通知台) files alerts as its policies say and gives out notices.
type Desk struct {
	Store    Store
	Policies map[hub.DepartmentCode]Policy
	Clock    hub.Clock
	Log      *slog.Logger
	// Notify is told which departments have something to push.
	Notify func(hub.DepartmentCode)

	mu       sync.Mutex
	silences []Silence
	read     time.Time // when silences were read
}

// fresh is how old the silences may be that alerts are filed by: one that is
// set works everywhere within this time.
const fresh = time.Second

// active returns the silences that are not over at now.
func (d *Desk) active(ctx context.Context, now time.Time) ([]Silence, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if age := now.Sub(d.read); !d.read.IsZero() && age >= 0 && age < fresh {
		return d.silences, nil
	}
	list, err := d.Store.Active(ctx, now)
	if err != nil {
		return nil, fmt.Errorf("read silences: %w", err)
	}
	d.silences, d.read = list, now
	return list, nil
}

// Forget makes the desk read the silences again.
func (d *Desk) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.read = time.Time{}
}

// AddDeliveries files alerts; it may be called again with the same ones.
func (d *Desk) AddDeliveries(ctx context.Context, alerts []hub.Alert, now time.Time) error {
	verdicts, err := d.decide(ctx, alerts, now)
	if err != nil {
		return err
	}
	return d.Store.File(ctx, alerts, verdicts, now)
}

// decide judges alerts in their order, so that a source mutes what comes with it.
func (d *Desk) decide(ctx context.Context, alerts []hub.Alert, now time.Time) ([]Verdict, error) {
	silences, err := d.active(ctx, now)
	if err != nil {
		return nil, err
	}
	known, err := d.sources(ctx, alerts, now)
	if err != nil {
		return nil, err
	}
	verdicts := make([]Verdict, len(alerts))
	for i, a := range alerts {
		mine := known[a.Department]
		verdicts[i] = d.Policies[a.Department].Decide(a, Facts{
			Silences: silences, Now: now,
			Source: func(key string) (hub.AlertID, time.Time, bool) { s, ok := mine[key]; return s.Alert, s.Until, ok },
		})
		for _, s := range verdicts[i].Sources {
			mine[s.Key] = Inhibitor{a.ID, s.Until}
		}
	}
	return verdicts, nil
}

func (d *Desk) sources(ctx context.Context, alerts []hub.Alert, now time.Time) (map[hub.DepartmentCode]map[string]Inhibitor, error) {
	keys := map[hub.DepartmentCode][]string{}
	known := map[hub.DepartmentCode]map[string]Inhibitor{}
	for _, a := range alerts {
		known[a.Department] = map[string]Inhibitor{}
		keys[a.Department] = append(keys[a.Department], d.Policies[a.Department].Keys(a)...)
	}
	for dept, k := range keys {
		if len(k) == 0 {
			continue
		}
		found, err := d.Store.Sources(ctx, dept, k, now)
		if err != nil {
			return nil, fmt.Errorf("read sources of %s: %w", dept, err)
		}
		known[dept] = found
	}
	return known, nil
}

// How many groups and muted alerts one turn takes, and how long the desk sleeps
// at most.
const (
	turnGroups = 200
	turnMuted  = 500
	longest    = time.Second
)

// Run gives out notices and brings back muted alerts until ctx ends; it then
// returns nil.
func (d *Desk) Run(ctx context.Context) error {
	last := ""
	for ctx.Err() == nil {
		wait, err := d.Step(ctx)
		if text := fmt.Sprint(err); err != nil && text != last && ctx.Err() == nil {
			last = text
			d.Log.Error("give out notices", "err", err)
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
	return nil
}

// Step does what is due and returns how long to wait for the next.
func (d *Desk) Step(ctx context.Context) (time.Duration, error) {
	now := d.Clock.Now()
	back, err := d.Store.Release(ctx, now, turnMuted, func(ctx context.Context, alerts []hub.Alert) ([]Verdict, error) {
		return d.decide(ctx, alerts, now)
	})
	if err != nil {
		return longest, fmt.Errorf("bring back muted alerts: %w", err)
	}
	out, next, err := d.Store.Flush(ctx, now, turnGroups, Compose)
	if err != nil {
		return longest, fmt.Errorf("flush groups: %w", err)
	}
	for _, dept := range append(back, out...) {
		d.Notify(dept)
	}
	switch {
	case len(out) > 0 || len(back) > 0:
		return 0, nil // there may be more
	case next.IsZero():
		return longest, nil
	}
	return min(longest, max(next.Sub(now), time.Millisecond)), nil
}

// listed is how many of its cases a notice names.
const listed = 20

// Compose makes the notice of a group: its case is its own, its text names the
// cases, its class and place are the first's, its urgency the highest, its due
// time the earliest. The store gives it an id.
func Compose(group []hub.Alert) hub.Alert {
	first := group[0]
	n := hub.Alert{
		Department: first.Department, Role: first.Role, Event: hub.Gathered, Seq: 1, At: group[len(group)-1].At,
		Place: first.Place, Class: first.Class,
	}
	ids := make([]string, len(group))
	var b strings.Builder
	for i, a := range group {
		ids[i] = string(a.Case)
		if worse(a.Class.Urgency, n.Class.Urgency) {
			n.Class.Urgency = a.Class.Urgency
		}
		if !a.Due.IsZero() && (n.Due.IsZero() || a.Due.Before(n.Due)) {
			n.Due = a.Due
		}
		if i < listed {
			fmt.Fprintf(&b, "%d. %s %s\n", i+1, a.Case, a.Content.Title)
		}
	}
	if len(group) > listed {
		fmt.Fprintf(&b, "……共 %d 件，其余请在工作台查看。", len(group))
	}
	n.Content = hub.Content{
		Title: strconv.Itoa(len(group)) + " 件合并通知", Text: strings.TrimRight(b.String(), "\n"), PlaceText: first.Content.PlaceText,
		Extra: map[string]string{"count": strconv.Itoa(len(group)), "cases": strings.Join(ids, ",")},
	}
	return n
}

func worse(a, b hub.Urgency) bool {
	rank := map[hub.Urgency]int{hub.UrgencyNormal: 1, hub.UrgencyUrgent: 2, hub.UrgencyCritical: 3}
	return rank[a] > rank[b]
}
