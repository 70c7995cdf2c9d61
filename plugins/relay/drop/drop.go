// Package drop writes messages into a file of the day (落地文件), one a line: for
// the demonstration, and for a gateway that fetches files.
//
// A reader takes lines with the same id for one message: a hub that dies in the
// middle may write a line twice. Start with New.
package drop

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Line (落地通知) is one message.
type Line struct {
	ID    string    `json:"id"`
	At    time.Time `json:"at"`
	Name  string    `json:"name,omitempty"`
	Phone string    `json:"phone,omitempty"` // masked, unless the file feeds a gateway
	Text  string    `json:"text"`
}

// A Drop writes into one folder. It is safe for concurrent use.
type Drop struct {
	dir string
	mu  sync.Mutex
}

// New returns the drop of dir, which is made at the first message.
func New(dir string) (*Drop, error) {
	if !filepath.IsAbs(dir) {
		return nil, hub.Errorf(hub.CodeInvalid, "folder.dir")
	}
	return &Drop{dir: dir}, nil
}

// Close does nothing.
func (*Drop) Close() error { return nil }

// Send appends l to the file of its day in China.
func (d *Drop) Send(_ context.Context, l Line) hub.Receipt {
	body, err := json.Marshal(l)
	if err != nil {
		return hub.Receipt{Outcome: hub.Refused, Reason: "message cannot be encoded"}
	}
	if err := d.append(l.At.In(hub.China()).Format(time.DateOnly)+".jsonl", append(body, '\n')); err != nil {
		return hub.Receipt{Outcome: hub.RetryLater, Reason: "file cannot be written"}
	}
	return hub.Receipt{Outcome: hub.Delivered}
}

func (d *Drop) append(name string, line []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := os.MkdirAll(d.dir, 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(d.dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(line); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
