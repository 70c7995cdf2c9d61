package local

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	embedded "github.com/fergusstrange/embedded-postgres"
	"github.com/mashang-hub/mashang/hub"
)

// binaries returns a folder with initdb and postgres: of the machine, newest
// first, or downloaded. version is the major version that the data needs, ""
// for any.
func binaries(ctx context.Context, home, version string, log *slog.Logger) (string, error) {
	downloaded := filepath.Join(home, "postgres")
	for _, dir := range append(installed(), filepath.Join(downloaded, "bin")) {
		if suits(ctx, dir, version) {
			return dir, nil
		}
	}
	log.Info("downloading postgres", "version", version)
	if err := download(downloaded, version); err != nil {
		return "", &hub.Error{Code: hub.CodeUnavailable, Key: "postgres.missing", Args: []any{version}, Err: err}
	}
	return filepath.Join(downloaded, "bin"), nil
}

func installed() []string {
	var dirs []string
	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		slices.Reverse(found)
		dirs = append(dirs, found...)
	}
	return dirs
}

// suits reports whether dir has both programs, of the version wanted.
func suits(ctx context.Context, dir, version string) bool {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return false
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return false
	}
	fields := strings.Fields(string(out)) // postgres (PostgreSQL) 15.18 …
	return len(fields) >= 3 && (version == "" || strings.HasPrefix(fields[2], version+"."))
}

// download unpacks a server into dir. The library can only download by
// starting one; where that fails (it cannot start as root) the programs are
// there all the same, and those are what counts.
func download(dir, version string) error {
	scratch, err := os.MkdirTemp("", "mashang-postgres-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	port, err := freePort()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	config := embedded.DefaultConfig().Port(uint32(port)).BinariesPath(dir).
		RuntimePath(scratch).DataPath(filepath.Join(scratch, "data")).Logger(&out)
	for _, v := range []embedded.PostgresVersion{embedded.V18, embedded.V17, embedded.V16, embedded.V15} {
		if version != "" && strings.HasPrefix(string(v), version+".") {
			config = config.Version(v)
		}
	}
	server := embedded.NewDatabase(config)
	startErr := server.Start()
	if startErr == nil {
		if err := server.Stop(); err != nil {
			return fmt.Errorf("stop downloaded postgres: %w", err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "bin", "postgres")); err != nil {
		return fmt.Errorf("download postgres: %w", startErr)
	}
	return nil
}

// Installed returns the folder of a PostgreSQL server on this machine, if there
// is one that runs.
func Installed(ctx context.Context) (dir string, ok bool) {
	for _, dir := range installed() {
		if suits(ctx, dir, "") {
			return dir, true
		}
	}
	return "", false
}
