// Package host runs the plugin of one department as a child process: it starts
// it, watches it, starts a new one when it dies, and calls it.
//
// It refuses to know what a department does with an alert, and to retry one:
// that is the hub's dispatch. Start with New, then Plugin.Run.
package host

import (
	"encoding/json"
	"io"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/grpc"
)

// A Spec says which process serves which department.
type Spec struct {
	Department hub.DepartmentCode
	// Command is the program and its arguments.
	Command []string
	// Config is what Configure gets.
	Config json.RawMessage
	// Env is the whole environment of the process beside PATH and TZ: it
	// inherits nothing of the hub's.
	Env []string
	// RunDir is where its socket lies; "" is below the system's temporary
	// directory. The path must be short (a socket path has at most 107 bytes).
	RunDir string
	// Verify is asked before each start and refuses a program that is not what
	// it should be; nil trusts it.
	Verify func() error
	// MemoryMB is how much memory the process may hold before it is ended: 512.
	MemoryMB int
	// OpenFiles is how many files it may have open: 1024.
	OpenFiles int
	// Stderr gets each line that the process writes to its standard error, as
	// one write without its end, and the host's own news of it in the same form
	// as [sdk.NewLogger] has; it must be safe for concurrent use. nil for none.
	Stderr io.Writer
	// Version is shown in the console.
	Version string
	// Protocols are the versions of the contract that it may speak; all that
	// the hub speaks if empty.
	Protocols []grpc.Version
	// Timing has zero fields for the usual times.
	Timing Timing
}

func (s Spec) withDefaults() Spec {
	s.Timing = s.Timing.withDefaults()
	if s.Stderr == nil {
		s.Stderr = io.Discard
	}
	if s.MemoryMB <= 0 {
		s.MemoryMB = 512
	}
	if s.OpenFiles <= 0 {
		s.OpenFiles = 1024
	}
	return s
}

// Timing holds the waits of a Plugin.
type Timing struct {
	Start    time.Duration // until the process must answer: 10 s
	Call     time.Duration // deadline of one Deliver: 60 s
	Health   time.Duration // deadline of a health call and of Configure: 3 s
	Beat     time.Duration // between health calls: 3 s
	BackOff  time.Duration // before the first restart: 1 s, doubling
	MaxOff   time.Duration // longest wait before a restart: 2 min
	Graceful time.Duration // from asking to stop until SIGKILL: 1 s
	// Quick is the life below which a death counts towards a crash loop: 5 s.
	Quick time.Duration
}

// loop is how many quick deaths in a row open the breaker: from then on the
// process is started every MaxOff only, or when somebody asks.
const loop = 5

func (t Timing) withDefaults() Timing {
	or := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	or(&t.Start, 10*time.Second)
	or(&t.Call, time.Minute)
	or(&t.Health, 3*time.Second)
	or(&t.Beat, 3*time.Second)
	or(&t.BackOff, time.Second)
	or(&t.MaxOff, 2*time.Minute)
	or(&t.Graceful, time.Second)
	or(&t.Quick, 5*time.Second)
	return t
}

// A Status (运行状态) says how the process is.
type Status string

// The statuses of a process.
const (
	Stopped    Status = "stopped"    // not running, and not meant to be
	Starting   Status = "starting"   // being started
	Running    Status = "running"    // takes alerts
	Restarting Status = "restarting" // died; the next start is waited for
	Broken     Status = "broken"     // died at once too often; tried seldom until somebody restarts it
)

// A State is what the console shows of a plugin.
type State struct {
	Department hub.DepartmentCode `json:"department"`
	Status     Status             `json:"status"`
	Since      time.Time          `json:"since"`
	PID        int                `json:"pid,omitempty"`
	Version    string             `json:"version,omitempty"`
	Protocol   int                `json:"protocol,omitempty"` // version of the contract, while it runs
	Restarts   int                `json:"restarts"`
	MemoryMB   int                `json:"memory_mb,omitempty"`
	// Lines are the last that the process wrote before it went down.
	Lines []string `json:"lines,omitempty"`
	// LastError says why the process last went down, Unwell what is wrong
	// although it runs.
	LastError string `json:"last_error,omitempty"`
	Unwell    string `json:"unwell,omitempty"`
}
