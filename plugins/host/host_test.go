package host_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins"
	"github.com/mashang-hub/mashang/plugins/all"
	"github.com/mashang-hub/mashang/plugins/host"
	"github.com/mashang-hub/mashang/plugins/plugintest"
	"github.com/mashang-hub/mashang/plugins/sdk"
)

// TestMain makes the test binary a plugin, or a host, when told so.
func TestMain(m *testing.M) {
	if kind, ok := os.LookupEnv("TEST_PLUGIN_KIND"); ok {
		d, _ := all.Department(kind, hub.ClockFunc(time.Now), sdk.NewLogger(os.Stderr))
		if version, old := os.LookupEnv("TEST_PLUGIN_VERSION"); old {
			serveVersion(d, version)
			return
		}
		sdk.Serve(d)
		return
	}
	if dir, ok := os.LookupEnv("TEST_HOST_DIR"); ok {
		p := host.New(spec(dir, "relay"), slog.New(slog.DiscardHandler))
		go func() { _ = p.Run(context.Background()) }()
		tick := time.NewTicker(5 * time.Millisecond)
		for p.State().Status != host.Running {
			<-tick.C
		}
		fmt.Println(p.State().PID)
		select {}
	}
	os.Exit(m.Run())
}

func spec(dir, kind string) host.Spec {
	return host.Spec{
		Department: hub.DepartmentCode(kind), Command: []string{os.Args[0]}, RunDir: dir,
		Config: json.RawMessage(`{"auto_sign":true}`), Env: []string{"TEST_PLUGIN_KIND=" + kind},
		Timing: host.Timing{BackOff: 20 * time.Millisecond, Beat: 100 * time.Millisecond, Health: 2 * time.Second, Call: 5 * time.Second},
	}
}

// run runs the plugin until the test ends, and wants it to leave nothing.
func run(t *testing.T, s host.Spec) *host.Plugin {
	t.Helper()
	p := host.New(s, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	await(t, "running", func() bool { return p.State().Status == host.Running })
	t.Cleanup(func() {
		pid := p.State().PID
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("run: %v", err)
			}
		case <-time.After(plugintest.Wait):
			t.Fatal("Run did not end")
		}
		if alive(pid) {
			t.Errorf("process %d is left", pid)
		}
	})
	return p
}

func dir(t *testing.T) string {
	t.Helper()
	d, err := os.MkdirTemp("", "mp") //nolint:usetesting // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(d) })
	return d
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(plugintest.Wait); !ok(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not %s in time", what)
		}
	}
}

// alive reports whether pid runs; a zombie does not.
func alive(pid int) bool {
	if pid == 0 {
		return false
	}
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(rest, "Z")
}

func TestConformance(t *testing.T) {
	for _, kind := range all.Kinds() {
		t.Run(kind, func(t *testing.T) {
			p := run(t, spec(dir(t), kind))
			d := asDepartment{p}
			plugintest.Conforms(t, d)
		})
		t.Run(kind+" updates", func(t *testing.T) {
			plugintest.Updates(t, asDepartment{run(t, spec(dir(t), kind))})
		})
	}
}

// asDepartment lets the suite see a process.
type asDepartment struct{ *host.Plugin }

var _ plugins.Department = asDepartment{}

func (asDepartment) Configure(context.Context, json.RawMessage) error { return nil }
func (asDepartment) Health(context.Context) error                     { return nil }

func TestBigBatchIsSplit(t *testing.T) {
	p := run(t, spec(dir(t), "relay"))
	alerts := plugintest.Alerts(600)
	for i := range alerts[:5] {
		alerts[i].Content.Text = strings.Repeat("长", 300_000)
	}
	receipts, err := p.Deliver(t.Context(), alerts)
	if err != nil || len(receipts) != 600 {
		t.Fatalf("%d receipts, %v", len(receipts), err)
	}
	for i, r := range receipts {
		if r.Alert != alerts[i].ID || r.Outcome != hub.Delivered {
			t.Fatalf("receipt %d: %+v", i, r)
		}
	}
}

func TestServesAgainAfterKill(t *testing.T) {
	p := run(t, spec(dir(t), "relay"))
	old := p.State().PID
	if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, "restarted", func() bool {
		s := p.State()
		return s.Status == host.Running && s.PID != old
	})
	if s := p.State(); s.Restarts != 1 {
		t.Errorf("restarts %d", s.Restarts)
	}
	if _, err := p.Deliver(t.Context(), plugintest.Alerts(3)); err != nil {
		t.Errorf("deliver after restart: %v", err)
	}
}

