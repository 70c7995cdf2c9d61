package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
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
}

// start starts and configures a process; on error none is left.
func start(ctx context.Context, spec Spec, log *slog.Logger) (*process, error) {
	dir, err := runDir(spec)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(spec.Command[0], spec.Command[1:]...)
	// go-plugin passes this on only to runners of its own.
	cmd.Env = append(environ(spec.Env), goplugin.EnvUnixSocketDir+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  grpc.Handshake(),
		Plugins:          grpc.Set(nil),
		Cmd:              cmd,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		StartTimeout:     spec.Timing.Start,
		AutoMTLS:         true,
		SkipHostEnv:      true,
		Logger:           logger(log),
		GRPCDialOptions:  []rpc.DialOption{rpc.WithDefaultCallOptions(rpc.MaxCallRecvMsgSize(grpc.MaxMessage))},
	})
	proc := &process{cmd: cmd, client: client, dir: dir}
	if err := proc.connect(ctx, spec); err != nil {
		proc.stop(0, nil)
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

// runDir makes the department's own directory for sockets and sweeps what an
// earlier run left there.
func runDir(spec Spec) (string, error) {
	base := spec.RunDir
	if base == "" {
		base = filepath.Join(os.TempDir(), fmt.Sprintf("mashang-%d", os.Getpid()))
	}
	dir := filepath.Join(base, string(spec.Department))
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("sweep run directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
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
