package host

import (
	"bytes"
	"sync"
)

const (
	keptLines = 20
	keptBytes = 600 // of one line
)

// lines are the last lines that a process wrote to its standard error.
type lines struct {
	mu   sync.Mutex
	all  []string
	part []byte // of a line that has not ended
}

// Write takes what the process wrote, in whatever pieces.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(b)
	for {
		line, rest, ended := bytes.Cut(b, []byte("\n"))
		l.part = append(l.part, line...)
		l.part = l.part[:min(len(l.part), keptBytes)]
		if !ended {
			return n, nil
		}
		if len(l.part) > 0 {
			l.all = append(l.all, string(bytes.ToValidUTF8(l.part, []byte("?"))))
			l.all = l.all[max(0, len(l.all)-keptLines):]
		}
		l.part, b = l.part[:0], rest
	}
}

func (l *lines) last() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.all...)
}
