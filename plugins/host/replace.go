package host

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A replacement asks for another process in the place of the running one.
type replacement struct {
	spec Spec
	done chan error
}

// Replace (热替换) starts the process of spec beside the running one and, once
// it is configured, gives it all further calls. The old process ends when its
// last call has returned. If the new one does not start, the old one stays and
// the error says why. It returns at the latest with ctx.
func (p *Plugin) Replace(ctx context.Context, spec Spec) error {
	if spec.Department != p.department || len(spec.Command) == 0 {
		return hub.Errorf(hub.CodeInvalid, "plugin.no_command", string(p.department))
	}
	r := replacement{spec.withDefaults(), make(chan error, 1)}
	r.spec.Timing = p.timing
	select {
	case p.replace <- r:
	case <-ctx.Done():
		return &hub.Error{Code: hub.CodeUnavailable, Key: "plugin.down", Args: []any{string(p.department)}, Err: ctx.Err()}
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Restart ends the process, if one runs, and starts it anew at once, whatever
// the back-off or the breaker say.
func (p *Plugin) Restart() {
	p.mu.Lock()
	p.quick = 0
	p.mu.Unlock()
	select {
	case p.restart <- struct{}{}:
	default: // somebody asked already
	}
}

// succeed starts the process that is to take over.
func (p *Plugin) succeed(ctx context.Context, spec Spec) (*running, error) {
	next, err := start(ctx, spec, p.log)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.spec = spec
	p.mu.Unlock()
	return next, nil
}

// retire ends a process that was replaced, after its last call.
func (p *Plugin) retire(old *running) {
	p.leaving.Go(func() {
		idle := make(chan struct{})
		p.leaving.Go(func() {
			old.calls.Wait()
			close(idle)
		})
		select {
		case <-idle:
		case <-time.After(p.timing.Call):
		}
		old.end(p.timing.Graceful, func() error { return errRestart })
	})
}

// weigh ends a process that holds more memory than it may.
func (p *Plugin) weigh(proc *running) error {
	mb := residentMB(proc.PID())
	p.mu.Lock()
	p.state.MemoryMB = mb
	p.mu.Unlock()
	if most := p.Spec().MemoryMB; mb > most {
		return fmt.Errorf("process holds %d MB, more than its limit of %d MB", mb, most)
	}
	return nil
}

// residentMB reads the resident memory of a process, 0 where it cannot be read.
func residentMB(pid int) int {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0
	}
	return pages * os.Getpagesize() >> 20
}

// keepLines keeps what the process last wrote, for the console.
func (p *Plugin) keepLines(proc *running) {
	lines := proc.lines.last()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Lines = slices.Clone(lines)
}

// Await returns when a process runs, or with the reason why it cannot.
func (p *Plugin) Await(ctx context.Context) error {
	for {
		dept, changed := p.current()
		if dept != nil {
			return nil
		}
		look := time.NewTimer(50 * time.Millisecond)
		select {
		case <-ctx.Done():
			look.Stop()
			return &hub.Error{Code: hub.CodeUnavailable, Key: "plugin.down", Args: []any{string(p.department)}, Err: ctx.Err()}
		case <-changed:
		case <-look.C:
		}
		look.Stop()
		if st := p.State(); st.LastError != "" && (st.Status == Restarting || st.Status == Broken) {
			return hub.Errorf(hub.CodeInvalid, "plugin.not_started", string(p.department), st.LastError)
		}
	}
}
