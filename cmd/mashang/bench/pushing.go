package bench

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
	"github.com/mashang-hub/mashang/hub/dispatch"
	"github.com/mashang-hub/mashang/hub/notice"
	"github.com/mashang-hub/mashang/hub/postgres/deliveries"
	"github.com/mashang-hub/mashang/hub/postgres/notices"
	"github.com/mashang-hub/mashang/plugins/host"
)

// benchSecret signs the benchmark's webhooks.
const benchSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// webhooks is outbox, relay, lanes, plugin processes and receivers, wired as in
// the running hub.
type webhooks struct {
	*rig
	binary string           // started as "plugin relay"
	lane   dispatch.Options // of every lane
	// patience is how long anything may take.
	patience time.Duration
	dests    map[hub.DepartmentCode]http.Handler
	good     *receiver
	bad      *hangingReceiver
	trail    *trail

	hold    sync.RWMutex // held while the outbox is filled
	errs    chan error
	plugins map[hub.DepartmentCode]*host.Plugin
	loops   sync.WaitGroup
	undo    []func()
}

// start runs everything for the receivers in dests. stop ends it, also after an
// error.
func (w *webhooks) start(ctx context.Context, dests map[hub.DepartmentCode]http.Handler) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	stop = func() {
		cancel()
		w.loops.Wait()
		for _, u := range slices.Backward(w.undo) {
			u()
		}
	}
	w.dests, w.errs, w.trail = dests, make(chan error, 64), newTrail()
	w.plugins = map[hub.DepartmentCode]*host.Plugin{}
	dir, err := os.MkdirTemp("", "mw")
	if err != nil {
		return stop, err
	}
	w.undo = append(w.undo, func() { _ = os.RemoveAll(dir) })
	var topics []bus.Topic
	lanes := map[hub.DepartmentCode]*dispatch.Lane{}
	waker := &dispatch.Waker{Planner: deliveries.New(w.db), Clock: hub.ClockFunc(time.Now), Log: w.log}
	for dept, h := range dests {
		topics = append(topics, bus.Topic{Name: bus.Alerts(dept), Partitions: 1, Retention: bus.KeepWork})
		if lanes[dept], err = w.department(ctx, dept, h, dir); err != nil {
			return stop, err
		}
		waker.Lanes = append(waker.Lanes, lanes[dept])
	}
	if err := kafka.EnsureTopics(ctx, w.brokers, topics); err != nil {
		return stop, err
	}
	w.loop(ctx, waker.Run)
	in := w.intake(lanes)
	w.loop(ctx, func(ctx context.Context) error { return w.relay(ctx, in) })
	w.loop(ctx, func(ctx context.Context) error { return w.file(ctx, topics, in) })
	return stop, nil
}

func (w *webhooks) loop(ctx context.Context, f func(context.Context) error) {
	w.loops.Go(func() {
		if err := f(ctx); err != nil && ctx.Err() == nil {
			w.errs <- err
		}
	})
}

// department starts receiver, plugin process and lane of one department.
func (w *webhooks) department(ctx context.Context, dept hub.DepartmentCode, h http.Handler, dir string) (*dispatch.Lane, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	w.loops.Go(func() { _ = server.Serve(listener) })
	w.loops.Go(func() { <-ctx.Done(); _ = server.Close() })
	config, err := json.Marshal(map[string]any{
		"url": "http://" + listener.Addr().String() + "/hook", "secret": benchSecret, "allow": []string{"127.0.0.0/8"},
	})
	if err != nil {
		return nil, err
	}
	plugin := host.New(host.Spec{
		Department: dept, Command: []string{w.binary, "plugin", "relay"}, Config: config,
		RunDir: filepath.Join(dir, string(dept)),
	}, w.log)
	w.plugins[dept] = plugin
	lane := dispatch.New(dept, watchedStore{deliveries.New(w.db), w.trail}, plugin, hub.ClockFunc(time.Now), w.log, w.lane)
	w.loop(ctx, plugin.Run)
	w.loop(ctx, lane.Run)
	return lane, nil
}

// running reports whether every plugin process takes alerts.
func (w *webhooks) running() bool {
	for _, p := range w.plugins {
		if p.State().Status != host.Running {
			return false
		}
	}
	return true
}

// file consumes the alert topics as the running hub does.
func (w *webhooks) file(ctx context.Context, topics []bus.Topic, in *dispatch.Intake) error {
	sub, err := kafka.NewSubscriber(kafka.SubscriberConfig{
		Brokers: w.brokers, Group: "bench.dispatch" + w.run, Log: w.log, BatchWait: dispatch.BatchWait,
	})
	if err != nil {
		return err
	}
	defer func() { _ = sub.Close() }()
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = t.Name
	}
	return sub.Consume(ctx, names, in.Record)
}

// intake files alerts as the running hub does.
func (w *webhooks) intake(lanes map[hub.DepartmentCode]*dispatch.Lane) *dispatch.Intake {
	notify := func(d hub.DepartmentCode) { lanes[d].Notify() }
	clock := hub.ClockFunc(time.Now)
	desk := &notice.Desk{Store: notices.New(w.db.Pool()), Clock: clock, Log: w.log, Notify: notify}
	return dispatch.NewIntake(watchedAdder{desk, w.trail}, clock, notify, nil)
}

// relay moves the outbox to the broker, as the running hub does; it stops where
// it is while the benchmark fills the outbox.
func (w *webhooks) relay(ctx context.Context, in *dispatch.Intake) error {
	relay := in.Beside(ctx, w.pub.Relay)
	publish := func(out []hub.Outgoing) error {
		w.hold.RLock()
		defer w.hold.RUnlock()
		for _, o := range out {
			w.trail.mark(taken, o.ID)
		}
		return relay(out)
	}
	return w.db.Relay(ctx, publish, w.log)
}
