package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// maxFile is the largest file that is fetched.
const maxFile = 4 * adapters.MaxBody

// remote is one connection to a server.
type remote struct {
	ssh  *ssh.Client
	sftp *sftp.Client
}

// Close ends the connection first: the client's own close waits for a server
// that may not answer any more. Nothing is left to lose.
func (r *remote) Close() { _ = errors.Join(r.ssh.Close(), r.sftp.Close()) }

// login returns what connects; keys are read once.
func login(c Config, d adapters.Deps) (func() (*remote, error), error) {
	host, _, _, _, err := ssh.ParseAuthorizedKey([]byte(c.SFTP.HostKey))
	if err != nil {
		return nil, fmt.Errorf("host_key: 应为 ssh-ed25519 AAAA… 这样的一行：%w", err)
	}
	config := &ssh.ClientConfig{User: c.SFTP.User, HostKeyCallback: ssh.FixedHostKey(host), Timeout: 15 * time.Second}
	if c.SFTP.Password != "" {
		password, err := c.SFTP.Password.Reveal(d)
		if err != nil {
			return nil, fmt.Errorf("password: %w", err)
		}
		config.Auth = append(config.Auth, ssh.Password(password))
	}
	if c.SFTP.Key != "" {
		pem, err := c.SFTP.Key.Reveal(d)
		if err != nil {
			return nil, fmt.Errorf("key: %w", err)
		}
		signer, err := ssh.ParsePrivateKey([]byte(pem))
		if err != nil && pem != "set" { // "set" stands for the secret while a file is checked
			return nil, fmt.Errorf("key: %w", err)
		}
		config.Auth = append(config.Auth, ssh.PublicKeys(signer))
	}
	return func() (*remote, error) {
		conn, err := ssh.Dial("tcp", c.SFTP.Address, config)
		if err != nil {
			return nil, fmt.Errorf("connect to %s: %w", c.SFTP.Address, err)
		}
		client, err := sftp.NewClient(conn)
		if err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("open sftp on %s: %w", c.SFTP.Address, err)
		}
		return &remote{conn, client}, nil
	}, nil
}

// watch looks at a folder of a server. Its clock may differ from ours: a file
// has settled when it looks the same as Settle before.
type watch struct {
	a    *adapter
	seen map[string]mark
}

type mark struct {
	size     int64
	modified time.Time
	since    time.Time
}

func (w *watch) scan(ctx context.Context) error {
	conn, err := w.a.login()
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.ssh.Close() }) // ends what is under way
	defer stop()
	dir := w.a.config.Folder
	entries, err := conn.sftp.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list %s: %w", dir, err)
	}
	now := w.a.Deps.Clock.Now()
	next := map[string]mark{}
	defer func() { w.seen = next }()
	for _, e := range entries {
		if !e.Mode().IsRegular() || adapters.Unfinished(e.Name()) || !w.a.config.wanted(e.Name()) {
			continue
		}
		m := mark{e.Size(), e.ModTime(), now}
		if old, ok := w.seen[e.Name()]; ok && old.size == m.size && old.modified.Equal(m.modified) {
			m.since = old.since
		}
		next[e.Name()] = m
		if now.Sub(m.since) < w.a.config.Settle {
			continue
		}
		if err := w.take(ctx, conn, e.Name()); err != nil {
			return fmt.Errorf("file %s: %w", e.Name(), err) // none may overtake it
		}
	}
	return nil
}

func (w *watch) take(ctx context.Context, conn *remote, name string) error {
	dir := w.a.config.Folder
	f, err := conn.sftp.Open(path.Join(dir, name))
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	_ = f.Close() // read only
	switch {
	case err != nil:
		return fmt.Errorf("read: %w", err)
	case len(data) > maxFile:
		err = hub.Errorf(hub.CodeTooLarge, "http.body_too_long", maxFile)
	default:
		err = w.a.file(ctx, name, data, func(name string, data []byte) error { return conn.write(path.Join(dir, name), data) })
	}
	if err != nil && adapters.Passing(err) {
		return err
	}
	to := "processed"
	if err != nil {
		to = "failed"
		if werr := conn.write(path.Join(dir, to, name+".reason.txt"), []byte(adapters.Sentence(err)+"\n")); werr != nil {
			return werr
		}
	}
	return conn.move(dir, to, name)
}

// write makes a file that others see whole or not at all.
func (r *remote) write(name string, data []byte) error {
	if err := r.sftp.MkdirAll(path.Dir(name)); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	tmp := name + ".tmp"
	f, err := r.sftp.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return fmt.Errorf("create file: %w", err)
	}
	_, err = f.ReadFrom(bytes.NewReader(data))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	_ = r.sftp.Remove(name) // an older receipt; plain SFTP does not rename over it
	if err := r.sftp.Rename(tmp, name); err != nil {
		return fmt.Errorf("put file in place: %w", err)
	}
	return nil
}

// move renames a file into a folder, under a new name if that one is taken.
func (r *remote) move(dir, to, name string) error {
	if err := r.sftp.MkdirAll(path.Join(dir, to)); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	target := path.Join(dir, to, name)
	for n := 2; ; n++ {
		if _, err := r.sftp.Lstat(target); errors.Is(err, os.ErrNotExist) {
			break
		}
		ext := path.Ext(name)
		target = path.Join(dir, to, fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), n, ext))
	}
	if err := r.sftp.Rename(path.Join(dir, name), target); err != nil {
		return fmt.Errorf("move file: %w", err)
	}
	return nil
}
