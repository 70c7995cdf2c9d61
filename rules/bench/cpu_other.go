//go:build !linux

package bench

import "time"

var started = time.Now()

// cpu is the time that has passed: this system does not count by thread.
func cpu() time.Duration { return time.Since(started) }