func TestStoppedProcessMissesDeadlineAndIsReplaced(t *testing.T) {
	s := spec(dir(t), "relay")
	s.Timing.Call, s.Timing.Health, s.Timing.Beat = 200*time.Millisecond, 300*time.Millisecond, 200*time.Millisecond
	p := run(t, s)
	old := p.State().PID
	if err := syscall.Kill(old, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	await(t, "every thread of it stands still", func() bool { return stopped(t, old) })
	began := time.Now()
	_, err := p.Deliver(t.Context(), plugintest.Alerts(1))
	if took := time.Since(began); hub.CodeOf(err) != hub.CodeUnavailable || took > 2*time.Second {
		t.Errorf("deliver: %v after %s, want unavailable at the deadline", err, took)
	}
	await(t, "replaced", func() bool {
		s := p.State()
		return s.Status == host.Running && s.PID != old
	})
	if alive(old) {
		t.Error("the stopped process is left")
	}
}

// stopped reports whether all threads of pid obey a SIGSTOP: on a busy machine
// one may answer a call before it does.
func stopped(t *testing.T, pid int) bool {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range threads {
		stat, err := os.ReadFile(path)
		_, after, ok := bytes.Cut(stat, []byte(") "))
		if err != nil || !ok || after[0] != 'T' {
			return false
		}
	}
	return len(threads) > 0
}

func TestDownIsUnavailable(t *testing.T) {
	p := host.New(spec(dir(t), "relay"), slog.New(slog.DiscardHandler))
	if _, err := p.Deliver(t.Context(), plugintest.Alerts(1)); hub.CodeOf(err) != hub.CodeUnavailable {
		t.Errorf("got %v", err)
	}
}

func TestBadConfigurationIsShown(t *testing.T) {
	s := spec(dir(t), "relay")
	s.Config = json.RawMessage(`{"url":"ftp://x"}`)
	p := host.New(s, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	await(t, "restarting", func() bool { return p.State().Restarts > 0 })
	if s := p.State(); !strings.Contains(s.LastError, "configure") {
		t.Errorf("state %+v", s)
	}
	cancel()
	<-done
}

func TestNoOrphanAfterHostIsKilled(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TEST_HOST_DIR="+dir(t))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil || !alive(pid) {
		t.Fatalf("plugin %d: %v", pid, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	await(t, "gone", func() bool { return !alive(pid) })
}

func TestInheritsNothingOfTheHub(t *testing.T) {
	t.Setenv("PGPASSWORD", "s3cret")
	p := run(t, spec(dir(t), "relay"))
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.State().PID))
	if err != nil {
		t.Skipf("no /proc: %v", err)
	}
	if strings.Contains(string(env), "s3cret") {
		t.Error("the plugin sees the hub's environment")
	}
}

// broken returns a program that dies at once and says why.
func broken(dir, kind string) host.Spec {
	s := spec(dir, kind)
	s.Command = []string{"/bin/sh", "-c", "echo no licence found >&2; exit 3"}
	s.Timing.MaxOff = time.Hour
	return s
}

func TestCrashLoopOpensTheBreakerUntilSomebodyRestarts(t *testing.T) {
	s := broken(dir(t), "relay")
	p := host.New(s, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	await(t, "broken", func() bool { return p.State().Status == host.Broken })
	if st := p.State(); st.Restarts != 5 || !strings.Contains(st.LastError, "no licence found") {
		t.Errorf("state %+v", st)
	}
	// It is replaced by one that works, without waiting for the hour.
	if err := p.Replace(t.Context(), spec(s.RunDir, "relay")); err != nil {
		t.Fatal(err)
	}
	await(t, "running", func() bool { return p.State().Status == host.Running })
	cancel()
	<-done
}

func TestAReplacementLosesNoDelivery(t *testing.T) {
	s := spec(dir(t), "relay")
	p := run(t, s)
	first := p.State().PID
	stop, ended := make(chan struct{}), make(chan error, 1)
	calls := 0
	go func() {
		for {
			select {
			case <-stop:
				ended <- nil
				return
			default:
			}
			got, err := p.Deliver(context.Background(), plugintest.Alerts(3))
			if err != nil || len(got) != 3 {
				ended <- fmt.Errorf("call %d: %d receipts, %w", calls, len(got), err)
				return
			}
			calls++
		}
	}()
	next := s
	next.Version = "2.0.0"
	for range 3 {
		if err := p.Replace(t.Context(), next); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	st := p.State()
	if st.PID == first || st.Version != "2.0.0" || st.Restarts != 0 || calls == 0 {
		t.Errorf("state %+v after %d calls; the first was %d", st, calls, first)
	}
	await(t, "the old one to be gone", func() bool { return !alive(first) })
}

func TestAReplacementThatDoesNotStartLeavesTheOldOne(t *testing.T) {
	s := spec(dir(t), "relay")
	p := run(t, s)
	pid := p.State().PID
	if err := p.Replace(t.Context(), broken(s.RunDir, "relay")); err == nil {
		t.Fatal("took a program that dies")
	}
	if st := p.State(); st.PID != pid || st.Status != host.Running {
		t.Errorf("state %+v, want process %d", st, pid)
	}
	if _, err := p.Deliver(t.Context(), plugintest.Alerts(1)); err != nil {
		t.Error(err)
	}
}

func TestAPluginThatIsNotWhatItShouldBeIsNotStarted(t *testing.T) {
	s := spec(dir(t), "relay")
	s.Verify = func() error {
		return hub.Errorf(hub.CodeForbidden, "plugin.files", "relay", "plugin.py 没有列入清单")
	}
	p := host.New(s, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	await(t, "refused", func() bool { return strings.Contains(p.State().LastError, "没有列入清单") })
	cancel()
	<-done
}

func TestAProcessThatHoldsTooMuchMemoryIsEnded(t *testing.T) {
	s := spec(dir(t), "relay")
	s.MemoryMB = 1
	s.Timing.Beat = 10 * time.Millisecond
	p := host.New(s, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	await(t, "ended", func() bool { return strings.Contains(p.State().LastError, "more than its limit of 1 MB") })
	cancel()
	<-done
}
