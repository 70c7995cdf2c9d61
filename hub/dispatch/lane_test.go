package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/dispatch"
)

// shelf is a store in memory that keeps the order per case as Postgres does.
type shelf struct {
	mu   sync.Mutex
	ds   []hub.Delivery
	lane hub.Lane
}

func (s *shelf) SetLane(_ context.Context, l hub.Lane) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lane = l
	return nil
}

func (s *shelf) AddDeliveries(_ context.Context, alerts []hub.Alert, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range alerts {
		s.ds = append(s.ds, hub.Delivery{Alert: a, Status: hub.DeliveryPending, NextAt: now})
	}
	return nil
}

func (s *shelf) ClaimDeliveries(_ context.Context, dept hub.DepartmentCode, now time.Time, n int, lease time.Duration) ([]hub.Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lane.Status == hub.LaneDisabled {
		return nil, nil
	}
	var out []hub.Delivery
	busy := map[hub.CaseID]bool{}
	for i := range s.ds {
		d := &s.ds[i]
		if d.Alert.Department != dept || d.Status != hub.DeliveryPending || busy[d.Alert.Case] {
			continue
		}
		busy[d.Alert.Case] = true
		if len(out) < n && !d.NextAt.After(now) {
			d.NextAt = now.Add(lease)
			out = append(out, *d)
		}
	}
	return out, nil
}

func (s *shelf) SettleDeliveries(_ context.Context, _ hub.DepartmentCode, _ time.Time, ds []hub.Delivery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range ds {
		for i := range s.ds {
			if s.ds[i].Alert.ID == d.Alert.ID {
				s.ds[i] = d
			}
		}
	}
	return nil
}

func (s *shelf) at(i int) hub.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ds[i]
}

func alert(dept hub.DepartmentCode, c hub.CaseID, seq int64) hub.Alert {
	return hub.Alert{ID: hub.AlertID(fmt.Sprintf("%s.%d.%s", c, seq, dept)), Department: dept, Case: c, Seq: seq}
}

func answer(o hub.Outcome) dispatch.DepartmentFunc {
	return func(_ context.Context, alerts []hub.Alert) ([]hub.Receipt, error) {
		var out []hub.Receipt
		for _, a := range alerts {
			out = append(out, hub.Receipt{Alert: a.ID, Outcome: o})
		}
		return out, nil
	}
}

// start runs a lane inside a bubble of virtual time until the test ends.
func start(t *testing.T, s *shelf, dept hub.DepartmentCode, d dispatch.Department, opts dispatch.Options) *dispatch.Lane {
	t.Helper()
	l := dispatch.New(dept, s, d, hub.ClockFunc(time.Now), nil, opts)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return l
}

// pass lets virtual time pass.
func pass(t *testing.T, d time.Duration) {
	t.Helper()
	<-time.After(d)
	synctest.Wait()
}

func TestNotifyDeliversAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		l := start(t, s, "heating", answer(hub.Delivered), dispatch.Options{Poll: time.Hour})
		synctest.Wait()
		_ = s.AddDeliveries(t.Context(), []hub.Alert{alert("heating", "A", 1)}, time.Now())
		l.Notify()
		synctest.Wait()
		if d := s.at(0); d.Status != hub.DeliveryDone || len(d.Attempts) != 1 || d.Attempts[0].Result != "delivered" {
			t.Errorf("delivery is %+v", d)
		}
	})
}

func TestScheduleThenDeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, began := &shelf{}, time.Now()
		_ = s.AddDeliveries(t.Context(), []hub.Alert{alert("heating", "A", 1)}, began)
		start(t, s, "heating", answer(hub.RetryLater), dispatch.Options{})
		pass(t, 80*time.Hour)
		d := s.at(0)
		if d.Status != hub.DeliveryDead || len(d.Attempts) != 10 {
			t.Fatalf("after 80 h: %s after %d attempts", d.Status, len(d.Attempts))
		}
		due := began
		for i, wait := range dispatch.Schedule() {
			due = due.Add(wait)
			if late := d.Attempts[i].At.Sub(due); late < 0 || late > 15*time.Second {
				t.Errorf("attempt %d was %v late", i+1, late)
			}
		}
	})
}

