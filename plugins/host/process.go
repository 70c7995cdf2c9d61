package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/process"
	"github.com/mashang-hub/mashang/plugins/grpc"
)

// A running is one start of a plugin.
type running struct {
	*process.Process
	dept  *grpc.Client
	lines lines // what it last wrote
	calls sync.WaitGroup
}

// start starts and configures a process; on error none is left.
func start(ctx context.Context, spec Spec, log *slog.Logger) (*running, error) {
	if spec.Verify != nil {
		if err := spec.Verify(); err != nil {
			return nil, fmt.Errorf("start plugin of %s: %w", spec.Department, err)
		}
	}
	base := spec.RunDir
	if base == "" {
		base = process.Temporary()
	}
	r := &running{lines: lines{to: spec.Stderr}}
	proc, err := process.Start(process.Spec{
		Command: spec.Command, Env: append(process.Environ("PATH", "TZ"), spec.Env...),
		RunDir: filepath.Join(base, string(spec.Department)),
		Start:  spec.Timing.Start, OpenFiles: spec.OpenFiles,
		Handshake: grpc.Handshake(), Versions: grpc.Sets(nil, spec.Protocols...), MTLS: true, MaxMessage: grpc.MaxMessage,
		Stderr: &r.lines, Log: log, Label: "plugin",
	})
	if err == nil {
		r.Process = proc
		if err = r.configure(ctx, spec); err != nil {
			proc.Kill()
		}
	}
	if err != nil {
		err = incompatible(spec, err)
		if said := r.lines.last(); len(said) > 0 {
			err = fmt.Errorf("%w; it wrote: %s", err, strings.Join(said, " / "))
		}
		return nil, fmt.Errorf("start plugin of %s: %w", spec.Department, err)
	}
	return r, nil
}

func (r *running) configure(ctx context.Context, spec Spec) error {
	raw, err := r.Dispense(grpc.Name)
	if err != nil {
		return err
	}
	dept, ok := raw.(*grpc.Client)
	if !ok {
		return errors.New("not a department")
	}
	ctx, cancel := context.WithTimeout(ctx, spec.Timing.Health)
	defer cancel()
	if err := dept.Configure(ctx, spec.Config); err != nil {
		return fmt.Errorf("configure: %w", err)
	}
	r.dept = dept
	return nil
}

// end ends the process and its children. If asked returns an error the end is
// wanted, and the process has grace to leave by itself.
func (r *running) end(grace time.Duration, asked func() error) {
	if asked() != nil {
		r.Stop(grace)
		return
	}
	r.Kill()
}

// incompatible says in the hub's words that a plugin speaks no version of the
// contract that it may speak here; any other error it returns as it is.
func incompatible(spec Spec, err error) error {
	if !strings.Contains(err.Error(), "ncompatible API version") { // go-plugin has no error of its own for it
		return err
	}
	offered := spec.Protocols
	if len(offered) == 0 {
		offered = grpc.Versions()
	}
	words := make([]string, len(offered))
	for i, v := range offered {
		words[i] = strconv.Itoa(int(v))
	}
	return &hub.Error{
		Code: hub.CodeInvalid, Key: "plugin.protocol", Args: []any{string(spec.Department), strings.Join(words, "、")}, Err: err,
	}
}
