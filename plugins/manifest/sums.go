package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
)

// Sums returns the SHA-256 of every file of folder beside the manifest. Links
// are refused: what they name may change behind the list.
func Sums(folder fs.FS) (map[string]string, error) {
	sums := map[string]string{}
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("walk the plugin's folder: %w", err)
		case d.IsDir() && skipped(d.Name()):
			return fs.SkipDir
		case d.IsDir(), name == Name:
			return nil
		case !d.Type().IsRegular():
			return hub.Errorf(hub.CodeForbidden, "plugin.link", name)
		}
		sum, err := sumOf(folder, name)
		sums[name] = sum
		return err
	})
	return sums, err
}

// skipped are folders that a language's own tools make and nobody runs from.
func skipped(name string) bool { return name == "__pycache__" || name == ".git" }

func sumOf(folder fs.FS, name string) (string, error) {
	f, err := folder.Open(name)
	if err != nil {
		return "", fmt.Errorf("open %s: %w", name, err)
	}
	defer func() { _ = f.Close() }() // read only
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Seal writes the sums of the folder's files into its manifest and leaves the
// rest of it, comments included, as it is. It returns how many files there are.
func Seal(dir string) (int, error) {
	sums, err := Sums(os.DirFS(dir))
	if err != nil {
		return 0, err
	}
	name := filepath.Join(dir, Name)
	data, err := os.ReadFile(name)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", Name, err)
	}
	var out strings.Builder
	skipping := false
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "files:") {
			skipping = true
			continue
		}
		if skipping && (strings.HasPrefix(line, " ") || strings.TrimSpace(line) == "") {
			continue
		}
		skipping = false
		out.WriteString(line)
	}
	var text strings.Builder
	text.WriteString(strings.TrimRight(out.String(), "\n") + "\nfiles:\n")
	for _, file := range slices.Sorted(maps.Keys(sums)) {
		text.WriteString("  " + path.Clean(file) + ": " + sums[file] + "\n")
	}
	if err := os.WriteFile(name, []byte(text.String()), 0o600); err != nil {
		return 0, fmt.Errorf("write %s: %w", Name, err)
	}
	return len(sums), nil
}
