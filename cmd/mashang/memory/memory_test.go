package memory

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestTheTotalIsReadFromTheKernelsTable(t *testing.T) {
	for text, want := range map[string]int64{
		"MemTotal:        8008844 kB\nMemFree:  1 kB\n": 8008844 << 10,
		"MemFree: 1 kB\n":  0,
		"MemTotal: much\n": 0,
		"":                 0,
	} {
		if got := totalOf([]byte(text)); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

// restoreAfter puts the collector's settings back after t.
func restoreAfter(t *testing.T) {
	t.Helper()
	gc, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	t.Cleanup(func() {
		debug.SetGCPercent(gc)
		debug.SetMemoryLimit(limit)
	})
}

func TestTuneSetsBothUnlessTheEnvironmentDoes(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the memory of the machine is read on Linux only")
	}
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	restoreAfter(t)
	Tune()
	if limit := debug.SetMemoryLimit(-1); limit != machine()/2 {
		t.Errorf("limit %d, want half of %d", limit, machine())
	}
	if got := debug.SetGCPercent(50); got != percent {
		t.Errorf("percent %d, want %d", got, percent)
	}
	t.Setenv("GOGC", "50")
	Tune()
	if got := debug.SetGCPercent(50); got != 50 {
		t.Errorf("percent %d although GOGC says 50", got)
	}
}
