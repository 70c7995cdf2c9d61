package external

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	rpc "google.golang.org/grpc"

	"github.com/mashang-hub/mashang/adapters/adapterpb"
	"github.com/mashang-hub/mashang/adapters/external/sdk"
)

// A process is one start of the program; go-plugin cannot start a client twice.
type process struct {
	cmd    *exec.Cmd
	client *goplugin.Client
	rpc    adapterpb.AdapterClient
	dir    string // its socket, where nobody else may look
	pulls  bool
}

// start starts and configures the program; on error none is left.
func (a *adapter) start(ctx context.Context) (*process, error) {
	if err := a.verify(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "mashang-adapter-")
	if err != nil {
		return nil, fmt.Errorf("make run folder: %w", err)
	}
	cmd := exec.Command(a.config.Command[0], a.config.Command[1:]...)
	cmd.Dir = a.Deps.Dir
	cmd.Env = append(a.environ(), goplugin.EnvUnixSocketDir+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p := &process{cmd: cmd, dir: dir}
	p.client = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  sdk.Handshake(),
		Plugins:          goplugin.PluginSet{sdk.Name: &sdk.Plugin{}},
		Cmd:              cmd,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		StartTimeout:     a.config.Start,
		SkipHostEnv:      true,
		Logger:           quiet(a.log),
		GRPCDialOptions:  []rpc.DialOption{rpc.WithDefaultCallOptions(rpc.MaxCallRecvMsgSize(sdk.MaxMessage))},
	})
	if err := p.connect(ctx, a); err != nil {
		p.stop()
		return nil, fmt.Errorf("start %s: %w", strings.Join(a.config.Command, " "), err)
	}
	return p, nil
}

func (p *process) connect(ctx context.Context, a *adapter) error {
	conn, err := p.client.Client()
	if err != nil {
		return err
	}
	raw, err := conn.Dispense(sdk.Name)
	if err != nil {
		return err
	}
	var ok bool
	if p.rpc, ok = raw.(adapterpb.AdapterClient); !ok {
		return errors.New("not an adapter")
	}
	settings := []byte("{}")
	if a.config.Settings != nil {
		if settings, err = json.Marshal(a.config.Settings); err != nil {
			return fmt.Errorf("encode config: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, a.config.Timeout)
	defer cancel()
	got, err := p.rpc.Configure(ctx, &adapterpb.ConfigureRequest{Channel: string(a.Channel), Json: settings})
	if err != nil {
		return fmt.Errorf("configure: %w", err)
	}
	if problems := got.GetProblems(); len(problems) > 0 {
		return fmt.Errorf("configure: %s", strings.Join(problems, "; "))
	}
	p.pulls = got.GetPulls()
	return nil
}

// stop ends the program and its children. Kill comes last: with a stopped
// process it would wait for ever.
func (p *process) stop() {
	if p.cmd.Process != nil {
		pid := p.cmd.Process.Pid
		_ = syscall.Kill(-pid, syscall.SIGTERM)
		p.await(time.Second)
		_ = syscall.Kill(-pid, syscall.SIGKILL)
		p.await(2 * time.Second)
	}
	p.client.Kill()
	_ = os.RemoveAll(p.dir)
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

// verify compares the program's files with their digests.
func (a *adapter) verify() error {
	for name, want := range a.config.SHA256 {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(a.Deps.Dir, name)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("sha256: %w", err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != strings.ToLower(want) {
			return fmt.Errorf("sha256: %s is not the file that was approved", name)
		}
	}
	return nil
}

func (a *adapter) environ() []string {
	var env []string
	for _, k := range append([]string{"PATH", "TZ"}, a.config.Env...) {
		if v := a.Deps.Getenv(k); v != "" {
			env = append(env, k+"="+v)
		} else if v, ok := os.LookupEnv(k); ok {
			env = append(env, k+"="+v)
		}
	}
	return env
}

// quiet hands what go-plugin and the program say to log.
func quiet(log *slog.Logger) hclog.Logger {
	l := hclog.NewInterceptLogger(&hclog.LoggerOptions{Level: hclog.Off, Output: nowhere{}})
	l.RegisterSink(sink{log})
	return l
}

type nowhere struct{}

// Write implements io.Writer.
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }

type sink struct{ log *slog.Logger }

// Accept implements hclog.SinkAdapter.
func (s sink) Accept(_ string, level hclog.Level, msg string, args ...any) {
	to := slog.LevelDebug
	if level >= hclog.Warn {
		to = slog.LevelWarn
	}
	s.log.Log(context.Background(), to, "adapter: "+msg, args...)
}
