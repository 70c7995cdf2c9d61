package lifecycle

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A usage is the processor time that the parts of a run have used: the users,
// the hub, its departments' plugins and its database. It is zero where there is
// no /proc.
type usage struct{ users, hub, plugins, database time.Duration }

// tick is the unit of processor time in /proc.
const tick = 10 * time.Millisecond

// A stat is what /proc says of a process; used counts its ended children too.
type stat struct {
	name   string
	parent int
	used   time.Duration
}

// usageOf reads what this process, the hub and the hub's children have used.
func usageOf(hub int) (u usage) {
	all := processes()
	for pid, s := range all {
		switch {
		case pid == os.Getpid():
			u.users += s.used
		case pid == hub:
			u.hub += s.used
		case !under(all, pid, hub):
		case s.name == "postgres":
			u.database += s.used
		default:
			u.plugins += s.used
		}
	}
	return u
}

// under reports whether pid descends from ancestor.
func under(all map[int]stat, pid, ancestor int) bool {
	for pid > 1 && pid != ancestor {
		pid = all[pid].parent
	}
	return pid == ancestor
}

func processes() map[int]stat {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	all := make(map[int]stat, len(files))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		if pid, s, ok := parseStat(string(text)); ok {
			all[pid] = s
		}
	}
	return all
}

// parseStat reads "pid (name) state parent …"; a name may hold anything. The
// times are fields 14 and 15, those of children 16 and 17.
func parseStat(text string) (pid int, s stat, ok bool) {
	head, rest, ok1 := cutLast(text, ") ")
	number, name, ok2 := strings.Cut(head, " (")
	fields := strings.Fields(rest)
	if !ok1 || !ok2 || len(fields) < 15 {
		return 0, s, false
	}
	pid, err := strconv.Atoi(number)
	if err != nil {
		return 0, s, false
	}
	s.name = name
	s.parent, _ = strconv.Atoi(fields[1])
	for _, f := range fields[11:15] {
		n, _ := strconv.ParseInt(f, 10, 64)
		s.used += time.Duration(n) * tick
	}
	return pid, s, true
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func (u usage) since(v usage) usage {
	return usage{u.users - v.users, u.hub - v.hub, u.plugins - v.plugins, u.database - v.database}
}

// per shares the usage out over n lives.
func (u usage) per(n int) string {
	of := func(d time.Duration) float64 { return ms(d) / float64(n) }
	return fmt.Sprintf("用户 %.2f ms，码上 %.2f ms，部门插件 %.2f ms，数据库 %.2f ms，合计 %.2f ms",
		of(u.users), of(u.hub), of(u.plugins), of(u.database), of(u.users+u.hub+u.plugins+u.database))
}
