package hub

import "time"

// A Clock (时钟) tells the time. The hub never calls time.Now in a decision:
// tests and simulations hand in their own.
type Clock interface {
	// Now returns the current time. It is safe for concurrent use.
	Now() time.Time
}

// ClockFunc makes a function a Clock.
type ClockFunc func() time.Time

// Now calls f.
func (f ClockFunc) Now() time.Time { return f() }
