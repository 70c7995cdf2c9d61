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

// China is the one zone of all of China, without summer time: people read and
// write every time in it.
func China() *time.Location { return china }

var china = time.FixedZone("CST", 8*60*60)
