// Package journal keeps what a program beside the hub wrote (插件日志): the last
// lines in memory, more of them in two files, with telephone and identity
// numbers hidden before anything is kept.
//
// It refuses to grow: whoever writes without end loses its oldest lines. Names
// in free text it does not know; programs are told not to write them. Start
// with [Open].
package journal

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// Most says how much is kept; zero fields are the usual.
type Most struct {
	Lines     int // in memory: 1,000
	Bytes     int // of their text: 512 KB
	FileBytes int // of each of the two files: 2 MB
}

func (m Most) withDefaults() Most {
	or := func(n *int, usual int) {
		if *n <= 0 {
			*n = usual
		}
	}
	or(&m.Lines, 1000)
	or(&m.Bytes, 512<<10)
	or(&m.FileBytes, 2<<20)
	return m
}

// A Line (日志行) is one line as it is kept.
type Line struct {
	Seq   int64     `json:"seq"` // counts on over restarts of the hub
	At    time.Time `json:"at"`  // when the hub read it
	Level Level     `json:"level"`
	Text  string    `json:"text"`
}

// A Journal is the log of one program. Its methods are safe for concurrent use.
type Journal struct {
	most  Most
	clock hub.Clock
	log   *slog.Logger
	path  string

	mu    sync.Mutex
	lines []Line // oldest first
	bytes int    // of the text of lines
	seq   int64  // of the last line
	trace bool   // a crash is being told, line by line
	file  *os.File
	size  int // of file
	fault string
}

// Open opens the journal whose newer file is path, and remembers what an
// earlier hub left there. The folder is made if it is missing; folder and files
// are for this user only.
func Open(path string, most Most, clock hub.Clock, log *slog.Logger) (*Journal, error) {
	j := &Journal{most: most.withDefaults(), clock: clock, log: log, path: path}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of a journal: %w", err)
	}
	stored, err := j.stored()
	if err != nil {
		return nil, err
	}
	for _, l := range decode(stored) {
		j.keep(l)
	}
	if err := j.open(); err != nil {
		return nil, err
	}
	return j, nil
}

// Write takes one line, with or without its end. It never fails and never
// waits for anything but the disk: when that is full, memory goes on.
func (j *Journal) Write(b []byte) (int, error) {
	level, text, told := read(string(b))
	if text == "" {
		return len(b), nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case told:
		j.trace = false
	case crash(text):
		j.trace = true
	}
	if j.trace {
		level = Error
	}
	l := Line{Seq: j.seq + 1, At: j.clock.Now(), Level: level, Text: text}
	j.keep(l)
	j.store(l)
	return len(b), nil
}

// keep puts l into memory and lets go of the oldest.
func (j *Journal) keep(l Line) {
	j.lines, j.bytes, j.seq = append(j.lines, l), j.bytes+len(l.Text), l.Seq
	for len(j.lines) > j.most.Lines || j.bytes > j.most.Bytes && len(j.lines) > 1 {
		j.bytes -= len(j.lines[0].Text)
		j.lines[0] = Line{} // its text is let go at once
		j.lines = j.lines[1:]
	}
}

// Close closes the file; what is written later stays in memory only.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.path = ""
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}
