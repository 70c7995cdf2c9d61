package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// patience is how long one kill may hold up the hub.
const patience = 90 * time.Second

// backOff is how long an alert may lie before it is delivered: a lane leases
// it, and waits for minutes after a second call that failed.
const backOff = 10 * time.Minute

// loadPerRound is the least that has to be acked for each kill: a test under
// no load proves nothing.
const loadPerRound = 15

// texts lead to the three departments whose plugins are killed.
var texts = [...]string{
	"家里暖气不热，供热温度只有十四度，老人受不了。",
	"小区物业不作为，电梯坏了一个月没有人修。",
	"工地拖欠农民工工资三个月，老板不接电话。",
}

// rounds returns how often each victim is to be killed; it skips without.
func rounds(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("MASHANG_CRASH_ROUNDS"))
	if err != nil || n < 1 {
		t.Skip("set MASHANG_CRASH_ROUNDS=n to kill the hub, its plugins, its PostgreSQL and its Kafka n times each")
	}
	return n
}

// TestKilledHubLosesNothing kills hub, plugins and PostgreSQL in a random order
// under load: what was answered with 202 is one case in the end, and its
// department was told.
func TestKilledHubLosesNothing(t *testing.T) {
	n := rounds(t)
	r := newRig(t)
	var order []victim
	for range n {
		order = append(order, victim{"hub", r.killHub}, victim{"plugin", r.killPlugin}, victim{"postgres", r.killPostgres})
	}
	rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	r.ordeal(order)
}

// TestKilledKafkaLosesNothing kills an Apache Kafka under load.
func TestKilledKafkaLosesNothing(t *testing.T) {
	n := rounds(t)
	if os.Getenv("MASHANG_CRASH_KAFKA") == "" {
		t.Skip("set MASHANG_CRASH_KAFKA=1 to kill an Apache Kafka as well; it needs Java 17 and Maven")
	}
	r := newRig(t)
	r.kafka = startKafka(t, filepath.Join(filepath.Dir(r.dir), "kafka"))
	order := make([]victim, n)
	for i := range order {
		order[i] = victim{"kafka", r.killKafka}
	}
	r.ordeal(order)
}

// A victim is a process to kill and what brings it back.
type victim struct {
	name string
	kill func()
}

// ordeal kills the victims one after another under load and looks at the end.
func (r *rig) ordeal(order []victim) {
	t := r.t
	t.Helper()
	r.start()
	base := r.total()
	l := startLoad(t, r.url)
	acked, slowest := map[string]int{}, map[string]time.Duration{}
	for n, v := range order {
		before, began := l.count(), time.Now()
		v.kill()
		r.recovered(l)
		took := time.Since(began).Round(time.Millisecond)
		acked[v.name] += l.count() - before
		slowest[v.name] = max(slowest[v.name], took)
		t.Logf("round %d of %d: killed %s, cases again after %v", n+1, len(order), v.name, took)
	}
	l.stop()
	stored := r.settle(base, l)
	t.Logf("sent %d, acked %d (by victim %v), refused %d, unknown %d, stored %d, slowest recovery %v",
		l.sent.Load(), len(l.acked), acked, l.refused.Load(), l.unknown.Load(), stored, slowest)
	if sent := int(l.sent.Load()); stored < len(l.acked) || stored > sent {
		t.Errorf("%d cases stored of %d sent, %d acked", stored, sent, len(l.acked))
	}
	if want := loadPerRound * len(order); len(l.acked) < want {
		t.Errorf("only %d submissions were acked in %d rounds, want %d for a test under load", len(l.acked), len(order), want)
	}
	r.check(l)
	r.terminate()
}

