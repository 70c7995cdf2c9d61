// Command go is an example of an adapter that is a program of its own. It reads
// lines of "number|text|phone|time" that are pushed to it, and pulls the same
// lines from a file, where the cursor is how many lines were read.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/mashang-hub/mashang/adapters/external/sdk"
)

func main() { sdk.Serve(&lines{}) }

// lines reads piped lines.
type lines struct {
	mu   sync.Mutex
	file string
}

// Configure implements sdk.Adapter.
func (l *lines) Configure(_ context.Context, _ string, config []byte) (bool, error) {
	var c struct {
		File string `json:"file"`
	}
	if err := json.Unmarshal(config, &c); err != nil {
		return false, fmt.Errorf("config: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.file = c.File
	return c.File != "", nil
}

// Decode implements sdk.Adapter.
func (l *lines) Decode(_ context.Context, body []byte, _ string) ([]*sdk.Submission, error) {
	var all []*sdk.Submission
	for line := range strings.Lines(string(body)) {
		s, err := read(strings.TrimSpace(line))
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// Pull implements sdk.Adapter.
func (l *lines) Pull(_ context.Context, cursor string, limit int) ([]*sdk.Submission, string, bool, error) {
	l.mu.Lock()
	file := l.file
	l.mu.Unlock()
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, cursor, false, nil
	}
	if err != nil {
		return nil, cursor, false, err
	}
	n, _ := strconv.Atoi(cursor)
	var all []*sdk.Submission
	rows := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	for ; n < len(rows) && len(all) < limit; n++ {
		s, err := read(string(rows[n]))
		if err != nil {
			s = &sdk.Submission{Raw: rows[n], MediaType: "text/plain"} // the hub keeps it as a dead letter
		}
		all = append(all, s)
	}
	return all, strconv.Itoa(n), n < len(rows), nil
}

// Settle implements sdk.Adapter: there is nobody to tell.
func (l *lines) Settle(context.Context, []*sdk.Settled) error { return nil }

func read(line string) (*sdk.Submission, error) {
	f := strings.Split(line, "|")
	if len(f) < 2 || f[0] == "" {
		return nil, sdk.Refused("每行应为 编号|内容|电话|时间")
	}
	s := &sdk.Submission{ExternalId: f[0], Text: f[1], Raw: []byte(line), MediaType: "text/plain"}
	if len(f) > 2 {
		s.Phone = f[2]
	}
	if len(f) > 3 {
		s.SubmittedAt = f[3]
	}
	return s, nil
}
