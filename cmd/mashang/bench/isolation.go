package bench

import (
	"context"
	"fmt"
	"net/http"
	"syscall"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/dispatch"
)

// IsolationResult is what Isolation measured.
type IsolationResult struct {
	Alerts     int     `json:"alerts"`
	AloneS     float64 `json:"alone_s"`  // five departments without the others
	BesideS    float64 `json:"beside_s"` // the same five beside three bad ones
	Ratio      float64 `json:"ratio"`
	Lost       int     `json:"lost"` // of the seven that answer in the end
	OutOfOrder int     `json:"out_of_order"`
	Forged     int     `json:"forged"`
	Killed     int     `json:"killed"` // how often the one process was killed
	// BrokenS is how long the one department answered 500, Refused how many
	// pushes it answered so, and AllS when the last of the seven had everything.
	BrokenS float64 `json:"broken_s"`
	Refused int64   `json:"refused"`
	AllS    float64 `json:"all_s"`
}

// IsolationConfig says how much.
type IsolationConfig struct {
	Alerts   int // over 8 departments
	Binary   string
	Broken   time.Duration // how long the one answers 500
	Answer   time.Duration // how long a receiver takes to answer
	Progress func(format string, args ...any)
}

// schedule is the back-off of all lanes. The hub's own waits five minutes after
// the second failure: this one comes back until well after the end of Broken,
// so that the benchmark ends soon after it.
func (c IsolationConfig) schedule() []time.Duration {
	waits := []time.Duration{0, time.Second}
	for range 2 * tries {
		waits = append(waits, max(c.Broken/tries, 100*time.Millisecond))
	}
	return waits
}

// tries is how often an alert is tried while its department is broken.
const tries = 12

// The eight departments: five good ones, then the bad.
var isolated = [...]hub.DepartmentCode{
	"iso_a", "iso_b", "iso_c", "iso_d", "iso_e", "iso_hangs", "iso_broken", "iso_killed",
}

const good = 5

// Isolation pushes alerts to eight departments, of which one hangs, one answers
// 500 for a while and the process of one is killed again and again, and
// compares when the other five have finished with a run of those five alone.
func Isolation(ctx context.Context, cfg IsolationConfig) (res IsolationResult, err error) {
	res.Alerts, res.BrokenS = cfg.Alerts, cfg.Broken.Seconds()
	cfg.Progress("五个部门，没有别的部门")
	if res.AloneS, err = isolation(ctx, cfg, good, &res); err != nil {
		return res, err
	}
	cfg.Progress("八个部门：一个收而不答，一个报错 %s，一个进程反复被结束", cfg.Broken)
	if res.BesideS, err = isolation(ctx, cfg, len(isolated), &res); err != nil {
		return res, err
	}
	res.Ratio = res.BesideS / res.AloneS
	return res, nil
}

// isolation runs the first n departments and returns the seconds until the five
// good ones had finished.
func isolation(ctx context.Context, cfg IsolationConfig, n int, res *IsolationResult) (float64, error) {
	r, err := setUp(ctx, Config{})
	if err != nil {
		return 0, err
	}
	defer r.close()
	w := &webhooks{rig: r, binary: cfg.Binary, patience: patience + cfg.Broken, lane: dispatch.Options{
		Poll: time.Minute, Rest: time.Second, Schedule: cfg.schedule(),
	}}
	receivers, dests := map[hub.DepartmentCode]*receiver{}, map[hub.DepartmentCode]http.Handler{}
	for _, d := range isolated[:n] {
		if d == "iso_hangs" {
			dests[d] = &hangingReceiver{}
			continue
		}
		if receivers[d], err = newReceiver(cfg.Answer); err != nil {
			return 0, err
		}
		dests[d] = receivers[d]
	}
	stop, err := w.start(ctx, dests)
	defer stop()
	if err != nil {
		return 0, err
	}
	took, err := w.isolated(ctx, cfg, isolated[:n], receivers, res)
	if err != nil {
		return 0, err
	}
	for _, r := range receivers {
		lost, swaps := r.account()
		res.Lost, res.OutOfOrder, res.Forged = res.Lost+lost, res.OutOfOrder+swaps, res.Forged+r.forged
	}
	return took.Seconds(), nil
}

func (w *webhooks) isolated(ctx context.Context, cfg IsolationConfig, depts []hub.DepartmentCode,
	receivers map[hub.DepartmentCode]*receiver, res *IsolationResult,
) (time.Duration, error) {
	if err := w.until(ctx, w.running); err != nil {
		return 0, err
	}
	w.hold.Lock()
	for _, d := range depts {
		if err := w.insert(ctx, d, "i", 0, cfg.Alerts/len(isolated)); err != nil {
			w.hold.Unlock()
			return 0, err
		}
	}
	start := time.Now()
	w.hold.Unlock()
	if bad, ok := receivers["iso_broken"]; ok {
		bad.broken.Store(true)
		mended := time.AfterFunc(cfg.Broken, func() { bad.broken.Store(false) })
		defer mended.Stop()
		defer func() { res.Refused, res.AllS = bad.refused.Load(), time.Since(start).Seconds() }()
	}
	if err := w.until(ctx, func() bool { return w.strike(res) && complete(receivers, isolated[:good]) }); err != nil {
		return 0, fmt.Errorf("the five: %w", err)
	}
	took := time.Since(start)
	// The bad ones need not hurry, but nothing of theirs may be lost.
	return took, w.until(ctx, func() bool { return w.strike(res) && complete(receivers, depts) })
}

// strike kills the one department's process soon after it runs, three times.
func (w *webhooks) strike(res *IsolationResult) bool {
	p, ok := w.plugins["iso_killed"]
	if !ok || res.Killed == 3 {
		return true
	}
	if s := p.State(); s.PID != 0 && s.Restarts == res.Killed && time.Since(s.Since) > 30*time.Millisecond {
		if syscall.Kill(s.PID, syscall.SIGKILL) == nil {
			res.Killed++
		}
	}
	return true
}

func complete(receivers map[hub.DepartmentCode]*receiver, of []hub.DepartmentCode) bool {
	for _, d := range of {
		if r, ok := receivers[d]; ok && !r.complete() {
			return false
		}
	}
	return true
}
