// Package lifecycle measures how many cases a hub carries through their life
// over HTTP: a citizen's app hands one in, the department signs for it and
// resolves it, and somebody searches for it.
//
// It starts a real hub as a process of its own, with the demo city's rules and
// departments, and asks it nothing but what its users may ask. Waiting counts:
// a case is created when it exists, not when it was accepted. Start with Run.
package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Result is what Run measured.
type Result struct {
	Preload int     `json:"preload"`
	PerS    float64 `json:"lifecycles_per_s"`
	P95     float64 `json:"p95_ms"` // of a step, at half load
	Errors  int     `json:"errors"`
	// SpikeErrors are the errors of ten times the users. To be told to come
	// back later, and to be served then, is none.
	SpikeErrors int     `json:"spike_errors"`
	Recovery    float64 `json:"recovery_s"`
}

// Config says how much and for how long.
type Config struct {
	Preload  int    // cases that are there already
	Data     string // folder to keep the cases in; one that has them is used as it is, empty keeps none
	Users    int    // who keep the hub as busy as they can
	Binary   string // this program
	Measure  time.Duration
	Spike    time.Duration
	Progress func(format string, args ...any)
}

const (
	warmUp  = 3 * time.Second
	watched = 20 * time.Second // after a spike
	// pace is how often a user of the paced load has a new matter.
	pace = time.Second
	// promptly is what a step may take when the hub is well.
	promptly = 100 * time.Millisecond
)

// Run fills a hub with cases, takes its greatest rate, its latency at half of
// that, and what ten times as many users do to it.
func Run(ctx context.Context, cfg Config) (Result, error) {
	res := Result{Preload: cfg.Preload}
	h, err := start(ctx, cfg)
	if err != nil {
		return res, err
	}
	defer h.stop()
	b := &bench{cfg: cfg, hub: h}
	if err := b.busy(ctx, &res); err != nil {
		return res, err
	}
	users := max(1, int(res.PerS*pace.Seconds()/2))
	b.half(ctx, users, &res)
	b.spike(ctx, users, &res)
	return res, ctx.Err()
}

// A bench is users and what they saw.
type bench struct {
	cfg Config
	hub *process
	n   atomic.Int64 // lives begun

	mu      sync.Mutex
	samples []sample
	errors  []error
	done    int
}

// A sample is one step of one life: of create, sign for, resolve and search, by
// number.
type sample struct {
	began time.Time
	took  time.Duration
	step  int
}

// each says how long the steps take, one by one.
func each(samples []sample) string {
	var out []string
	for step, name := range []string{"来件", "签收", "办结", "检索"} {
		own := slices.DeleteFunc(slices.Clone(samples), func(s sample) bool { return s.step != step })
		out = append(out, fmt.Sprintf("%s p50 %.1f p95 %.1f ms", name, ms(percentile(own, 50)), ms(percentile(own, 95))))
	}
	return strings.Join(out, "，")
}

// reset forgets what was seen and returns it.
func (b *bench) reset() (samples []sample, errs []error, done int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	samples, errs, done = b.samples, b.errors, b.done
	b.samples, b.errors, b.done = nil, nil, 0
	return samples, errs, done
}

