package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mashang-hub/mashang/hub"
)

// A FolderConfig is the configuration of a folder (文件交换).
type FolderConfig struct {
	// Dir is where the files go; it must exist, so that a share that is not
	// mounted is noticed.
	Dir string `json:"dir"`
}

// Validate says the first thing that is wrong.
func (c FolderConfig) Validate() error {
	if !filepath.IsAbs(c.Dir) {
		return hub.Errorf(hub.CodeInvalid, "folder.dir")
	}
	return nil
}

// A Folder takes one file per alert, named by its id, with a checksum beside
// it. A reader never sees half a file. It is safe for concurrent use.
type Folder struct{ dir string }

// NewFolder checks config and returns its folder.
func NewFolder(c FolderConfig) (*Folder, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Folder{c.Dir}, nil
}

// Close does nothing.
func (*Folder) Close() error { return nil }

// Send writes alerts; a file that is there is left as it is.
func (f *Folder) Send(_ context.Context, alerts []hub.Alert) []hub.Receipt {
	out := make([]hub.Receipt, 0, len(alerts))
	for _, a := range alerts {
		out = append(out, receipts([]hub.Alert{a}, f.write(a))...)
	}
	return out
}

func (f *Folder) write(a hub.Alert) error {
	body, err := event(a)
	if err != nil {
		return fmt.Errorf("encode alert: %w", err)
	}
	name := safe(string(a.ID)) + ".json"
	if _, err := os.Stat(filepath.Join(f.dir, name)); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for %s: %w", name, err)
	}
	sum := sha256.Sum256(body)
	// The checksum comes first: who sees the file can check it.
	if err := f.put(name+".sha256", []byte(hex.EncodeToString(sum[:])+"  "+name+"\n")); err != nil {
		return err
	}
	return f.put(name, body)
}

// put writes a file under a name of its own, to disk, and then renames it.
func (f *Folder) put(name string, body []byte) error {
	tmp, err := os.CreateTemp(f.dir, ".tmp-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(body)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(f.dir, name))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// safe makes a file name of an id.
func safe(id string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, strings.TrimLeft(id, "."))
}
