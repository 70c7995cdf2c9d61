package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/grpc"
	"github.com/mashang-hub/mashang/plugins/sdk"
)

// Why a process is gone.
var (
	errExited  = errors.New("process exited")
	errRestart = errors.New("restart was asked for")
)

// Plugin keeps one department's process alive and calls it. Its methods are
// safe for concurrent use; Run is called once.
type Plugin struct {
	department hub.DepartmentCode
	timing     Timing
	log        *slog.Logger
	clock      hub.Clock

	restart chan struct{}
	replace chan replacement

	mu      sync.Mutex
	spec    Spec
	state   State
	proc    *running      // nil while not running
	changed chan struct{} // closed and replaced when proc changes
	quick   int           // quick deaths in a row
	leaving sync.WaitGroup
}

// New returns the plugin that spec describes; it starts nothing.
func New(spec Spec, log *slog.Logger) *Plugin {
	spec = spec.withDefaults()
	p := &Plugin{
		department: spec.Department,
		timing:     spec.Timing,
		log:        log.With("department", string(spec.Department)),
		clock:      hub.ClockFunc(time.Now),
		restart:    make(chan struct{}, 1),
		replace:    make(chan replacement),
		spec:       spec,
		changed:    make(chan struct{}),
	}
	p.state = State{Department: spec.Department, Status: Stopped, Since: p.clock.Now(), Version: spec.Version}
	return p
}

// Run keeps the process running until ctx ends and returns nil when no process
// is left. It fails at once only if spec has no command.
func (p *Plugin) Run(ctx context.Context) error {
	if len(p.Spec().Command) == 0 {
		return hub.Errorf(hub.CodeInvalid, "plugin.no_command", string(p.department))
	}
	// The child is killed when the thread that forked it ends (Pdeathsig): keep
	// the thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer p.leaving.Wait()
	wait := p.timing.BackOff
	for ctx.Err() == nil {
		p.set(Starting, nil, nil)
		began := p.clock.Now()
		err := p.live(ctx)
		if ctx.Err() != nil {
			break
		}
		lived := p.clock.Now().Sub(began)
		if lived > p.timing.MaxOff {
			wait = p.timing.BackOff
		}
		if p.died(err, lived) {
			wait = p.timing.MaxOff
		}
		p.rest(ctx, wait)
		wait = min(2*wait, p.timing.MaxOff)
	}
	p.set(Stopped, nil, nil)
	return nil
}

// live starts one process and returns, with the reason, when it or the one
// that took its place is gone.
func (p *Plugin) live(ctx context.Context) error {
	proc, err := start(ctx, p.Spec(), p.log)
	if err != nil {
		return err
	}
	for {
		p.set(Running, proc, nil)
		for _, log := range []*slog.Logger{p.log, newsTo(p.Spec())} {
			log.Info("plugin runs", "pid", proc.PID(), "version", p.Spec().Version)
		}
		next, err := p.watch(ctx, proc)
		if next == nil {
			proc.end(p.timing.Graceful, ctx.Err)
			p.keepLines(proc) // all of them: it is gone
			p.set(Restarting, nil, err)
			return err
		}
		p.set(Running, next, nil)
		p.retire(proc)
		proc = next
	}
}

// watch returns when ctx ends, the process exits or takes too much memory, two
// health calls in a row get no answer, or another process takes its place.
func (p *Plugin) watch(ctx context.Context, proc *running) (next *running, err error) {
	beat := time.NewTicker(p.timing.Beat)
	defer beat.Stop()
	missed := 0
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case r := <-p.replace:
			next, err := p.succeed(ctx, r.spec)
			r.done <- err
			if err == nil {
				return next, nil
			}
		case <-p.restart:
			return nil, errRestart
		case <-proc.Ended():
			return nil, errExited
		case <-beat.C:
			if err := p.weigh(proc); err != nil {
				return nil, err
			}
			silent, err := p.ping(ctx, proc)
			p.note(err)
			if !silent {
				missed = 0
				continue
			}
			if missed++; missed >= 2 {
				return nil, fmt.Errorf("no answer to %d health calls: %w", missed, err)
			}
		}
	}
}

// ping asks for the department's health. silent means that no answer came; an
// answer that says "unwell" is not the process's fault.
func (p *Plugin) ping(ctx context.Context, proc *running) (silent bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.timing.Health)
	defer cancel()
	err = proc.dept.Health(ctx)
	return err != nil && ctx.Err() != nil, err
}

// newsTo writes about the process into its own log, between its own lines.
func newsTo(s Spec) *slog.Logger { return sdk.NewLogger(s.Stderr).With("by", "hub") }

// Spec returns what is run now.
func (p *Plugin) Spec() Spec {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.spec
}

// State returns how the process is now.
func (p *Plugin) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

func (p *Plugin) set(s Status, proc *running, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state.Status != s {
		p.state.Since = p.clock.Now()
	}
	p.state.Status, p.state.PID, p.state.Unwell, p.state.Version, p.state.Protocol = s, 0, "", p.spec.Version, 0
	if proc != nil {
		p.state.PID, p.state.Protocol = proc.PID(), proc.Protocol()
	}
	if err != nil {
		p.state.LastError = err.Error()
	}
	if p.proc != proc {
		p.proc = proc
		close(p.changed)
		p.changed = make(chan struct{})
	}
}

// note keeps what the department says of its health for the console.
func (p *Plugin) note(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Unwell = ""
	if err != nil {
		p.state.Unwell = err.Error()
	}
}

// died counts a death and reports whether the breaker is open.
func (p *Plugin) died(err error, lived time.Duration) (broken bool) {
	p.set(Restarting, nil, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Restarts++
	if p.quick++; lived > p.timing.Quick || errors.Is(err, errRestart) {
		p.quick = 0
	}
	if broken = p.quick >= loop; broken {
		p.state.Status = Broken
	}
	for _, log := range []*slog.Logger{p.log, newsTo(p.spec)} {
		log.Warn("plugin is down", "error", err, "restarts", p.state.Restarts, "broken", broken)
	}
	return broken
}

// rest waits before the next start, unless somebody asks for it now.
func (p *Plugin) rest(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-p.restart:
	case r := <-p.replace:
		// Nothing runs that could be kept: the next start is of the new one.
		p.mu.Lock()
		p.spec, p.quick = r.spec, 0
		p.mu.Unlock()
		r.done <- nil
	}
}

// current returns the running department, nil if there is none, and a channel
// that is closed when that changes.
func (p *Plugin) current() (*grpc.Client, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.proc == nil {
		return nil, p.changed
	}
	return p.proc.dept, p.changed
}

// enter returns the running department for one call and what to do after it;
// the process is not taken away in between by a replacement.
func (p *Plugin) enter() (*grpc.Client, func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.proc == nil {
		return nil, func() {}
	}
	p.proc.calls.Add(1)
	return p.proc.dept, p.proc.calls.Done
}
