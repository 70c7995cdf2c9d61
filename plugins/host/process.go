package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"golang.org/x/sys/unix"
	rpc "google.golang.org/grpc"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/grpc"
)

// A process is one start of a plugin. go-plugin cannot start a client twice.
type process struct {
	cmd    *exec.Cmd
	client *goplugin.Client
	dept   *grpc.Client
	dir    string // its sockets
	lines  lines  // what it last wrote
	calls  sync.WaitGroup
}

// start starts and configures a process; on error none is left.
func start(ctx context.Context, spec Spec, log *slog.Logger) (*process, error) {
	if spec.Verify != nil {
		if err := spec.Verify(); err != nil {
			return nil, fmt.Errorf("start plugin of %s: %w", spec.Department, err)
		}
	}
	dir, err := runDir(spec)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(spec.Command[0], spec.Command[1:]...)
	// go-plugin passes this on only to runners of its own.
	cmd.Env = append(environ(spec.Env), goplugin.EnvUnixSocketDir+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	proc := &process{cmd: cmd, dir: dir}
	proc.client = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  grpc.Handshake(),
		Plugins:          grpc.Set(nil),
		Cmd:              cmd,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		StartTimeout:     spec.Timing.Start,
		AutoMTLS:         true,
		SkipHostEnv:      true,
		Logger:           logger(log),
		Stderr:           &proc.lines,
		GRPCDialOptions:  []rpc.DialOption{rpc.WithDefaultCallOptions(rpc.MaxCallRecvMsgSize(grpc.MaxMessage))},
	})
	if err := proc.connect(ctx, spec); err != nil {
		proc.stop(0, nil)
		if said := proc.lines.last(); len(said) > 0 {
			err = fmt.Errorf("%w; it wrote: %s", err, strings.Join(said, " / "))
		}
		return nil, fmt.Errorf("start plugin of %s: %w", spec.Department, err)
	}
	return proc, nil
}

func (p *process) connect(ctx context.Context, spec Spec) error {
	conn, err := p.client.Client()
	if err != nil {
		return err
	}
	raw, err := conn.Dispense(grpc.Name)
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
	p.dept = dept
	return limit(p.pid(), spec.OpenFiles)
}

// limit bounds what the process may open, and keeps it from leaving its memory
// on disk when it crashes: that has citizens' data in it.
func limit(pid, files int) error {
	for what, most := range map[int]uint64{unix.RLIMIT_NOFILE: uint64(files), unix.RLIMIT_CORE: 0} {
		if err := unix.Prlimit(pid, what, &unix.Rlimit{Cur: most, Max: most}, nil); err != nil {
			return fmt.Errorf("limit process %d: %w", pid, err)
		}
	}
	return nil
}

func (p *process) pid() int {
	if p.cmd.Process == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// stop ends the process and its children. If asked returns an error the end is
// wanted, and the process has grace to leave by itself. Kill comes last: with a
// stopped process it would wait for ever.
func (p *process) stop(grace time.Duration, asked func() error) {
	pid := p.pid()
	if pid != 0 && asked != nil && asked() != nil && !p.client.Exited() {
		_ = syscall.Kill(pid, syscall.SIGTERM)
		p.await(grace)
	}
	if pid != 0 {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
		p.await(2 * time.Second)
	}
	p.client.Kill()
	_ = os.RemoveAll(p.dir)
	_ = os.Remove(filepath.Dir(p.dir)) // if it was the last
}

// await returns when the process has exited, at the latest after d.
func (p *process) await(d time.Duration) {
	end := time.After(d)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !p.client.Exited() {
		select {
		case <-end:
			return
		case <-tick.C:
		}
	}
}

// runDir makes a directory for the sockets of one process. Two may live side
// by side while one replaces the other.
func runDir(spec Spec) (string, error) {
	base := spec.RunDir
	if base == "" {
		base = filepath.Join(os.TempDir(), fmt.Sprintf("mashang-%d", os.Getpid()))
	}
	base = filepath.Join(base, string(spec.Department))
	if err := os.MkdirAll(base, 0o700); err != nil {
		return "", fmt.Errorf("make run directory: %w", err)
	}
	dir, err := os.MkdirTemp(base, "p")
	if err != nil {
		return "", fmt.Errorf("make run directory: %w", err)
	}
	if n := len(dir) + len("/plugin0123456789"); n > 107 {
		return "", &hub.Error{Code: hub.CodeInvalid, Key: "plugin.run_dir_too_long", Args: []any{dir}}
	}
	return dir, nil
}

func environ(extra []string) []string {
	env := []string{}
	for _, k := range []string{"PATH", "TZ"} {
		if v, ok := os.LookupEnv(k); ok {
			env = append(env, k+"="+v)
		}
	}
	return append(env, extra...)
}

// logger hands what go-plugin and the plugin say to log.
func logger(log *slog.Logger) hclog.Logger {
	l := hclog.NewInterceptLogger(&hclog.LoggerOptions{Level: hclog.Off, Output: discard{}})
	l.RegisterSink(sink{log})
	return l
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

type sink struct{ log *slog.Logger }

// Accept implements hclog.SinkAdapter. go-plugin's own news is detail here.
func (s sink) Accept(_ string, level hclog.Level, msg string, args ...any) {
	to := slog.LevelDebug
	if level >= hclog.Warn {
		to = slog.LevelWarn
	}
	s.log.Log(context.Background(), to, "plugin: "+msg, args...)
}
