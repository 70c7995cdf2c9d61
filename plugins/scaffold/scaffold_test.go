package scaffold_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/manifest"
	"github.com/mashang-hub/mashang/plugins/scaffold"
)

// TestAGoPluginPassesItsOwnTests as its author runs them: what the template
// says compiles, conforms and reads a place.
func TestAGoPluginPassesItsOwnTests(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a program")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "water")
	if _, err := scaffold.New(dir, scaffold.Options{ID: "water", Name: "供水集团", Lang: "go", Source: root}); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"mod", "tidy"}, {"vet", "."}, {"test", "."}, {"build", "-o", "plugin", "."}} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			if args[0] == "mod" && strings.Contains(string(out), "dial") {
				t.Skipf("no modules at hand: %.200s", out)
			}
			t.Fatalf("go %s: %v\n%.2000s", strings.Join(args, " "), err, out)
		}
	}
	if n, err := manifest.Seal(dir); err != nil || n < 6 {
		t.Errorf("sealed %d files, %v", n, err)
	}
}

func TestAPythonPluginIsSealed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "water")
	files, err := scaffold.New(dir, scaffold.Options{ID: "water", Name: "供水集团", Lang: "python"})
	if err != nil || len(files) != 5 {
		t.Fatalf("files %v, %v", files, err)
	}
	m, err := manifest.Open(dir)
	if err != nil || m.Name != "供水集团" {
		t.Fatalf("%+v, %v", m, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "plugin.py"), []byte("import os"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.Verify(os.DirFS(dir)); err == nil || !strings.Contains(err.Error(), "plugin.py") {
		t.Errorf("a changed file passes: %v", err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	taken := t.TempDir()
	if err := os.WriteFile(filepath.Join(taken, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]struct {
		dir  string
		o    scaffold.Options
		want hub.ErrorCode
	}{
		"a name of spaces":       {t.TempDir(), scaffold.Options{ID: "a b", Lang: "go"}, hub.CodeInvalid},
		"an unknown language":    {t.TempDir(), scaffold.Options{ID: "water", Lang: "rust"}, hub.CodeInvalid},
		"a folder that is taken": {taken, scaffold.Options{ID: "water", Lang: "go"}, hub.CodeConflict},
	} {
		if _, err := scaffold.New(v.dir, v.o); hub.CodeOf(err) != v.want {
			t.Errorf("%s: %v, want %s", name, err, v.want)
		}
	}
}
