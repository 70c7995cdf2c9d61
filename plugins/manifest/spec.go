package manifest

import (
	"path/filepath"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/host"
)

// Spec returns how the plugin in dir is run for a department. Its files are
// checked again before each start.
func (m Manifest) Spec(d hub.DepartmentCode, dir string, getenv func(string) string) (host.Spec, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return host.Spec{}, err
	}
	return host.Spec{
		Department: d, Command: m.Program(dir), Env: m.Environ(getenv), Version: m.Version, Protocols: m.spoken(),
		MemoryMB: m.Limits.MemoryMB, OpenFiles: m.Limits.OpenFiles,
		Verify: func() error {
			_, err := Open(dir)
			return err
		},
	}, nil
}
