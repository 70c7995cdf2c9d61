// Package host runs the plugin of one department as a child process: it starts
// it, watches it, starts a new one when it dies, and calls it.
//
// It refuses to know what a department does with an alert, and to retry one:
// that is the hub's dispatch. Start with New, then Plugin.Run.
package host

import (
	"encoding/json"
	"time"

	"github.com/mashang-hub/mashang/hub"
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
	// Timing has zero fields for the usual times.
	Timing Timing
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
}

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
)

// A State is what the console shows of a plugin.
type State struct {
	Department hub.DepartmentCode `json:"department"`
	Status     Status             `json:"status"`
	Since      time.Time          `json:"since"`
	PID        int                `json:"pid,omitempty"`
	Restarts   int                `json:"restarts"`
	// LastError says why the process last went down, Unwell what is wrong
	// although it runs.
	LastError string `json:"last_error,omitempty"`
	Unwell    string `json:"unwell,omitempty"`
}
