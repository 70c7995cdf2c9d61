package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// every is how often checkpoints are made while records are written.
const every = time.Minute

// A Notary (公证) signs a checkpoint every minute in which a record was written
// and hands it to those who keep it elsewhere.
type Notary struct {
	Key   ed25519.PrivateKey
	Heads func(ctx context.Context) ([]Head, error)
	// Keep takes a checkpoint away; each keeper is asked, whether or not
	// another failed.
	Keep  []func(Checkpoint) error
	Clock hub.Clock
	Log   *slog.Logger

	last []Head
}

// Run makes checkpoints until ctx ends.
func (n *Notary) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	said := ""
	for {
		if err := n.Mark(ctx); err != nil && ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			n.Log.Error("make an audit checkpoint", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Mark makes one checkpoint, unless nothing was written since the last.
func (n *Notary) Mark(ctx context.Context) error {
	heads, err := n.Heads(ctx)
	if err != nil || slices.Equal(heads, n.last) {
		return err
	}
	c := Sign(n.Key, n.Clock.Now(), heads)
	var all error
	for _, keep := range n.Keep {
		all = errors.Join(all, keep(c))
	}
	if all == nil {
		n.last = heads
	}
	return all
}

// ToFile keeps checkpoints in a file, one a line, safe on disk when it
// returns. The file belongs on another machine or on a medium that cannot be
// rewritten.
func ToFile(name string) func(Checkpoint) error {
	return func(c Checkpoint) error {
		line, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("encode checkpoint: %w", err)
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return fmt.Errorf("make the checkpoints' folder: %w", err)
		}
		f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return fmt.Errorf("open checkpoints: %w", err)
		}
		_, err1 := f.Write(append(line, '\n'))
		return errors.Join(err1, f.Sync(), f.Close())
	}
}

// tail is how much of a file of checkpoints is read: some 5000 of them.
const tail = 16 << 20

// FromFile returns the last checkpoints that ToFile kept, none when there is no
// file.
func FromFile(name string) ([]Checkpoint, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open checkpoints: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read checkpoints: %w", err)
	}
	from := max(0, info.Size()-tail)
	data := make([]byte, info.Size()-from)
	if _, err := f.ReadAt(data, from); err != nil {
		return nil, fmt.Errorf("read checkpoints: %w", err)
	}
	if from > 0 { // in the middle of a line
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	return ParseCheckpoints(data)
}

// LoadKey reads the signing key from the file name and makes it at first; the
// public half is beside it, in name.pub.
func LoadKey(name string) (ed25519.PrivateKey, error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		seed := make([]byte, ed25519.SeedSize)
		_, _ = rand.Read(seed) // never fails
		key := ed25519.NewKeyFromSeed(seed)
		err1 := os.MkdirAll(filepath.Dir(name), 0o755)
		err2 := os.WriteFile(name, []byte(base64.StdEncoding.EncodeToString(seed)+"\n"), 0o600)
		err3 := os.WriteFile(name+".pub", []byte(FormatKey(key.Public().(ed25519.PublicKey))+"\n"), 0o644)
		return key, errors.Join(err1, err2, err3)
	}
	if err != nil {
		return nil, fmt.Errorf("read the audit key: %w", err)
	}
	seed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(data)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, hub.Errorf(hub.CodeInvalid, "audit.key", name)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// FormatKey writes a public key as ParseKey reads it.
func FormatKey(key ed25519.PublicKey) string { return base64.StdEncoding.EncodeToString(key) }

// ParseKeys reads public keys, one a line.
func ParseKeys(text string) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	for line := range strings.Lines(strings.TrimSpace(text)) {
		key, err := ParseKey(line)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// ParseKey reads a public key.
func ParseKey(text string) (ed25519.PublicKey, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, hub.Errorf(hub.CodeInvalid, "audit.key", "")
	}
	return key, nil
}
