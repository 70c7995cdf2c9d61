package files_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/files"
	"github.com/mashang-hub/mashang/adapters/mapping"
)

func row(id string, n int) adaptertest.Sample {
	return adaptertest.Sample{Body: fmt.Sprintf("%s,v%d\n", id, n)}
}

// feed writes tables of ten rows, in the order of their names.
func feed(dir string) adaptertest.Feed {
	return func(messages []adaptertest.Sample) error {
		for n := 0; n < len(messages); n += 10 {
			text := "单号,内容\n"
			for _, m := range messages[n:min(n+10, len(messages))] {
				text += m.Body
			}
			if err := adapters.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.csv", n)), []byte(text)); err != nil {
				return err
			}
		}
		return nil
	}
}

func suite(dir, options string) adaptertest.Suite {
	return adaptertest.Suite{
		Spec: files.Spec(), Options: options + "\nsettle: 0s\nevery: 2ms\nreceipts: true",
		Config:  adapters.Config{Map: mapping.Config{ExternalID: "单号", Text: "内容"}},
		Message: row, Feed: feed(dir),
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	adaptertest.Run(t, suite(dir, "folder: "+dir))
	if done, _ := filepath.Glob(filepath.Join(dir, "processed", "*.csv")); len(done) < 6 {
		t.Errorf("%d files in processed", len(done))
	}
	if slips, _ := filepath.Glob(filepath.Join(dir, "*.receipt.json")); len(slips) < 6 {
		t.Errorf("%d receipts", len(slips))
	}
}

// serve is an SFTP server on this machine that shows dir and takes the
// password "secret".
func serve(t *testing.T, dir string) (address, hostKey string) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) {
		if string(p) != "secret" {
			return nil, io.EOF
		}
		return nil, nil //nolint:nilnil // no special permissions
	}}
	config.AddHostKey(signer)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go session(conn, config, dir)
		}
	}()
	return listener.Addr().String(), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
}

func session(conn net.Conn, config *ssh.ServerConfig, dir string) {
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for c := range channels {
		ch, reqs, err := c.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range reqs {
				_ = r.Reply(r.Type == "subsystem", nil)
			}
		}()
		server, err := sftp.NewServer(ch, sftp.WithServerWorkingDirectory(dir))
		if err == nil {
			_ = server.Serve()
			_ = ch.Close()
		}
	}
}

func TestSFTP(t *testing.T) {
	dir := t.TempDir()
	address, key := serve(t, dir)
	if err := os.Mkdir(filepath.Join(dir, "outbox"), 0o700); err != nil {
		t.Fatal(err)
	}
	options := fmt.Sprintf("folder: outbox\nsftp: {address: %q, user: u, password: secret, host_key: %q}", address, key)
	s := suite(filepath.Join(dir, "outbox"), options)
	s.Deps.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	adaptertest.Run(t, s)
	if done, _ := filepath.Glob(filepath.Join(dir, "outbox", "processed", "*.csv")); len(done) < 6 {
		t.Errorf("%d files in processed", len(done))
	}
}

func TestBadFileIsPutAsideWithItsReason(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.csv"), []byte("单号,内容\n1,2,3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	adaptertest.Until(t, suite(dir, "folder: "+dir), func() bool {
		_, err := os.Stat(filepath.Join(dir, "failed", "a.csv.reason.txt"))
		return err == nil
	})
	if _, err := os.Stat(filepath.Join(dir, "failed", "a.csv")); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	for want, c := range map[string]files.Config{
		"folder": {}, "every": {Folder: "x"}, "pattern": {Folder: "x", Every: 1, Pattern: "["}, "sftp": {Folder: "x", Every: 1, SFTP: &files.SFTP{}},
		"sftp.host_key": {Folder: "x", Every: 1, SFTP: &files.SFTP{Address: "a:1", User: "u", Password: "p"}},
	} {
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