// live is one case's life.
func (b *bench) live(ctx context.Context) {
	steps, err := b.hub.live(ctx, b.n.Add(1))
	for i := range steps {
		steps[i].step = i
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.samples = append(b.samples, steps...)
	switch {
	case err == nil:
		b.done++
	case ctx.Err() == nil:
		b.errors = append(b.errors, err)
	}
}

// busy has all users begin the next life when one ends.
func (b *bench) busy(ctx context.Context, res *Result) error {
	stop := make(chan struct{})
	var users sync.WaitGroup
	for range b.cfg.Users {
		users.Go(func() {
			for !closed(stop) && ctx.Err() == nil {
				b.live(ctx)
			}
		})
	}
	pause(ctx, warmUp)
	_, early, _ := b.reset()
	begin, before := time.Now(), usageOf(b.hub.pid)
	pause(ctx, b.cfg.Measure)
	took, after := time.Since(begin), usageOf(b.hub.pid)
	samples, errs, done := b.reset()
	close(stop)
	users.Wait()
	_, late, _ := b.reset()
	res.PerS = float64(done) / took.Seconds()
	b.cfg.Progress("%d 个用户全力：%.0f 件/秒，步骤 p95 %.1f ms（%s）", b.cfg.Users, res.PerS, ms(percentile(samples, 95)), each(samples))
	if used := after.since(before); used != (usage{}) && done > 0 {
		b.cfg.Progress("每件用处理器：%s", used.per(done))
	}
	res.Errors += b.report(slices.Concat(early, errs, late))
	if done == 0 {
		return fmt.Errorf("no case lived: %w", first(slices.Concat(early, errs, late)))
	}
	return nil
}

func first(errs []error) error {
	if len(errs) == 0 {
		return fmt.Errorf("no answer")
	}
	return errs[0]
}

// half has users come at a steady pace.
func (b *bench) half(ctx context.Context, users int, res *Result) {
	stop := make(chan struct{})
	wait := b.crowd(ctx, users, stop)
	pause(ctx, warmUp)
	_, early, _ := b.reset()
	pause(ctx, b.cfg.Measure)
	samples, errs, done := b.reset()
	close(stop)
	wait()
	_, late, _ := b.reset()
	res.P95 = ms(percentile(samples, 95))
	b.cfg.Progress("半载，每秒 %d 件：完成 %d 件，步骤 p50 %.1f ms，p95 %.1f ms（%s）", users, done, ms(percentile(samples, 50)), res.P95, each(samples))
	res.Errors += b.report(slices.Concat(early, errs, late))
}

// spike has ten times the users come for a while, and watches how soon the
// others are served promptly again.
func (b *bench) spike(ctx context.Context, users int, res *Result) {
	stay, leave := make(chan struct{}), make(chan struct{})
	steady := b.crowd(ctx, users, stay)
	pause(ctx, warmUp)
	b.reset()
	extra := b.crowd(ctx, 9*users, leave)
	pause(ctx, b.cfg.Spike)
	close(leave)
	end := time.Now()
	pause(ctx, watched)
	close(stay)
	extra()
	steady()
	samples, errs, done := b.reset()
	limit := max(promptly, 2*time.Duration(res.P95*float64(time.Millisecond)))
	res.Recovery = recovery(samples, end, limit).Seconds()
	res.SpikeErrors = b.report(errs)
	b.cfg.Progress("十倍用户 %s：完成 %d 件，被请稍后再来 %d 次，%.1f 秒后恢复", b.cfg.Spike, done, b.hub.sentAway.Load(), res.Recovery)
}

// crowd starts users who each have a matter every pace, and returns what waits
// for them after stop is closed.
func (b *bench) crowd(ctx context.Context, n int, stop <-chan struct{}) (wait func()) {
	var users sync.WaitGroup
	for i := range n {
		users.Go(func() {
			pause(ctx, pace*time.Duration(i)/time.Duration(n))
			tick := time.NewTicker(pace)
			defer tick.Stop()
			for !closed(stop) && ctx.Err() == nil {
				b.live(ctx)
				select {
				case <-tick.C:
				case <-stop:
				case <-ctx.Done():
				}
			}
		})
	}
	return users.Wait
}

// report shows some errors and returns how many there are.
func (b *bench) report(errs []error) int {
	for _, err := range errs[:min(3, len(errs))] {
		b.cfg.Progress("出错：%v", err)
	}
	return len(errs)
}

// recovery returns how long after end it took until the steps begun within a
// second were prompt, and stayed so for the next.
func recovery(samples []sample, end time.Time, limit time.Duration) time.Duration {
	const step = 250 * time.Millisecond
	well := func(from time.Time) bool {
		var window []sample
		for _, s := range samples {
			if !s.began.Before(from) && s.began.Before(from.Add(time.Second)) {
				window = append(window, s)
			}
		}
		return len(window) > 0 && percentile(window, 95) <= limit
	}
	for after := time.Duration(0); after < watched-2*time.Second; after += step {
		if from := end.Add(after); well(from) && well(from.Add(time.Second)) {
			return after
		}
	}
	return watched
}

func percentile(samples []sample, p int) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	took := make([]time.Duration, len(samples))
	for i, s := range samples {
		took[i] = s.took
	}
	slices.Sort(took)
	return took[min(len(took)*p/100, len(took)-1)]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// pause waits, or less when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
