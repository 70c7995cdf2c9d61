package host

import (
	"bytes"
	"io"
	"sync"
)

const (
	keptLines = 20
	keptBytes = 600      // of one line that is kept
	lineBytes = 64 << 10 // of one line that is passed on
)

// lines are the last lines that a process wrote to its standard error.
type lines struct {
	to   io.Writer // gets each line as one write; nil for none
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
		l.part = shorten(l.part, lineBytes)
		if !ended {
			return n, nil
		}
		if len(l.part) > 0 {
			l.keep()
		}
		l.part, b = l.part[:0], rest
	}
}

// keep keeps the line that has ended and passes it on.
func (l *lines) keep() {
	if l.to != nil {
		_, _ = l.to.Write(l.part)
	}
	l.all = append(l.all, string(bytes.ToValidUTF8(shorten(l.part, keptBytes), []byte("?"))))
	l.all = l.all[max(0, len(l.all)-keptLines):]
}

// shorten cuts b after n bytes, and before a number that stands there: half a
// telephone number is not known as one and would not be hidden.
func shorten(b []byte, n int) []byte {
	if len(b) <= n {
		return b
	}
	return bytes.TrimRight(b[:n], "0123456789 -")
}

func (l *lines) last() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.all...)
}
