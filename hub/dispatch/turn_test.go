package dispatch_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/dispatch"
)

// alarms collects alarms.
type alarms struct {
	mu  sync.Mutex
	all []dispatch.Alarm
}

func (a *alarms) take(_ context.Context, al dispatch.Alarm) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, al)
}

func (a *alarms) states() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := ""
	for _, al := range a.all {
		s += string(al.State) + " "
	}
	return s
}

func many(dept hub.DepartmentCode, n int) []hub.Alert {
	var out []hub.Alert
	for i := range n {
		out = append(out, alert(dept, hub.CaseID(fmt.Sprint("C", i)), 1))
	}
	return out
}

func TestProcessThatIsDownCostsNoAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		_ = s.AddDeliveries(t.Context(), []hub.Alert{alert("heating", "A", 1)}, time.Now())
		began, up := time.Now(), time.Now().Add(3*time.Hour)
		start(t, s, "heating", dispatch.DepartmentFunc(func(ctx context.Context, as []hub.Alert) ([]hub.Receipt, error) {
			if time.Now().Before(up) {
				return nil, hub.Errorf(hub.CodeUnavailable, "plugin.down")
			}
			return answer(hub.Delivered)(ctx, as)
		}), dispatch.Options{})
		pass(t, 3*time.Hour+time.Second)
		d := s.at(0)
		if d.Status != hub.DeliveryDone || len(d.Attempts) != 1 {
			t.Errorf("after the process came back: %s after attempts %+v", d.Status, d.Attempts)
		}
		if late := d.Attempts[0].At.Sub(up); late > 300*time.Millisecond {
			t.Errorf("served %v after the process was back (down since %v)", late, began)
		}
	})
}

func TestProcessThatIsDownIsTriedWithOneAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, calls, tried := &shelf{}, atomic.Int64{}, atomic.Int64{}
		_ = s.AddDeliveries(t.Context(), many("heating", 300), time.Now())
		up := time.Now().Add(time.Minute)
		start(t, s, "heating", dispatch.DepartmentFunc(func(ctx context.Context, as []hub.Alert) ([]hub.Receipt, error) {
			if time.Now().Before(up) {
				calls.Add(1)
				tried.Add(int64(len(as)))
				return nil, hub.Errorf(hub.CodeUnavailable, "plugin.down")
			}
			return answer(hub.Delivered)(ctx, as)
		}), dispatch.Options{Batch: 50, Calls: 4, Poll: time.Minute})
		pass(t, time.Minute+time.Second)
		if first := int64(4 * 50); tried.Load() > calls.Load()+first {
			t.Errorf("%d alerts were claimed and given back in %d calls", tried.Load(), calls.Load())
		}
		for i := range 300 {
			if d := s.at(i); d.Status != hub.DeliveryDone {
				t.Fatalf("%s is %s a second after the process was back", d.Alert.ID, d.Status)
			}
		}
	})
}

func TestGoneDisablesAndKeepsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, calls, al := &shelf{}, atomic.Int64{}, &alarms{}
		_ = s.AddDeliveries(t.Context(), many("heating", 30), time.Now())
		start(t, s, "heating", dispatch.DepartmentFunc(func(ctx context.Context, as []hub.Alert) ([]hub.Receipt, error) {
			calls.Add(1)
			return answer(hub.Gone)(ctx, as)
		}), dispatch.Options{Batch: 10, Calls: 1, Alarm: al.take})
		pass(t, 24*time.Hour)
		if calls.Load() != 1 || s.lane.Status != hub.LaneDisabled {
			t.Errorf("%d calls, lane %+v", calls.Load(), s.lane)
		}
		for i := range 30 {
			if d := s.at(i); d.Status != hub.DeliveryPending {
				t.Errorf("%s is %s", d.Alert.ID, d.Status)
			}
		}
		if got := al.states(); got != "gone " {
			t.Errorf("alarms: %s", got)
		}
	})
}

func TestAlarmWhenFailingAndWhenWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, al, down := &shelf{}, &alarms{}, atomic.Bool{}
		down.Store(true)
		_ = s.AddDeliveries(t.Context(), many("heating", 60), time.Now())
		start(t, s, "heating", dispatch.DepartmentFunc(func(ctx context.Context, as []hub.Alert) ([]hub.Receipt, error) {
			if down.Load() {
				return answer(hub.RetryLater)(ctx, as)
			}
			return answer(hub.Delivered)(ctx, as)
		}), dispatch.Options{Batch: 10, Calls: 1, Alarm: al.take})
		pass(t, time.Minute)
		if al.states() != "failing " || al.all[0].Failures < 20 || al.all[0].Department != "heating" {
			t.Errorf("alarms: %+v", al.all)
		}
		down.Store(false)
		pass(t, time.Hour)
		if al.states() != "failing well " {
			t.Errorf("alarms: %s", al.states())
		}
	})
}

// TestFailingEndpointIsSpared counts the calls to an endpoint that answers
// every alert with 500 while 1,000 are waiting.
func TestFailingEndpointIsSpared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, calls := &shelf{}, atomic.Int64{}
		_ = s.AddDeliveries(t.Context(), many("heating", 1000), time.Now())
		start(t, s, "heating", dispatch.DepartmentFunc(func(ctx context.Context, as []hub.Alert) ([]hub.Receipt, error) {
			calls.Add(int64(len(as)))
			return answer(hub.RetryLater)(ctx, as)
		}), dispatch.Options{Batch: 100})
		pass(t, time.Minute)
		if n := calls.Load(); n > 800 {
			t.Errorf("%d pushes to a dead endpoint within a minute", n)
		}
	})
}

func TestNotTriedCostsNoAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, n := &shelf{}, 0
		_ = s.AddDeliveries(t.Context(), many("heating", 2), time.Now())
		start(t, s, "heating", dispatch.DepartmentFunc(func(ctx context.Context, as []hub.Alert) ([]hub.Receipt, error) {
			if n++; n > 1 {
				return answer(hub.Delivered)(ctx, as)
			}
			return []hub.Receipt{{Alert: as[0].ID, Outcome: hub.Delivered}, {Alert: as[1].ID, Outcome: hub.NotTried}}, nil
		}), dispatch.Options{Calls: 1})
		pass(t, time.Minute)
		if d := s.at(1); d.Status != hub.DeliveryDone || len(d.Attempts) != 1 {
			t.Errorf("delivery %+v", d)
		}
	})
}

// TestHeldAlertsWaitAsAsked is a robot's limit: what it left no room for comes
// again when it said, and neither breaker nor attempts take note.
func TestHeldAlertsWaitAsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, calls, began := &shelf{}, 0, time.Now()
		_ = s.AddDeliveries(t.Context(), many("heating", 3), began)
		start(t, s, "heating", dispatch.DepartmentFunc(func(ctx context.Context, as []hub.Alert) ([]hub.Receipt, error) {
			if calls++; calls > 10 {
				return answer(hub.Delivered)(ctx, as)
			}
			var out []hub.Receipt
			for _, a := range as {
				out = append(out, hub.Receipt{Alert: a.ID, Outcome: hub.NotTried, RetryAfter: 3 * time.Second})
			}
			return out, nil
		}), dispatch.Options{Calls: 1})
		pass(t, time.Minute)
		d := s.at(2)
		if late := d.Attempts[0].At.Sub(began); d.Status != hub.DeliveryDone || len(d.Attempts) != 1 || late < 30*time.Second || late > 42*time.Second {
			t.Errorf("after %d calls: %+v", calls, d)
		}
	})
}

func TestScheduleBeginsAnewAfterRedo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{ds: []hub.Delivery{{
			Alert: alert("heating", "A", 1), Status: hub.DeliveryPending, Base: 10, NextAt: time.Now(),
			Attempts: []hub.Attempt{{N: 10, Result: "HTTP 500"}},
		}}}
		start(t, s, "heating", answer(hub.RetryLater), dispatch.Options{})
		synctest.Wait()
		if d := s.at(0); d.Status != hub.DeliveryPending || time.Until(d.NextAt) != 5*time.Second {
			t.Errorf("after the first attempt of the second round: %s, next in %v", d.Status, time.Until(d.NextAt))
		}
	})
}

func TestCallsOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, busy, most := &shelf{}, atomic.Int64{}, atomic.Int64{}
		_ = s.AddDeliveries(t.Context(), many("heating", 40), time.Now())
		start(t, s, "heating", dispatch.DepartmentFunc(func(ctx context.Context, as []hub.Alert) ([]hub.Receipt, error) {
			most.Store(max(most.Load(), busy.Add(1)))
			<-time.After(time.Second)
			busy.Add(-1)
			return answer(hub.Delivered)(ctx, as)
		}), dispatch.Options{Batch: 10, Calls: 4})
		pass(t, 1500*time.Millisecond)
		if most.Load() != 4 {
			t.Errorf("%d calls at the same time, want 4", most.Load())
		}
	})
}

// plan is a planner over a shelf.
type plan struct {
	*shelf
	asked atomic.Int64
}

func (p *plan) DueDeliveries(_ context.Context, depts []hub.DepartmentCode, now time.Time) ([]hub.DepartmentCode, time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked.Add(1)
	var due []hub.DepartmentCode
	var next time.Time
	for _, dept := range depts {
		for _, d := range p.ds {
			switch {
			case d.Status != hub.DeliveryPending || d.Alert.Department != dept:
			case !d.NextAt.After(now):
				due = append(due, dept)
			case next.IsZero() || d.NextAt.Before(next):
				next = d.NextAt
			}
		}
	}
	return due, next, nil
}

func TestWakerWakesAtTheTimeAndIdlesOtherwise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		began := time.Now()
		tries := 0
		l := start(t, s, "heating", dispatch.DepartmentFunc(func(ctx context.Context, as []hub.Alert) ([]hub.Receipt, error) {
			if tries++; tries == 1 {
				return answer(hub.RetryLater)(ctx, as)
			}
			return answer(hub.Delivered)(ctx, as)
		}), dispatch.Options{Poll: 24 * time.Hour})
		p := &plan{shelf: s}
		w := &dispatch.Waker{Planner: p, Lanes: []*dispatch.Lane{l}, Clock: hub.ClockFunc(time.Now)}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		t.Cleanup(func() { cancel(); <-done })
		_ = s.AddDeliveries(t.Context(), []hub.Alert{alert("heating", "A", 1)}, began)
		l.Notify()
		pass(t, 6*time.Second)
		d := s.at(0)
		if d.Status != hub.DeliveryDone || d.Attempts[1].At.Sub(began) > 5*time.Second+10*time.Millisecond {
			t.Errorf("delivery %+v", d)
		}
		before := p.asked.Load()
		pass(t, time.Hour)
		if n := p.asked.Load() - before; n > 3600/5+1 {
			t.Errorf("an idle hour asked the store %d times", n)
		}
	})
}

func TestARefusalInFavourOfAnotherGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		var back atomic.Bool
		var told []hub.Update
		start(t, s, "heating", dispatch.DepartmentFunc(func(_ context.Context, alerts []hub.Alert) ([]hub.Receipt, error) {
			return []hub.Receipt{{Alert: alerts[0].ID, Outcome: hub.Refused, Reason: "是燃气管道", Suggest: "gas"}}, nil
		}), dispatch.Options{Feedback: func(_ context.Context, u hub.Update) error {
			if !back.Load() {
				return hub.Errorf(hub.CodeUnavailable, "bus.closed")
			}
			told = append(told, u)
			return nil
		}})
		a := alert("heating", "A", 1)
		a.Event = hub.Assigned
		_ = s.AddDeliveries(t.Context(), []hub.Alert{a}, time.Now())
		pass(t, 2*time.Second)
		if d := s.at(0); d.Status != hub.DeliveryPending {
			t.Fatalf("settled before the hub had it: %+v", d)
		}
		back.Store(true)
		pass(t, 10*time.Second)
		if len(told) != 1 || told[0].ID != string(a.ID)+":sent_back" || told[0].Step != hub.SentBack ||
			told[0].Suggest != "gas" || told[0].Text != "是燃气管道" || told[0].Department != "heating" {
			t.Errorf("told %+v", told)
		}
		if d := s.at(0); d.Status != hub.DeliveryDone || d.Receipt == nil || d.Receipt.Outcome != hub.Refused {
			t.Errorf("delivery %+v", d)
		}
	})
}