// A rig is the hub as a process, and what it takes to kill it.
type rig struct {
	t              *testing.T
	bin, dir, addr string
	url            string
	cmd            *exec.Cmd
	exited         chan struct{}
	stderr         *os.File
	kafka          *kafkaNode // nil runs the embedded broker
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir, err := os.MkdirTemp("", "crash")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL runs as another user when this is root
		t.Fatal(err)
	}
	r := &rig{t: t, bin: filepath.Join(dir, "mashang"), dir: filepath.Join(dir, "data")}
	t.Cleanup(func() {
		r.cleanup()
		if !t.Failed() {
			_ = os.RemoveAll(dir)
		}
	})
	if out, err := exec.Command("go", "build", "-o", r.bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	if err := os.Mkdir(r.tmp(), 0o755); err != nil {
		t.Fatal(err)
	}
	if r.stderr, err = os.Create(filepath.Join(dir, "stderr")); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = l.Addr().String()
	r.url = "http://" + r.addr
	_ = l.Close()
	return r
}

// start runs the hub and returns when it is ready.
func (r *rig) start() {
	r.t.Helper()
	began := time.Now()
	cmd := exec.Command(r.bin, "demo", "--data", r.dir, "--listen", r.addr, "-o", "json")
	if r.kafka != nil {
		cmd.Args = append(cmd.Args, "--kafka", r.kafka.addr)
	}
	cmd.Env = append(os.Environ(), "TMPDIR="+r.tmp())
	cmd.Stderr = r.stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	ready, exited := make(chan struct{}), make(chan struct{})
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			if strings.Contains(s.Text(), `"ready":true`) {
				close(ready)
			}
		}
		_ = cmd.Wait()
		close(exited)
	}()
	r.cmd, r.exited = cmd, exited
	select {
	case <-ready:
		r.t.Logf("hub %d ready after %v", cmd.Process.Pid, time.Since(began).Round(time.Millisecond))
	case <-exited:
		r.fail("the hub ended while starting")
	case <-time.After(patience):
		r.fail("the hub is not ready")
	}
}

// tmp is the temporary folder of the hub.
func (r *rig) tmp() string { return filepath.Join(filepath.Dir(r.dir), "tmp") }

func (r *rig) fail(format string, args ...any) {
	r.t.Helper()
	text, _ := os.ReadFile(r.stderr.Name())
	r.t.Fatalf("%s\nstderr: %s", fmt.Sprintf(format, args...), text[max(0, len(text)-4000):])
}

// await returns when ok holds.
func (r *rig) await(what string, ok func() bool) {
	r.t.Helper()
	r.awaitFor(patience, what, ok)
}

func (r *rig) awaitFor(limit time.Duration, what string, ok func() bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			r.fail("waited in vain for %s", what)
		}
	}
}

func (r *rig) killHub() {
	r.kill(r.cmd.Process.Pid)
	<-r.exited
	r.start()
}

func (r *rig) killPlugin() {
	var plugins []int
	r.await("a plugin to kill", func() bool { plugins = r.plugins(); return len(plugins) > 0 })
	r.kill(plugins[rand.IntN(len(plugins))])
}

func (r *rig) killPostgres() {
	pid := r.postmaster()
	if pid == 0 {
		r.fail("no PostgreSQL runs")
	}
	r.kill(pid)
	select {
	case <-r.exited:
		if code := r.cmd.ProcessState.ExitCode(); code == 0 {
			r.t.Error("the hub ended with 0 though its PostgreSQL died")
		}
		r.start()
	case <-time.After(patience):
		r.fail("the hub hangs after its PostgreSQL died")
	}
}

// recovered waits until cases come through again.
func (r *rig) recovered(l *load) {
	acked, stored := l.count(), r.total()
	r.await("a new 202", func() bool { return l.count() > acked+loadPerRound })
	r.await("a new case", func() bool { return r.total() > stored })
}

func (r *rig) kill(pid int) {
	r.t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		r.t.Errorf("kill %d: %v", pid, err)
	}
}

