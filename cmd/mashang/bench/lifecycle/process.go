package lifecycle

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mashang-hub/mashang/configs"
	"github.com/mashang-hub/mashang/hub"
)

const (
	// startTime bounds the start of a hub, stopTime its end.
	startTime = 2 * time.Minute
	stopTime  = 30 * time.Second
	// stepTime bounds one request.
	stepTime = 60 * time.Second
)

// A process is a running hub and how its users reach it.
type process struct {
	url, secret, token string
	pid                int
	seed               uint64 // sets the matters of this run apart from those of another
	client             *http.Client
	matters            []matter
	tokens             map[hub.DepartmentCode]string // of workers; "" is the operator's
	sentAway           atomic.Int64
	coming             habit // of a case, after it was handed in
	undo               []func()
}

// start fills a data folder and runs a hub on it.
func start(ctx context.Context, cfg Config) (_ *process, err error) {
	h := &process{secret: rand.Text(), token: rand.Text(), seed: uint64(time.Now().UnixNano())}
	defer func() {
		if err != nil {
			h.stop()
		}
	}()
	h.client = &http.Client{Timeout: stepTime, Transport: &http.Transport{MaxIdleConnsPerHost: 10_000, MaxIdleConns: 10_000}}
	dir, err := h.folder(cfg.Data)
	if err != nil {
		return nil, err
	}
	city := filepath.Join(dir, "city")
	if err := writeCity(city); err != nil {
		return nil, fmt.Errorf("write the city's folder: %w", err)
	}
	if h.matters, err = readMatters(os.DirFS(city)); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	if h.tokens, err = prepare(ctx, data, h.matters, cfg); err != nil {
		return nil, fmt.Errorf("prepare %d cases: %w", cfg.Preload, err)
	}
	cfg.Progress("启动码上")
	return h, h.run(ctx, cfg.Binary, city, data)
}

// folder returns the folder of the run: the one that is kept, or one for now.
func (h *process) folder(kept string) (string, error) {
	if kept != "" {
		return filepath.Abs(kept)
	}
	dir, err := os.MkdirTemp("", "mashang-bench")
	if err != nil {
		return "", fmt.Errorf("make a folder: %w", err)
	}
	h.undo = append(h.undo, func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // the database server may run as another user
		return "", fmt.Errorf("open the folder: %w", err)
	}
	return dir, nil
}

// run starts the hub and returns when it is ready.
func (h *process) run(ctx context.Context, binary, city, data string) error {
	cmd := exec.CommandContext(ctx, binary, "serve", "--config", city, "--data", data, "--listen", "127.0.0.1:0", "-o", "json")
	cmd.Env = append(os.Environ(), "MASHANG_TOKEN="+h.token, "MASHANG_KUAIBAN_SECRET="+h.secret)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTime
	var said tail
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("read the hub's answer: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the hub: %w", err)
	}
	h.pid = cmd.Process.Pid
	h.undo = append(h.undo, func() {
		timer := time.AfterFunc(stopTime, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	timer := time.AfterFunc(startTime, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the hub did not start: %w: %s", err, said.String())
	}
	var ready struct{ URL string }
	if err := json.Unmarshal(line, &ready); err != nil {
		return fmt.Errorf("the hub said %q: %w", line, err)
	}
	h.url = ready.URL
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the hub
	return nil
}

// A tail keeps the last of what is written to it.
type tail struct {
	mu   sync.Mutex
	last []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	t.last = t.last[max(0, len(t.last)-2000):]
	return len(p), nil
}

// String returns it.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.last)
}

func (h *process) stop() {
	for _, undo := range slices.Backward(h.undo) {
		undo()
	}
}

// writeCity copies the demo city with one channel and with departments that
// sign for cases themselves.
func writeCity(dir string) error {
	from := configs.Baiyin()
	return fs.WalkDir(from, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(name, "channels/") && name != "channels/kuaiban.yaml" ||
			strings.HasPrefix(name, "demo/") {
			return err
		}
		data, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		if name == "departments/departments.yaml" {
			data = []byte(strings.ReplaceAll(string(data), "auto_sign: true", "auto_sign: false"))
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o644)
	})
}
