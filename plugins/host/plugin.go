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
)

// errExited says that the process is gone without having been asked.
var errExited = errors.New("process exited")

// Plugin keeps one department's process alive and calls it. Its methods are
// safe for concurrent use; Run is called once.
type Plugin struct {
	spec  Spec
	log   *slog.Logger
	clock hub.Clock

	mu      sync.Mutex
	state   State
	dept    *grpc.Client  // nil while not running
	changed chan struct{} // closed and replaced when dept changes
}

// New returns the plugin that spec describes; it starts nothing.
func New(spec Spec, log *slog.Logger) *Plugin {
	spec.Timing = spec.Timing.withDefaults()
	p := &Plugin{
		spec:    spec,
		log:     log.With("department", string(spec.Department)),
		clock:   hub.ClockFunc(time.Now),
		changed: make(chan struct{}),
	}
	p.state = State{Department: spec.Department, Status: Stopped, Since: p.clock.Now()}
	return p
}

// Run keeps the process running until ctx ends and returns nil when no process
// is left. It fails at once only if spec has no command.
func (p *Plugin) Run(ctx context.Context) error {
	if len(p.spec.Command) == 0 {
		return hub.Errorf(hub.CodeInvalid, "plugin.no_command", string(p.spec.Department))
	}
	// The child is killed when the thread that forked it ends (Pdeathsig): keep
	// the thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	wait := p.spec.Timing.BackOff
	for ctx.Err() == nil {
		p.set(Starting, 0, nil, nil)
		began := p.clock.Now()
		err := p.live(ctx)
		if ctx.Err() != nil {
			break
		}
		if p.clock.Now().Sub(began) > p.spec.Timing.MaxOff {
			wait = p.spec.Timing.BackOff
		}
		p.died(err, wait)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, p.spec.Timing.MaxOff)
	}
	p.set(Stopped, 0, nil, nil)
	return nil
}

// live starts one process and returns, with the reason, when it is gone.
func (p *Plugin) live(ctx context.Context) error {
	proc, err := start(ctx, p.spec, p.log)
	if err != nil {
		return err
	}
	defer proc.stop(p.spec.Timing.Graceful, ctx.Err)
	p.set(Running, proc.pid(), proc.dept, nil)
	p.log.Info("plugin runs", "pid", proc.pid())
	err = p.watch(ctx, proc)
	p.set(Restarting, 0, nil, err)
	return err
}

// watch returns when ctx ends, the process exits, or two health calls in a row
// get no answer.
func (p *Plugin) watch(ctx context.Context, proc *process) error {
	beat := time.NewTicker(p.spec.Timing.Beat)
	defer beat.Stop()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	missed := 0
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
			if proc.client.Exited() {
				return errExited
			}
		case <-beat.C:
			silent, err := p.ping(ctx, proc)
			p.note(err)
			if !silent {
				missed = 0
				continue
			}
			if missed++; missed >= 2 {
				return fmt.Errorf("no answer to %d health calls: %w", missed, err)
			}
		}
	}
}

// ping asks for the department's health. silent means that no answer came; an
// answer that says "unwell" is not the process's fault.
func (p *Plugin) ping(ctx context.Context, proc *process) (silent bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.spec.Timing.Health)
	defer cancel()
	err = proc.dept.Health(ctx)
	return err != nil && ctx.Err() != nil, err
}

// State returns how the process is now.
func (p *Plugin) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

func (p *Plugin) set(s Status, pid int, dept *grpc.Client, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state.Status != s {
		p.state.Since = p.clock.Now()
	}
	p.state.Status, p.state.PID, p.state.Unwell = s, pid, ""
	if err != nil {
		p.state.LastError = err.Error()
	}
	if p.dept != dept {
		p.dept = dept
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

func (p *Plugin) died(err error, wait time.Duration) {
	p.set(Restarting, 0, nil, err)
	p.mu.Lock()
	p.state.Restarts++
	n := p.state.Restarts
	p.mu.Unlock()
	p.log.Warn("plugin is down", "error", err, "restarts", n, "wait", wait.String())
}

// current returns the running department, nil if there is none, and a channel
// that is closed when that changes.
func (p *Plugin) current() (*grpc.Client, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dept, p.changed
}
