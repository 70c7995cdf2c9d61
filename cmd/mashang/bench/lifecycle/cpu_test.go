package lifecycle

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// What a child has used is told apart from what this process has.
func TestWhoUsesTheProcessor(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	child := exec.CommandContext(t.Context(), "sh", "-c", "while :; do :; done")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = child.Process.Kill()
		_ = child.Wait()
	}()
	for end := time.Now().Add(10 * time.Second); ; {
		as := usageOf(child.Process.Pid)
		below := usageOf(os.Getpid())
		if as.hub > 0 && below.plugins > 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("a busy child is not seen: %+v, %+v", as, below)
		}
	}
}

// The name of a program may hold what separates the fields.
func TestParseStat(t *testing.T) {
	const line = "42 (odd) name) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 20 30 20 0 1 0 99 0"
	pid, s, ok := parseStat(line)
	if !ok || pid != 42 || s.name != "odd) name" || s.parent != 7 || s.used != 2500*time.Millisecond {
		t.Errorf("%d %+v %v", pid, s, ok)
	}
	for _, bad := range []string{"", "42", "42 (x)", "x (y) S 1 2 3"} {
		if _, _, ok := parseStat(bad); ok {
			t.Errorf("%q is read", bad)
		}
	}
	u := usage{users: 10 * time.Millisecond, hub: 30 * time.Millisecond, database: 20 * time.Millisecond}
	want := "用户 1.00 ms，码上 3.00 ms，部门插件 0.00 ms，数据库 2.00 ms，合计 6.00 ms"
	if got := u.since(usage{}).per(10); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
