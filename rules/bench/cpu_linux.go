package bench

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpu is the processor time that this thread has used.
func cpu() time.Duration {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
