// Package memory tells the garbage collector how much room it has.
//
// A hub makes much short-lived garbage around a small heap that stays, so that
// the runtime's own setting collects far too often. Start with Tune.
package memory

import (
	"bufio"
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// percent is how much the heap grows between two collections; the runtime's
// own number is 100.
const percent = 400

// Tune lets the heap grow fivefold between collections, and holds it to half of
// the machine's or the container's memory: near that the collector works as
// often as it must. Call it once at start. The environment's GOGC and
// GOMEMLIMIT, which are the runtime's own, come first.
func Tune() {
	total := machine()
	if total == 0 {
		return // without a ceiling the heap is not let grow
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(total / 2)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

// machine returns the bytes of memory that this process may count on, 0 where
// that cannot be found out.
func machine() int64 {
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	total := totalOf(info)
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && limit > 0 {
			total = min(total, limit)
		}
	}
	return total
}

// totalOf reads the total, in bytes, from the text of /proc/meminfo.
func totalOf(info []byte) int64 {
	lines := bufio.NewScanner(bytes.NewReader(info))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 2 || f[0] != "MemTotal:" {
			continue
		}
		kib, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			return 0
		}
		return kib << 10
	}
	return 0
}
