package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/dispatch"
)

// WebhooksResult is what Webhooks measured.
type WebhooksResult struct {
	PerS       float64 `json:"webhooks_per_s"`
	P50        float64 `json:"p50_ms_at_50"`
	P50Beside  float64 `json:"p50_ms_healthy_beside_hanging"`
	Lost       int     `json:"lost"`
	OutOfOrder int     `json:"out_of_order"`
	// Stages is where the p50 at 50/s went, in milliseconds from one stage to
	// the next: outbox durable, taken by the relay, filed, claimed by the
	// lane, at the receiver.
	Stages map[string]float64 `json:"stages_p50_ms"`
}

// WebhooksConfig says how much, on what, and which program serves as plugin.
type WebhooksConfig struct {
	Alerts   int    // of the load; also per step of order: four to a case
	Binary   string // started as "plugin relay"
	Brokers  []string
	Postgres string
	Progress func(format string, args ...any)
}

// The steady load under which latency is taken: 50 alerts a second.
const (
	steadyAlerts = 400
	steadyEvery  = 20 * time.Millisecond
	hanging      = 300
	alertBytes   = 1024
	perCase      = 4
)

// The two departments of the benchmark.
const (
	healthy hub.DepartmentCode = "heating"
	hung    hub.DepartmentCode = "labor"
)

// Webhooks carries alerts of 1 KiB from the outbox over the broker to signed
// webhooks on this machine, through the parts and the plugin process of the
// running hub: first as many as it can, then 50 a second, then 50 a second
// beside a department whose receiver hangs with 300 alerts queued.
func Webhooks(ctx context.Context, cfg WebhooksConfig) (res WebhooksResult, err error) {
	r, err := setUp(ctx, Config{Brokers: cfg.Brokers, Postgres: cfg.Postgres})
	if err != nil {
		return res, err
	}
	defer r.close()
	w := &webhooks{rig: r, binary: cfg.Binary, patience: patience, lane: dispatch.Options{Poll: time.Minute}}
	if w.good, err = newReceiver(0); err != nil {
		return res, err
	}
	w.bad = &hangingReceiver{}
	stop, err := w.start(ctx, map[hub.DepartmentCode]http.Handler{healthy: w.good, hung: w.bad})
	defer stop()
	if err != nil {
		return res, err
	}
	return w.measure(ctx, cfg)
}

func (w *webhooks) measure(ctx context.Context, cfg WebhooksConfig) (res WebhooksResult, err error) {
	if err := w.warmUp(ctx); err != nil {
		return res, err
	}
	cfg.Progress("发件箱里 %d 条推送，全部送达", cfg.Alerts)
	took, err := w.load(ctx, cfg.Alerts)
	if err != nil {
		return res, err
	}
	res.PerS = float64(cfg.Alerts) / took.Seconds()
	cfg.Progress("每秒 50 条，%d 条", steadyAlerts)
	if res.P50, err = w.steady(ctx, "s"); err != nil {
		return res, err
	}
	res.Stages = w.trail.medians("s", w.good.times(w.trail))
	cfg.Progress("同时有一个部门收而不答，排着 %d 条", hanging)
	if err := w.insert(ctx, hung, "h", 0, hanging); err != nil {
		return res, err
	}
	if err := w.until(ctx, func() bool { return w.bad.waiting.Load() > 0 }); err != nil {
		return res, err
	}
	if res.P50Beside, err = w.steady(ctx, "b"); err != nil {
		return res, err
	}
	res.Lost, res.OutOfOrder = w.good.account()
	return res, nil
}

// load puts everything into the outbox and then lets the relay go.
func (w *webhooks) load(ctx context.Context, n int) (time.Duration, error) {
	w.hold.Lock()
	err := w.insert(ctx, healthy, "l", 0, n)
	start := time.Now()
	w.hold.Unlock()
	if err != nil {
		return 0, err
	}
	err = w.until(ctx, w.good.complete)
	return time.Since(start), err
}

// steady sends 50 alerts a second and returns the median of outbox → receiver
// in milliseconds.
func (w *webhooks) steady(ctx context.Context, name string) (float64, error) {
	tick := time.NewTicker(steadyEvery)
	defer tick.Stop()
	for i := range steadyAlerts {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-tick.C:
		}
		if err := w.insert(ctx, healthy, name, i, i+1); err != nil {
			return 0, err
		}
	}
	if err := w.until(ctx, w.good.complete); err != nil {
		return 0, err
	}
	return w.good.median(name), nil
}

// warmUp waits for the plugin processes and sends some alerts the whole way.
func (w *webhooks) warmUp(ctx context.Context) error {
	if err := w.until(ctx, w.running); err != nil {
		return err
	}
	if err := w.insert(ctx, healthy, "w", 0, 200); err != nil {
		return err
	}
	return w.until(ctx, w.good.complete)
}

// insert puts alerts from to to of a series into the outbox, in one
// transaction for each ten: more than the desk puts there with one case.
func (w *webhooks) insert(ctx context.Context, dept hub.DepartmentCode, series string, from, to int) error {
	for ; from < to; from += 10 {
		var out []hub.Outgoing
		for i := from; i < min(from+10, to); i++ {
			a := w.alert(dept, series, i)
			body, err := json.Marshal(a)
			if err != nil {
				return err
			}
			out = append(out, hub.Outgoing{Topic: bus.Alerts(dept), Key: string(a.Case), ID: string(a.ID), Payload: body})
			if r, ok := w.dests[dept].(*receiver); ok {
				r.expect(string(a.ID))
			}
		}
		if err := w.db.Send(ctx, out); err != nil {
			return fmt.Errorf("fill the outbox: %w", err)
		}
		for _, o := range out {
			w.trail.mark(committed, o.ID)
		}
	}
	return nil
}

// alert makes number i of a series: perCase alerts to a case, 1 KiB each.
func (w *webhooks) alert(dept hub.DepartmentCode, series string, i int) hub.Alert {
	c := hub.CaseID("BW" + w.run + "-" + series + strconv.Itoa(i/perCase))
	seq := int64(i%perCase + 1)
	a := hub.Alert{
		ID: hub.AlertID(fmt.Sprintf("%s.%d.%s", c, seq, dept)), Department: dept, Role: hub.RoleLead,
		Event: hub.Assigned, Seq: seq, At: time.Now(), Case: c, Place: "620402001",
		Class:   hub.Class{Category: "城乡建设", Kind: hub.KindComplaint, Urgency: hub.UrgencyUrgent, Topic: "heating"},
		Content: hub.Content{Title: "暖气不热", Reporter: hub.Reporter{Name: "张三", Phone: "19900000000"}},
	}
	body, _ := json.Marshal(a)
	a.Content.Text = strings.Repeat("热", max(0, alertBytes-len(body)-10)/3)
	return a
}

// patience is how long anything may take that no department holds up.
const patience = 2 * time.Minute

// until waits for ok, as long as w has patience.
func (w *webhooks) until(ctx context.Context, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("webhooks did not all arrive: %w", ctx.Err())
		case err := <-w.errs:
			return err
		case <-tick.C:
		}
	}
	return nil
}