func TestOrderPerCase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, seen, tries := &shelf{}, []hub.AlertID{}, 0
		_ = s.AddDeliveries(t.Context(), []hub.Alert{alert("heating", "A", 1), alert("heating", "A", 2)}, time.Now())
		start(t, s, "heating", dispatch.DepartmentFunc(func(ctx context.Context, as []hub.Alert) ([]hub.Receipt, error) {
			if tries++; tries < 3 {
				return answer(hub.RetryLater)(ctx, as)
			}
			for _, a := range as {
				seen = append(seen, a.ID)
			}
			return answer(hub.Delivered)(ctx, as)
		}), dispatch.Options{})
		pass(t, time.Hour)
		if len(seen) != 2 || seen[0] != "A.1.heating" || seen[1] != "A.2.heating" {
			t.Errorf("delivered %v", seen)
		}
	})
}

func TestRefusedIsDeadAndRetryAfterIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		_ = s.AddDeliveries(t.Context(), []hub.Alert{alert("heating", "A", 1), alert("heating", "B", 1)}, time.Now())
		start(t, s, "heating", dispatch.DepartmentFunc(func(_ context.Context, as []hub.Alert) ([]hub.Receipt, error) {
			return []hub.Receipt{
				{Alert: "B.1.heating", Outcome: hub.RetryLater, RetryAfter: 7 * time.Minute, Reason: "限流"},
				{Alert: "A.1.heating", Outcome: hub.Refused, Reason: "不归我们"},
			}, nil
		}), dispatch.Options{})
		synctest.Wait()
		if d := s.at(0); d.Status != hub.DeliveryDead || d.Attempts[0].Result != "不归我们" {
			t.Errorf("refused: %+v", d)
		}
		if d := s.at(1); d.NextAt.Sub(d.Attempts[0].At) != 7*time.Minute {
			t.Errorf("next after %v", d.NextAt.Sub(d.Attempts[0].At))
		}
	})
}

func TestBreakerSparesADownDepartment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		var calls atomic.Int64
		var alerts []hub.Alert
		for i := range 50 {
			alerts = append(alerts, alert("heating", hub.CaseID(fmt.Sprint("C", i)), 1))
		}
		_ = s.AddDeliveries(t.Context(), alerts, time.Now())
		var down atomic.Bool
		down.Store(true)
		start(t, s, "heating", dispatch.DepartmentFunc(func(ctx context.Context, as []hub.Alert) ([]hub.Receipt, error) {
			calls.Add(1)
			if down.Load() {
				return nil, errors.New("connection refused")
			}
			return answer(hub.Delivered)(ctx, as)
		}), dispatch.Options{Batch: 1, Rest: time.Minute})
		pass(t, 4*time.Minute)
		if n := calls.Load(); n > 10 {
			t.Errorf("called %d times in 4 minutes", n)
		}
		down.Store(false)
		pass(t, 10*time.Minute)
		for i := range 50 {
			if d := s.at(i); d.Status != hub.DeliveryDone {
				t.Fatalf("%s is %s", d.Alert.ID, d.Status)
			}
		}
	})
}

func TestHangingDepartmentDelaysNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		_ = s.AddDeliveries(t.Context(), []hub.Alert{alert("heating", "A", 1), alert("labor", "A", 1)}, time.Now())
		start(t, s, "heating", dispatch.DepartmentFunc(func(ctx context.Context, _ []hub.Alert) ([]hub.Receipt, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}), dispatch.Options{})
		start(t, s, "labor", answer(hub.Delivered), dispatch.Options{})
		synctest.Wait()
		if d := s.at(1); d.Status != hub.DeliveryDone {
			t.Errorf("labor is %s behind a hanging heating", d.Status)
		}
		pass(t, 31*time.Second)
		if d := s.at(0); len(d.Attempts) != 1 || d.Attempts[0].Took != 30*time.Second {
			t.Errorf("hanging call: %+v", d.Attempts)
		}
	})
}

func TestCriticalReceiptIsFedBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, got, fail := &shelf{}, []hub.Update{}, true
		_ = s.AddDeliveries(t.Context(), []hub.Alert{alert("labor", "A", 1)}, time.Now())
		start(t, s, "labor", dispatch.DepartmentFunc(func(context.Context, []hub.Alert) ([]hub.Receipt, error) {
			return []hub.Receipt{{Alert: "A.1.labor", Outcome: hub.Delivered, Critical: true, Reason: "23人欠薪"}}, nil
		}), dispatch.Options{Feedback: func(_ context.Context, u hub.Update) error {
			got = append(got, u)
			if fail {
				fail = false
				return errors.New("bus down")
			}
			return nil
		}})
		pass(t, time.Minute)
		if len(got) != 2 || got[0].ID != got[1].ID || got[1].Step != hub.Escalated || got[1].Department != "labor" {
			t.Errorf("fed back %+v", got)
		}
		if d := s.at(0); d.Status != hub.DeliveryDone {
			t.Errorf("delivery is %s", d.Status)
		}
	})
}
