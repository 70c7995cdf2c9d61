package robot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A memory (记录) is the file in which a robot keeps when it last spoke, so that
// a new process does not break the vendor's limit.
type memory struct{ file string }

// kept is what the file holds: unix milliseconds.
type kept struct {
	Sent  []int64 `json:"sent"`
	Until int64   `json:"until"`
}

// recall returns how the robot at url stood when it last spoke, as far as dir
// knows. Without a folder, or one that cannot be used, nothing is known, and the
// minute before now is taken to have been full.
func recall(dir, url string, limit int, now time.Time) *pace {
	p := &pace{limit: limit}
	full := func() *pace {
		for range limit {
			p.sent = append(p.sent, now)
		}
		return p
	}
	if dir == "" {
		return full()
	}
	sum := sha256.Sum256([]byte(url))
	p.memory = &memory{filepath.Join(dir, "robot-"+hex.EncodeToString(sum[:8])+".json")}
	k, err := p.memory.load()
	if err != nil {
		return full()
	}
	for _, ms := range k.Sent {
		p.sent = append(p.sent, time.UnixMilli(ms))
	}
	p.until = time.UnixMilli(k.Until)
	if p.memory.save(k) != nil {
		return full()
	}
	return p
}

// load reads the file; a robot that never spoke has none.
func (m *memory) load() (kept, error) {
	var k kept
	raw, err := os.ReadFile(m.file)
	if errors.Is(err, fs.ErrNotExist) {
		return k, os.MkdirAll(filepath.Dir(m.file), 0o700)
	}
	if err == nil {
		err = json.Unmarshal(raw, &k)
	}
	return k, err
}

// save replaces the file, whole or not at all.
func (m *memory) save(k kept) error {
	raw, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("encode when the robot spoke: %w", err)
	}
	if err := os.WriteFile(m.file+".new", raw, 0o600); err != nil {
		return fmt.Errorf("keep when the robot spoke: %w", err)
	}
	return os.Rename(m.file+".new", m.file)
}