// plugins returns the processes that run our binary as a plugin.
func (r *rig) plugins() []int {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	var pids []int
	for _, path := range lines {
		line, err := os.ReadFile(path)
		if err == nil && bytes.HasPrefix(line, []byte(r.bin+"\x00plugin\x00")) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// postmaster returns the process of our PostgreSQL, 0 when it does not run.
func (r *rig) postmaster() int {
	text, err := os.ReadFile(filepath.Join(r.dir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, _ := strconv.Atoi(first)
	// A zombie has no command line: adopted servers wait for init to reap them.
	if line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); !bytes.Contains(line, []byte(r.dir)) {
		return 0
	}
	return pid
}

// get reads JSON into v and returns the status, 0 without an answer.
func (r *rig) get(path string, v any) int {
	resp, err := http.Get(r.url + path)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusOK && json.NewDecoder(resp.Body).Decode(v) != nil {
		return 0
	}
	return resp.StatusCode
}

// total returns how many cases came by QR code; it asks until it gets an answer.
func (r *rig) total() int {
	r.t.Helper()
	var list struct{ Total int }
	r.await("the list of cases", func() bool { return r.get("/api/v1/cases?channel=qr&limit=1", &list) == 200 })
	return list.Total
}

// settle waits until all that was acked is stored and the total stands still.
func (r *rig) settle(base int, l *load) int {
	r.t.Helper()
	r.await("every acked case", func() bool { return r.total()-base >= len(l.acked) })
	last, since := r.total(), time.Now()
	r.await("the total to stand still", func() bool {
		if n := r.total(); n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > 3*time.Second
	})
	return last - base
}

// check looks at every acked case.
func (r *rig) check(l *load) {
	r.t.Helper()
	seen, told := map[hub.CaseID]string{}, 0
	for id, tracking := range l.acked {
		if other, dup := seen[tracking]; dup {
			r.t.Errorf("%s and %s have the same number %s", id, other, tracking)
		}
		seen[tracking] = id
		var c hub.Case
		if status := r.get("/api/v1/cases/"+string(tracking), &c); status != 200 {
			r.t.Errorf("acked %s: case %s: status %d", id, tracking, status)
			continue
		}
		if c.ExternalID != id {
			r.t.Errorf("case %s is of %s, want %s", tracking, c.ExternalID, id)
		}
		for _, a := range c.Assignments {
			if a.Role == hub.RoleLead {
				told++
				r.awaitFor(backOff, fmt.Sprintf("the assignment of %s to %s", tracking, a.Department), func() bool { return r.told(tracking) })
			}
		}
	}
	r.t.Logf("%d cases checked, %d leads told", len(seen), told)
	if told == 0 {
		r.t.Error("no case has a lead department")
	}
}

func (r *rig) told(id hub.CaseID) bool {
	var list struct{ Deliveries []hub.Delivery }
	r.get("/api/v1/cases/"+string(id)+"/deliveries", &list)
	for _, d := range list.Deliveries {
		if d.Alert.Event == hub.Assigned && d.Status == hub.DeliveryDone {
			return true
		}
	}
	return false
}

// terminate asks the hub to end: it does, with 0, and leaves nobody behind.
func (r *rig) terminate() {
	r.t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	select {
	case <-r.exited:
	case <-time.After(patience):
		r.fail("the hub does not end on SIGTERM")
	}
	if code := r.cmd.ProcessState.ExitCode(); code != 0 {
		r.t.Errorf("exit code %d on SIGTERM, want 0", code)
	}
	if left := r.plugins(); len(left) > 0 {
		r.t.Errorf("plugins left behind: %v", left)
	}
	if pid := r.postmaster(); pid > 0 {
		r.t.Errorf("postgres %d left behind", pid)
	}
	if left, _ := os.ReadDir(r.tmp()); len(left) > 0 {
		r.t.Errorf("left in the temporary folder: %v", left)
	}
}

// cleanup ends what a failed test left running.
func (r *rig) cleanup() {
	if r.cmd != nil {
		_ = r.cmd.Process.Kill()
		<-r.exited
	}
	if pid := r.postmaster(); pid > 1 {
		_ = syscall.Kill(pid, syscall.SIGINT)
	}
	if r.kafka != nil {
		r.kafka.stop()
	}
}
