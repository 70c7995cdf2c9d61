// Package conform checks what every department plugin must do (一致性检查),
// whatever it is written in. The tests of a plugin and "mashang plugin check"
// run the same checks.
//
// It does not judge what a department makes of a text. Start with [Run].
package conform

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mashang-hub/mashang/hub"
)

// A Result is one check that was run.
type Result struct {
	Check string        `json:"check"`
	OK    bool          `json:"ok"`
	Why   string        `json:"why,omitempty"`
	Took  time.Duration `json:"took"`
}

// A Plugin is what is checked: a department that has been configured.
type Plugin interface {
	Deliver(ctx context.Context, alerts []hub.Alert) ([]hub.Receipt, error)
	Health(ctx context.Context) error
}

// A check is one demand on a plugin.
type check struct {
	name string
	run  func(ctx context.Context, d Plugin) error
}

func checks() []check {
	return []check{
		{"每条推送恰好一份回执", Receipts},
		{"同一条推送再来，回执相同", Again},
		{"并发调用", Concurrent},
		{"没见过的事件类型也有回执", Unknown},
		{"健康检查", func(ctx context.Context, d Plugin) error { return d.Health(ctx) }},
	}
}

// Run runs all checks against a configured department.
func Run(ctx context.Context, d Plugin) []Result {
	var out []Result
	for _, c := range checks() {
		began := time.Now()
		err := c.run(ctx, d)
		r := Result{Check: c.name, OK: err == nil, Took: time.Since(began)}
		if err != nil {
			r.Why = err.Error()
		}
		out = append(out, r)
	}
	return out
}

// Alerts returns n assignments of different cases.
func Alerts(n int) []hub.Alert {
	at := time.Date(2026, 11, 22, 10, 5, 0, 0, time.UTC)
	out := make([]hub.Alert, n)
	for i := range out {
		out[i] = hub.Alert{
			ID: hub.AlertID(fmt.Sprintf("alert-%d", i)), Department: "test", Role: hub.RoleLead,
			Event: hub.Assigned, Seq: 2, At: at, Case: hub.CaseID(fmt.Sprintf("BY%d", i)),
			Place: "620402001001", Due: at.Add(48 * time.Hour), Text: "请按期办理",
			Class:   hub.Class{Category: "城乡建设", Kind: hub.KindHelp, Urgency: hub.UrgencyNormal, Tags: []string{"甲", "乙"}},
			Content: hub.Content{Title: "反映问题", Text: "路灯不亮，请处理。", PlaceText: "白银区", Extra: map[string]string{"k": "v"}},
		}
	}
	return out
}

// Receipts wants exactly one receipt per alert, for none and for many.
func Receipts(ctx context.Context, d Plugin) error {
	for _, n := range []int{0, 1, 256} {
		got, err := d.Deliver(ctx, Alerts(n))
		if err != nil {
			return fmt.Errorf("deliver %d: %w", n, err)
		}
		if err := complete(Alerts(n), got); err != nil {
			return err
		}
	}
	return nil
}

// complete wants each of alerts answered once, and taken.
func complete(alerts []hub.Alert, receipts []hub.Receipt) error {
	seen := map[hub.AlertID]bool{}
	var wrong []error
	for _, r := range receipts {
		seen[r.Alert] = true
		if r.Outcome != hub.Delivered {
			wrong = append(wrong, fmt.Errorf("alert %s: %s (%s)", r.Alert, r.Outcome, r.Reason))
		}
	}
	if len(receipts) != len(alerts) || len(seen) != len(alerts) {
		wrong = append(wrong, fmt.Errorf("%d alerts: %d receipts for %d alerts", len(alerts), len(receipts), len(seen)))
	}
	return errors.Join(wrong...)
}

// Again wants the same receipt for the same alert.
func Again(ctx context.Context, d Plugin) error {
	first, err := d.Deliver(ctx, Alerts(1))
	if err != nil {
		return err
	}
	second, err := d.Deliver(ctx, Alerts(1))
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(first, second) {
		return fmt.Errorf("the first receipt is %+v, the second %+v", first, second)
	}
	return nil
}

// Concurrent calls everything at once.
func Concurrent(ctx context.Context, d Plugin) error {
	g, ctx := errgroup.WithContext(ctx)
	for range 8 {
		g.Go(func() error {
			got, err := d.Deliver(ctx, Alerts(16))
			if err != nil {
				return err
			}
			return errors.Join(complete(Alerts(16), got), d.Health(ctx))
		})
	}
	return g.Wait()
}

// Unknown wants a receipt for an event that the plugin has never heard of: the
// hub may learn new ones before the plugin does.
func Unknown(ctx context.Context, d Plugin) error {
	a := Alerts(1)
	a[0].ID, a[0].Event, a[0].Content = "alert-new", "some_day", hub.Content{}
	got, err := d.Deliver(ctx, a)
	if err != nil {
		return err
	}
	return complete(a, got)
}

// Failed lists the checks that failed.
func Failed(results []Result) []string {
	var out []string
	for _, r := range results {
		if !r.OK {
			out = append(out, r.Check+"："+strings.TrimSpace(r.Why))
		}
	}
	return slices.Clip(out)
}
