package app

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"syscall"
)

// runDir makes the folder of the plugins' sockets. Socket paths are short, so
// it does not lie in the data folder; but its name follows from that folder, so
// that a hub finds and sweeps what one that was killed left behind.
func runDir(data string) (string, error) {
	abs, err := filepath.Abs(data)
	if err != nil {
		return "", fmt.Errorf("find the data folder: %w", err)
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(abs))
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("mashang-%016x", h.Sum64()))
	if err := os.Mkdir(dir, 0o700); err == nil {
		return dir, nil
	}
	if ours(dir) {
		if err := os.RemoveAll(dir); err != nil {
			return "", fmt.Errorf("sweep the folder of plugin sockets: %w", err)
		}
		if err := os.Mkdir(dir, 0o700); err == nil {
			return dir, nil
		}
	}
	// Somebody else has the name: the temporary folder belongs to all.
	dir, err = os.MkdirTemp("", "mashang")
	if err != nil {
		return "", fmt.Errorf("make the folder of plugin sockets: %w", err)
	}
	return dir, nil
}

// ours reports that dir is a folder of this user that nobody else may enter.
func ours(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}
