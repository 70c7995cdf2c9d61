// Package process runs a program beside the hub that speaks go-plugin: a
// department's plugin or an adapter in another language. It begins with
// nothing of the hub's environment, in a folder for sockets that nobody else
// may enter, leaves no memory on disk when it crashes, and ends for sure, with
// all its children, also when the hub itself is killed.
//
// It never starts a program again and knows nothing of what it is asked: its
// callers do. Start with [Start].
package process

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"golang.org/x/sys/unix"
	rpc "google.golang.org/grpc"

	"github.com/mashang-hub/mashang/hub"
)

// A Spec says what to start and how to speak with it.
type Spec struct {
	Command   []string
	Dir       string   // working folder; "" is the hub's
	Env       []string // the whole environment, see Environ
	RunDir    string   // where the folder of its sockets is made
	Start     time.Duration
	OpenFiles int // at most; 0 sets no limit

	Handshake goplugin.HandshakeConfig
	Plugins   goplugin.PluginSet
	// Versions are plugin sets by protocol version, of which the program takes
	// the highest that it knows; nil for Plugins alone.
	Versions   map[int]goplugin.PluginSet
	MTLS       bool      // with certificates made for this start
	MaxMessage int       // bytes of one answer
	Stderr     io.Writer // a copy of what it writes; nil keeps none
	Log        *slog.Logger
	Label      string // before each line of its log, such as "plugin"
}

// A Process is one start of a program: go-plugin cannot start a client twice.
type Process struct {
	cmd    *exec.Cmd
	client *goplugin.Client
	dir    string // its sockets
	ended  chan struct{}
}

// Start starts the program and waits until it listens; on error none is left.
func Start(spec Spec) (*Process, error) {
	dir, err := socketDir(spec.RunDir)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(spec.Command[0], spec.Command[1:]...)
	cmd.Dir = spec.Dir
	// go-plugin passes this on only to runners of its own.
	cmd.Env = append(slices.Clip(spec.Env), goplugin.EnvUnixSocketDir+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &Process{cmd: cmd, dir: dir, ended: make(chan struct{})}
	p.client = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  spec.Handshake,
		Plugins:          spec.Plugins,
		VersionedPlugins: spec.Versions,
		Cmd:              cmd,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		StartTimeout:     spec.Start,
		AutoMTLS:         spec.MTLS,
		SkipHostEnv:      true,
		Logger:           logger(spec.Log, spec.Label),
		Stderr:           spec.Stderr,
		GRPCDialOptions:  []rpc.DialOption{rpc.WithDefaultCallOptions(rpc.MaxCallRecvMsgSize(spec.MaxMessage))},
	})
	if _, err = p.client.Client(); err == nil {
		go p.follow()
		err = limit(p.PID(), spec.OpenFiles)
	}
	if err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

// Dispense returns what the program offers under name.
func (p *Process) Dispense(name string) (any, error) {
	conn, err := p.client.Client()
	if err != nil {
		return nil, err
	}
	return conn.Dispense(name)
}

// Protocol returns the protocol version that was settled on.
func (p *Process) Protocol() int { return p.client.NegotiatedVersion() }

// PID returns the number of the process; 0 if it never ran.
func (p *Process) PID() int {
	if p.cmd.Process == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// Exited reports whether the process has ended.
func (p *Process) Exited() bool { return p.client.Exited() }

// Stop asks the process to leave, gives it grace for that, and then ends it and
// its children.
func (p *Process) Stop(grace time.Duration) {
	if p.PID() != 0 && !p.Exited() {
		_ = syscall.Kill(p.PID(), syscall.SIGTERM)
		p.await(grace)
	}
	p.Kill()
}

// Kill ends the process and its children at once. go-plugin's own Kill comes
// last: with a process that was stopped it would wait for ever.
func (p *Process) Kill() {
	if p.PID() != 0 {
		_ = syscall.Kill(-p.PID(), syscall.SIGKILL)
		p.await(2 * time.Second)
	}
	p.client.Kill()
	_ = os.RemoveAll(p.dir)
	_ = os.Remove(filepath.Dir(p.dir)) // if it was the last
}

// await returns when the process has exited, at the latest after d.
func (p *Process) await(d time.Duration) {
	end := time.After(d)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !p.Exited() {
		select {
		case <-end:
			return
		case <-tick.C:
		}
	}
}

// limit bounds what the process may open, and keeps it from leaving its memory
// on disk when it crashes: that has citizens' data in it.
func limit(pid, files int) error {
	most := map[int]uint64{unix.RLIMIT_CORE: 0}
	if files > 0 {
		most[unix.RLIMIT_NOFILE] = uint64(files)
	}
	for what, n := range most {
		if err := unix.Prlimit(pid, what, &unix.Rlimit{Cur: n, Max: n}, nil); err != nil {
			return fmt.Errorf("limit process %d: %w", pid, err)
		}
	}
	return nil
}

// socketDir makes a folder for the sockets of one process. Two may live side by
// side while one replaces the other.
func socketDir(base string) (string, error) {
	if err := os.MkdirAll(base, 0o700); err != nil {
		return "", fmt.Errorf("make run directory: %w", err)
	}
	dir, err := os.MkdirTemp(base, "p")
	if err != nil {
		return "", fmt.Errorf("make run directory: %w", err)
	}
	if n := len(dir) + len("/plugin0123456789"); n > 107 {
		_ = os.RemoveAll(dir)
		return "", &hub.Error{Code: hub.CodeInvalid, Key: "plugin.run_dir_too_long", Args: []any{dir}}
	}
	return dir, nil
}

// Temporary is a folder for the sockets of this hub's processes, for those who
// are told of no better one.
func Temporary() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("mashang-%d", os.Getpid()))
}

// Environ takes names from the environment of the hub, those that are set.
func Environ(names ...string) []string {
	env := []string{}
	for _, k := range names {
		if v, ok := os.LookupEnv(k); ok {
			env = append(env, k+"="+v)
		}
	}
	return env
}
