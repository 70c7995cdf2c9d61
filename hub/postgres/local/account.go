package local

import (
	"crypto/rand"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/mashang-hub/mashang/hub"
)

// fallback holds the data of a hub that runs as root in a folder which no
// other account may enter.
const fallback = "/var/lib/mashang"

// An account is the unprivileged user that the server runs as when the hub is
// root, which PostgreSQL refuses to be. nil is the hub's own account.
type account struct{ uid, gid int }

// unprivileged returns the account to run as, nil for the own one.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := osuser.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil && uid > 0 {
			return &account{uid: uid, gid: gid}, nil
		}
	}
	return nil, hub.Errorf(hub.CodeInvalid, "postgres.root")
}

// chown gives path to the account.
func (a *account) chown(path string) error {
	if a == nil {
		return nil
	}
	if err := os.Chown(path, a.uid, a.gid); err != nil {
		return fmt.Errorf("give folder to the postgres account: %w", err)
	}
	return nil
}

// process returns how to start a process as the account.
func (a *account) process() *syscall.SysProcAttr {
	if a == nil {
		return &syscall.SysProcAttr{}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}}
}

// homeFor returns the folder to use for dir: dir itself, or, when the account
// cannot reach it, a folder whose name is remembered in dir.
func homeFor(dir string, a *account, log *slog.Logger) (string, error) {
	blocked := a.blocked(filepath.Dir(dir))
	if blocked == "" {
		return dir, nil
	}
	note := filepath.Join(dir, "location")
	if text, err := os.ReadFile(note); err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	home := filepath.Join(fallback, strings.ToLower(rand.Text()[:8]))
	log.Warn("postgres cannot reach the data folder as root; keeping its data elsewhere",
		"dir", dir, "blocked_by", blocked, "instead", home)
	for _, folder := range []string{fallback, dir} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", &hub.Error{Code: hub.CodeInvalid, Key: "postgres.folder", Args: []any{dir, blocked}, Err: err}
		}
	}
	if err := os.WriteFile(note, []byte(home+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("note location: %w", err)
	}
	return home, nil
}

// blocked returns the first existing parent that the account may not enter, ""
// when there is none.
func (a *account) blocked(dir string) string {
	if a == nil {
		return ""
	}
	for ; ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && !a.mayEnter(info) {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

func (a *account) mayEnter(info fs.FileInfo) bool {
	mode := info.Mode().Perm()
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		switch {
		case int(st.Uid) == a.uid:
			return mode&0o100 != 0
		case int(st.Gid) == a.gid:
			return mode&0o010 != 0
		}
	}
	return mode&0o001 != 0
}
