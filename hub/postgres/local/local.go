// Package local runs a PostgreSQL server of mashang's own in a folder: the
// store of the embedded mode.
//
// The server is a process of its own and outlives a killed hub; the next
// Start adopts it. It commits to disk before it answers (fsync). The package
// does not lock the folder: one hub at a time is the caller's duty. Start with
// [Start].
package local

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mashang-hub/mashang/hub"
)

const (
	user     = "mashang"
	database = "mashang"
	// socketMax is the longest path of a unix socket's folder that leaves room
	// for the socket's name.
	socketMax = 80
	startTime = 60 * time.Second
	stopTime  = 30 * time.Second
)

// A Server is a running PostgreSQL server. Its methods are safe for concurrent
// use.
type Server struct {
	home     string // folder with data, run, password and postgres.log
	password string
	port     int
	pid      int
	owner    *account
	log      *slog.Logger
	exited   chan struct{} // closed when a child of ours ended; nil when adopted
	stop     sync.Mutex
}

// Start runs a server with its data in dir, creating both if need be, and
// returns when it takes connections. A server that an earlier hub left behind
// is adopted.
func Start(ctx context.Context, dir string, log *slog.Logger) (*Server, error) {
	s, err := prepare(dir, log)
	if err != nil {
		return nil, err
	}
	if s.adopt(ctx) {
		log.Info("adopted running postgres", "pid", s.pid, "dir", s.home)
		return s, nil
	}
	bin, err := binaries(ctx, s.home, s.dataVersion(), log)
	if err != nil {
		return nil, err
	}
	if err := s.initialise(ctx, bin); err != nil {
		return nil, err
	}
	if err := s.begin(ctx, bin); err != nil {
		return nil, err
	}
	log.Info("started postgres", "pid", s.pid, "dir", s.home)
	return s, nil
}

// DSN returns the address for postgres.Open, with the password in it.
func (s *Server) DSN() string { return s.dsn(database) }

func (s *Server) dsn(name string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, s.password), Path: "/" + name}
	q := url.Values{"sslmode": {"disable"}, "port": {strconv.Itoa(s.port)}}
	if s.socket() != "" {
		q.Set("host", s.socket())
	} else {
		q.Set("host", "127.0.0.1")
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func (s *Server) data() string { return filepath.Join(s.home, "data") }

// socket returns the folder of the unix socket, "" when its path is too long.
func (s *Server) socket() string {
	if run := filepath.Join(s.home, "run"); len(run) <= socketMax {
		return run
	}
	return ""
}

// prepare makes the folders and the password.
func prepare(dir string, log *slog.Logger) (*Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find folder %s: %w", dir, err)
	}
	owner, err := unprivileged()
	if err != nil {
		return nil, err
	}
	home, err := homeFor(dir, owner, log)
	if err != nil {
		return nil, err
	}
	s := &Server{home: home, owner: owner, log: log}
	for _, folder := range []string{home, filepath.Join(home, "run")} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("make folder: %w", err)
		}
		if err := owner.chown(folder); err != nil {
			return nil, err
		}
	}
	s.password, err = readPassword(filepath.Join(home, "password"))
	return s, err
}

func readPassword(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil && len(text) > 0 {
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !os.IsNotExist(err) {
		return "", fmt.Errorf("read password: %w", err)
	}
	password := rand.Text()
	if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write password: %w", err)
	}
	return password, nil
}

// initialise makes the data folder unless it is there. It is made under
// another name first, so that an interrupted start leaves nothing half made.
func (s *Server) initialise(ctx context.Context, bin string) error {
	if s.dataVersion() != "" {
		return nil
	}
	fresh, secret := s.data()+".new", filepath.Join(s.home, "password.init")
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("clear %s: %w", fresh, err)
	}
	if err := os.WriteFile(secret, []byte(s.password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write password: %w", err)
	}
	defer func() { _ = os.Remove(secret) }()
	if err := s.owner.chown(secret); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", fresh, "-U", user,
		"--pwfile", secret, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--data-checksums")
	cmd.Dir = s.home
	cmd.Env = environment()
	cmd.SysProcAttr = s.owner.process()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run initdb: %w: %s", err, strings.TrimSpace(string(out)))
	}
	if err := os.Rename(fresh, s.data()); err != nil {
		return fmt.Errorf("name data folder: %w", err)
	}
	return nil
}

// dataVersion returns the major version that made the data, "" without data.
func (s *Server) dataVersion() string {
	text, err := os.ReadFile(filepath.Join(s.data(), "PG_VERSION"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// launch starts the postmaster in a session of its own, so that an interrupt
// at the terminal reaches the hub first.
func (s *Server) launch(bin string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	s.port = port
	out, err := os.OpenFile(filepath.Join(s.home, "postgres.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer func() { _ = out.Close() }()
	args := []string{"-D", s.data(), "-p", strconv.Itoa(port)}
	for _, setting := range s.settings() {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(filepath.Join(bin, "postgres"), args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.home, environment(), out, out
	cmd.SysProcAttr = s.owner.process()
	cmd.SysProcAttr.Setsid = true
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	s.pid, s.exited = cmd.Process.Pid, make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(s.exited)
	}()
	return nil
}

func (s *Server) settings() []string {
	return []string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=" + s.socket(), "unix_socket_permissions=0700",
		"fsync=on", "full_page_writes=on", "synchronous_commit=on",
		"shared_buffers=256MB", "max_connections=100", "password_encryption=scram-sha-256",
		// Segments of the log are used again: a new one is filled with zeros first,
		// and who commits meanwhile waits.
		"max_wal_size=2GB", "min_wal_size=1GB",
		"jit=off", // it compiles for longer than our statements run
		"timezone=UTC", "log_timezone=UTC",
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// environment hides the hub's own environment from the server.
func environment() []string {
	return []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
}

// await returns when the server takes connections and the database is there.
func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.ensure(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-s.exited:
			return &hub.Error{
				Code: hub.CodeInternal, Key: "postgres.start", Args: []any{s.home},
				Err: fmt.Errorf("postgres ended: %s", s.lastLog()),
			}
		case <-ctx.Done():
			return &hub.Error{Code: hub.CodeUnavailable, Key: "postgres.start", Args: []any{s.home}, Err: err}
		}
	}
}

// ensure connects and makes the database if need be.
func (s *Server) ensure(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.dsn("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	var exists bool
	err = conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", database).Scan(&exists)
	if err == nil && !exists {
		_, err = conn.Exec(ctx, "create database "+database)
	}
	return err
}

func (s *Server) lastLog() string {
	text, err := os.ReadFile(filepath.Join(s.home, "postgres.log"))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text[max(0, len(text)-600):]))
}

// Stop ends the server: connections are closed and everything is on disk when
// it returns nil. It is idempotent.
func (s *Server) Stop(ctx context.Context) error {
	s.stop.Lock()
	defer s.stop.Unlock()
	if s.gone() {
		return nil
	}
	// SIGINT is PostgreSQL's fast shutdown.
	if err := syscall.Kill(s.pid, syscall.SIGINT); err != nil {
		return fmt.Errorf("stop postgres: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, stopTime)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !s.gone() {
		select {
		case <-tick.C:
		case <-s.exited:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("stop postgres %d: %w", s.pid, ctx.Err())
		}
	}
	return nil
}
