// Package bench measures the hub against a limit taken in the same run, so
// that a figure means the same on every machine.
//
// It uses the parts of the running hub, not copies of them. Start with
// Pipeline.
package bench

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
	"github.com/mashang-hub/mashang/hub/desk"
)

// Result is what Pipeline measured.
type Result struct {
	CasesPerS  float64 `json:"cases_per_s"`
	LimitPerS  float64 `json:"limit_per_s"`
	Ratio      float64 `json:"ratio"`
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	Lost       int     `json:"lost"`
	Duplicated int     `json:"duplicated"`
}

// Config says how much and on what.
type Config struct {
	Cases, Rules int
	Brokers      []string // empty runs the embedded broker
	Postgres     string   // empty runs a local server
	Progress     func(format string, args ...any)
}

// warmCases are carried before the clock starts through a broker that was there
// already: one that has just started compiles itself on the cores of the hub.
const warmCases = 100000

// pacedCases and pacedEvery set the steady load under which latency is taken.
const (
	pacedCases = 2000
	pacedEvery = 2 * time.Millisecond
)

// Pipeline carries cases the whole way, broker → rules → Postgres → outbox →
// broker, and before that carries as many through a bare loop: a consumer that
// inserts a case and an outbox row and does nothing else.
func Pipeline(ctx context.Context, cfg Config) (res Result, err error) {
	if len(cfg.Brokers) > 0 {
		cfg.Progress("热身: 让 Kafka 先跑熟")
		if err := warmUp(ctx, cfg); err != nil {
			return res, err
		}
	}
	r, err := setUp(ctx, cfg)
	if err != nil {
		return res, err
	}
	defer r.close()
	cfg.Progress("放入 %d 件来件", cfg.Cases)
	if err := r.produce(cfg.Cases); err != nil {
		return res, err
	}
	cfg.Progress("极限: 只写事项和发件箱")
	if res.LimitPerS, err = r.limit(ctx); err != nil {
		return res, err
	}
	cfg.Progress("全程: 规则、事件、时限、发件箱、推送")
	took, err := r.whole(ctx, cfg.Progress)
	if err != nil {
		return res, err
	}
	res.CasesPerS = float64(cfg.Cases) / took.Seconds()
	res.Ratio = res.CasesPerS / res.LimitPerS
	res.P50, res.P99 = r.latency()
	res.Lost, res.Duplicated, err = r.account(ctx)
	return res, err
}

// warmUp carries cases of which nothing is counted.
func warmUp(ctx context.Context, cfg Config) error {
	cfg.Cases = min(cfg.Cases, warmCases)
	r, err := setUp(ctx, cfg)
	if err != nil {
		return err
	}
	defer r.close()
	if err := r.produce(cfg.Cases); err != nil {
		return err
	}
	_, err = r.whole(ctx, func(string, ...any) {})
	return err
}

// whole runs desk and relay until every case's first event has come out, then
// a steady trickle for the latencies.
func (r *rig) whole(ctx context.Context, progress func(string, ...any)) (time.Duration, error) {
	far, err := newEars(r.brokers)
	if err != nil {
		return 0, err
	}
	defer far.close()
	r.firsts = make([]int64, len(far.from))
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	errs := make(chan error, 3)
	loop := func(f func(context.Context) error) {
		wg.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				errs <- err
			}
		})
	}
	d := desk.New(r.store, r.rules, r, hub.ClockFunc(time.Now))
	start := time.Now()
	loop(func(ctx context.Context) error { return r.consume(ctx, "bench.desk", strict(d.Receive, errs)) })
	loop(r.relay)
	atRest := func() (bool, error) { err := far.look(); return err == nil && far.rest(r.cases), err }
	if err := await(ctx, errs, atRest); err != nil {
		return 0, err
	}
	loop(func(ctx context.Context) error { return far.hear(ctx, r.heard) })
	if err := await(ctx, errs, func() (bool, error) { return r.heardOf(r.cases), far.look() }); err != nil {
		return 0, err
	}
	took := far.reached(r.firsts).Sub(start)
	progress("匀速来件: 量延迟")
	if err := r.trickle(ctx); err != nil {
		return 0, err
	}
	err = await(ctx, errs, func() (bool, error) { return r.heardOf(r.cases + pacedCases), nil })
	return took, err
}

// awaitEvery is how exact the end of a run is taken, and how often the broker
// is asked for it.
const awaitEvery = 50 * time.Millisecond

// await asks every so often until it is done.
func await(ctx context.Context, errs <-chan error, done func() (bool, error)) error {
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	for {
		if yes, err := done(); yes || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-errs:
			return err
		case <-tick.C:
		}
	}
}

// strict ends the run when a batch is refused: the bus would halve it until the
// rest goes through, and the figure would be of that.
func strict(receive batchHandler, errs chan<- error) batchHandler {
	return func(ctx context.Context, msgs []*message.Message) error {
		err := receive(ctx, msgs)
		if err != nil && ctx.Err() == nil {
			select {
			case errs <- err:
			default: // one is enough
			}
		}
		return err
	}
}

type batchHandler = func(context.Context, []*message.Message) error

func (r *rig) consume(ctx context.Context, group string, handle batchHandler) error {
	sub, err := kafka.NewSubscriber(kafka.SubscriberConfig{
		Brokers: r.brokers, Group: group + r.run, BatchSize: desk.BatchSize, Log: r.log,
	})
	if err != nil {
		return err
	}
	defer func() { _ = sub.Close() }()
	return sub.Consume(ctx, []string{r.topic}, handle)
}

// relay moves the outbox to the broker, as the running hub does.
func (r *rig) relay(ctx context.Context) error {
	return r.db.Relay(ctx, r.pub.Relay, r.log)
}

// heard counts what comes out: each case once, and how often too often.
func (r *rig) heard(m *sarama.ConsumerMessage) {
	now := time.Now()
	id, first := firstEvent(idOf(m))
	if !first {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	sent, ours := r.sent[id]
	switch {
	case !ours:
	case r.seen[id]:
		r.twice++
	default:
		r.seen[id] = true
		r.firsts[m.Partition] = max(r.firsts[m.Partition], m.Offset+1)
		if !sent.IsZero() {
			r.waits = append(r.waits, now.Sub(sent))
		}
	}
}

// heardOf reports whether n cases have come out.
func (r *rig) heardOf(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen) >= n
}

func (r *rig) latency() (p50, p99 float64) {
	slices.Sort(r.waits)
	at := func(p int) float64 {
		if len(r.waits) == 0 {
			return 0
		}
		return float64(r.waits[len(r.waits)*p/100].Microseconds()) / 1000
	}
	return at(50), at(99)
}

// account compares what went in with the stored cases and what came out.
func (r *rig) account(ctx context.Context) (lost, duplicated int, err error) {
	stored, err := r.store.CountCases(ctx, hub.Filter{Channel: r.channel})
	if err != nil {
		return 0, 0, err
	}
	want := r.cases + pacedCases
	return max(0, want-stored) + want - len(r.seen), r.twice + max(0, stored-want), nil
}

// Facts gives every case the two clocks of a hotline work order.
func (r *rig) Facts(context.Context, hub.ChannelCode, hub.PlaceCode) (hub.Facts, error) {
	return r.facts, nil
}

func encode(s hub.Submission) *message.Message {
	payload, err := json.Marshal(s)
	if err != nil {
		panic(err) // a submission made here always encodes
	}
	m := message.NewMessage(string(s.Receipt), payload)
	m.Metadata.Set(bus.MetaKey, s.ExternalID)
	return m
}
