package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/host"
)

// PluginsResult is what Plugins measured. Lost counts alerts that never got a
// receipt of their own.
type PluginsResult struct {
	PerS       float64 `json:"alerts_per_s"`            // 100 a call, over AutoMTLS to a process
	OneCaller  float64 `json:"alerts_per_s_one_caller"` // the same, one call at a time
	PlainPerS  float64 `json:"plain_alerts_per_s"`      // the same calls, neither TLS nor another process
	SinglePerS float64 `json:"single_alerts_per_s"`     // one alert a call, over AutoMTLS
	Ratio      float64 `json:"ratio"`                   // PerS to PlainPerS
	AgainMS    float64 `json:"serves_again_ms"`         // the worst, after its back-off
	Kills      int     `json:"kills"`
	Lost       int64   `json:"lost"`
}

// PluginsConfig says which program serves as plugin and for how long each rate
// is taken.
type PluginsConfig struct {
	Binary   string // started as "plugin relay"
	Each     time.Duration
	Callers  int // as many as a lane has calls under way
	Progress func(format string, args ...any)
}

// The sizes of a run.
const (
	pluginBatch = 100
	pluginKills = 3
	// pluginRest is the back-off of the benchmark; the hub's first is a second.
	pluginRest = 250 * time.Millisecond
)

// deliverer is the part of a department that the benchmark calls.
type deliverer interface {
	Deliver(ctx context.Context, alerts []hub.Alert) ([]hub.Receipt, error)
}

// Plugins hands alerts of 1 KiB to a plugin process of the running hub, 100 a
// call, and counts a receipt for each of them; then the same without TLS and
// without a process, and one alert a call. Last it kills the process under load
// and takes the time until it serves again.
func Plugins(ctx context.Context, cfg PluginsConfig) (res PluginsResult, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p, end, err := pluginProcess(ctx, cfg.Binary)
	if err != nil {
		return res, err
	}
	defer end()
	alerts := pluginAlerts()
	plain, closePlain, err := plainDepartment(ctx)
	if err != nil {
		return res, err
	}
	defer closePlain()
	for _, m := range []struct {
		into    *float64
		to      deliverer
		batch   int
		callers int
		what    string
	}{
		{&res.PlainPerS, plain, pluginBatch, cfg.Callers, "不加密、同进程，每次 100 条"},
		{&res.PerS, p, pluginBatch, cfg.Callers, "部门进程，AutoMTLS，每次 100 条"},
		{&res.OneCaller, p, pluginBatch, 1, "部门进程，AutoMTLS，每次 100 条，一路"},
		{&res.SinglePerS, p, 1, cfg.Callers, "部门进程，AutoMTLS，每次 1 条"},
	} {
		cfg.Progress("%s", m.what)
		r := pluginRate{to: m.to, alerts: alerts[:m.batch], callers: m.callers}
		if *m.into, err = r.take(ctx, cfg.Each); err != nil {
			return res, fmt.Errorf("%s: %w", m.what, err)
		}
		res.Lost += r.lost.Load()
	}
	res.Ratio = res.PerS / res.PlainPerS
	cfg.Progress("结束进程 %d 次，看多久后重新应答", pluginKills)
	return res, killed(ctx, p, alerts, &res)
}

// pluginProcess starts a department that takes alerts as they come.
func pluginProcess(ctx context.Context, binary string) (*host.Plugin, func(), error) {
	dir, err := os.MkdirTemp("", "mb")
	if err != nil {
		return nil, nil, err
	}
	p := host.New(host.Spec{
		Department: "bench", Command: []string{binary, "plugin", "relay"}, Config: json.RawMessage(`{}`), RunDir: dir,
		Timing: host.Timing{BackOff: pluginRest, MaxOff: pluginRest},
	}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(ctx)
	var loop sync.WaitGroup
	loop.Go(func() { _ = p.Run(ctx) })
	end := func() {
		cancel()
		loop.Wait()
		_ = os.RemoveAll(dir)
	}
	if err := p.Await(ctx); err != nil {
		end()
		return nil, nil, err
	}
	return p, end, nil
}

// pluginAlerts are a full batch, each of 1 KiB.
func pluginAlerts() []hub.Alert {
	w := &webhooks{rig: &rig{run: "p"}}
	alerts := make([]hub.Alert, pluginBatch)
	for i := range alerts {
		alerts[i] = w.alert("bench", "p", i)
	}
	return alerts
}

// A pluginRate hands the same batch over again and again.
type pluginRate struct {
	to      deliverer
	alerts  []hub.Alert
	callers int

	taken, lost atomic.Int64
}

// take returns how many alerts were answered in a second.
func (r *pluginRate) take(ctx context.Context, each time.Duration) (float64, error) {
	for range 20 { // both sides get going
		if _, err := r.to.Deliver(ctx, r.alerts); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	errs := make([]error, r.callers)
	var calls sync.WaitGroup
	for c := range r.callers {
		calls.Go(func() {
			for errs[c] == nil && time.Since(start) < each {
				errs[c] = r.call(ctx)
			}
		})
	}
	calls.Wait()
	return float64(r.taken.Load()) / time.Since(start).Seconds(), errors.Join(errs...)
}

func (r *pluginRate) call(ctx context.Context) error {
	receipts, err := r.to.Deliver(ctx, r.alerts)
	if err != nil {
		return err
	}
	n := answered(r.alerts, receipts)
	r.taken.Add(n)
	r.lost.Add(int64(len(r.alerts)) - n)
	return nil
}

// answered counts the alerts that got a receipt of their own, in their order as
// host.Plugin gives them.
func answered(alerts []hub.Alert, receipts []hub.Receipt) (n int64) {
	for i := range min(len(alerts), len(receipts)) {
		if receipts[i].Alert == alerts[i].ID && receipts[i].Outcome == hub.Delivered {
			n++
		}
	}
	return n
}

// killed ends the process while it takes alerts and waits until it takes them
// again: what was not answered is handed over again, as a lane does.
func killed(ctx context.Context, p *host.Plugin, alerts []hub.Alert, res *PluginsResult) error {
	for ; res.Kills < pluginKills; res.Kills++ {
		if err := syscall.Kill(p.State().PID, syscall.SIGKILL); err != nil {
			return fmt.Errorf("kill the plugin: %w", err)
		}
		start := time.Now()
		var took time.Duration
		for took == 0 {
			receipts, err := p.Deliver(ctx, alerts)
			switch {
			case err == nil:
				took = time.Since(start)
				res.Lost += int64(len(alerts)) - answered(alerts, receipts)
			case ctx.Err() != nil:
				return ctx.Err()
			case time.Since(start) > time.Minute:
				return fmt.Errorf("the plugin does not come back: %w", err)
			default:
				<-time.After(time.Millisecond)
			}
		}
		res.AgainMS = max(res.AgainMS, float64((took-pluginRest).Microseconds())/1000)
	}
	return nil
}
