// Package dispatch pushes alerts (推送) to departments: one lane per
// department, so that a slow department never delays another.
//
// A Lane claims what is due from the store, hands it to the department, and
// settles each alert as delivered, to be tried again, or dead letter (死信).
// A department whose process is down costs its alerts no attempt. An Intake turns the messages of an alert topic into deliveries. The order
// per case is kept by the store's claim: it gives out only the earliest
// unfinished alert of a case. The package does not know how a department is
// reached (package plugins) nor what an alert says (package hub).
package dispatch

import (
	"context"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Store keeps deliveries. Its methods are safe for concurrent use.
type Store interface {
	// ClaimDeliveries returns at most n pending deliveries of dept whose time
	// is not after now, and moves their time by lease so that nobody else
	// takes them meanwhile. Of each case only the earliest unfinished alert
	// is returned, and nothing of a lane that is paused or disabled. If the
	// caller dies, they are returned again.
	ClaimDeliveries(ctx context.Context, dept hub.DepartmentCode, now time.Time, n int, lease time.Duration) ([]hub.Delivery, error)
	// SettleDeliveries stores the status, next time, receipt and last attempt
	// of each delivery. It may be called twice with the same deliveries.
	SettleDeliveries(ctx context.Context, dept hub.DepartmentCode, now time.Time, ds []hub.Delivery) error
	// SetLane stores how the lane is to stand; a lane disables itself when
	// its endpoint is gone.
	SetLane(ctx context.Context, l hub.Lane) error
}

// A Department (部门) takes alerts. Deliver answers each alert with one receipt
// in any order; an alert without a receipt is tried again. An error stands for
// all of them. It may be given the same alert many times.
type Department interface {
	Deliver(ctx context.Context, alerts []hub.Alert) ([]hub.Receipt, error)
}

// DepartmentFunc makes a function a Department.
type DepartmentFunc func(ctx context.Context, alerts []hub.Alert) ([]hub.Receipt, error)

// Deliver calls f.
func (f DepartmentFunc) Deliver(ctx context.Context, alerts []hub.Alert) ([]hub.Receipt, error) {
	return f(ctx, alerts)
}

// Options tune a lane. The zero value is usable: every field has a default.
type Options struct {
	// Batch is the most alerts in one call; 100 by default. Calls is how many
	// calls are under way at the same time; 4 by default.
	Batch, Calls int
	// Timeout is the most time for one call; 30 s by default.
	Timeout time.Duration
	// Poll is how often the store is asked without a Notify; 1 s by default.
	// With a Waker it may be long.
	Poll time.Duration
	// Schedule is the wait before each attempt; Schedule() by default. Its
	// length is the number of attempts.
	Schedule []time.Duration
	// Jitter returns a number in [0,1) that spreads waits by ±10 %; without
	// it waits are exact.
	Jitter func() float64
	// Failures is how many failed calls in a row open the breaker; 3 by
	// default. A call in which every alert is to be tried again has failed.
	// Rest is how long it then stays open; 15 s by default.
	Failures int
	Rest     time.Duration
	// Prepare may add to an alert, just before it is pushed, what is not to
	// be stored with it, such as a signed link; nil adds nothing.
	Prepare func(a *hub.Alert)
	// Alarm is told, by whatever way does not lead to the department itself,
	// when AlarmAfter (20) attempts failed in a row, when the endpoint is gone
	// and when it takes alerts again; nil drops it.
	Alarm      func(ctx context.Context, a Alarm)
	AlarmAfter int
	// Feedback takes what a department reports back; nil drops it. An error
	// puts the alert back to be delivered again.
	Feedback func(ctx context.Context, u hub.Update) error
}

// An Alarm (推送告警) says that a department's endpoint is failing, is gone, or
// is well again.
type Alarm struct {
	Department hub.DepartmentCode `json:"department"`
	State      AlarmState         `json:"state"`
	Reason     string             `json:"reason,omitempty"` // the last failure
	Failures   int                `json:"failures,omitempty"`
	At         time.Time          `json:"at"`
}

// An AlarmState (告警状态) is what an alarm is about.
type AlarmState string

// The alarm states.
const (
	EndpointFailing AlarmState = "failing"
	EndpointGone    AlarmState = "gone"
	EndpointWell    AlarmState = "well"
)

// Schedule returns the default waits before the attempts 1 to 10, about three
// days in all.
func Schedule() []time.Duration {
	return []time.Duration{
		0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
		5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
}

func (o Options) withDefaults() Options {
	setInt(&o.Batch, 100)
	setInt(&o.Calls, 4)
	setInt(&o.AlarmAfter, 20)
	setInt(&o.Failures, 3)
	setDuration(&o.Timeout, 30*time.Second)
	setDuration(&o.Poll, time.Second)
	setDuration(&o.Rest, 15*time.Second)
	if len(o.Schedule) == 0 {
		o.Schedule = Schedule()
	}
	return o
}

func setInt(p *int, v int) {
	if *p <= 0 {
		*p = v
	}
}

func setDuration(p *time.Duration, v time.Duration) {
	if *p <= 0 {
		*p = v
	}
}
