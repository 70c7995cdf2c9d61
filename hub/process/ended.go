package process

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lookEvery is how often a process is looked at where the kernel cannot tell
// of its end.
const lookEvery = 300 * time.Millisecond

// Ended returns a channel that is closed when the process has ended. Whoever
// waits for it costs nothing meanwhile: a city has thirty plugins.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// follow closes the channel of Ended.
func (p *Process) follow() {
	defer close(p.ended)
	if err := awaitEnd(p.PID()); err == nil {
		return
	}
	tick := time.NewTicker(lookEvery) // a kernel before 5.10, or a sandbox
	defer tick.Stop()
	for !p.Exited() {
		<-tick.C
	}
}

// awaitEnd returns nil when the process pid has ended, and at once with an
// error if that cannot be waited for.
func awaitEnd(pid int) error {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if errors.Is(err, unix.ESRCH) { // it has been reaped
		return nil
	}
	if err != nil {
		return fmt.Errorf("watch process %d: %w", pid, err)
	}
	f := os.NewFile(uintptr(fd), "pidfd") // waits in the runtime's poller, not in a thread
	defer func() { _ = f.Close() }()
	raw, err := f.SyscallConn()
	if err != nil {
		return fmt.Errorf("watch process %d: %w", pid, err)
	}
	ended := false
	err = raw.Read(func(fd uintptr) bool {
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(ready, 0)
		ended = err == nil && n > 0
		return ended
	})
	if err != nil || !ended {
		return fmt.Errorf("watch process %d: %w", pid, err)
	}
	return nil
}
