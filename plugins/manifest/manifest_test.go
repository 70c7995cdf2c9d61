package manifest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/manifest"
)

const water = `# 供水集团
id: water
name: 供水集团
kind: department
version: 1.0.0
protocol: [1]
command: [python3, plugin.py]
env: [WATER_KEY]
stability: beta
owner: 供水集团信息科
config:
  type: object
  additionalProperties: false
  required: [url]
  properties:
    url: {type: string}
    retries: {type: integer, minimum: 0}
`

func folder(t *testing.T, text string, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files["plugin.yaml"] = text
	for name, body := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// sealed is a good plugin.
func sealed(t *testing.T) string {
	t.Helper()
	dir := folder(t, water, map[string]string{"plugin.py": "print(1)", "lib/util.py": "x = 1"})
	if n, err := manifest.Seal(dir); err != nil || n != 2 {
		t.Fatalf("sealed %d files, %v", n, err)
	}
	return dir
}

func TestASealedPluginOpens(t *testing.T) {
	dir := sealed(t)
	m, err := manifest.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Program(dir); !slices.Equal(got, []string{"python3", dir + "/plugin.py"}) {
		t.Errorf("program %v", got)
	}
	env := m.Environ(func(name string) string { return map[string]string{"WATER_KEY": "k", "HUB_SECRET": "s"}[name] })
	if !slices.Equal(env, []string{"WATER_KEY=k"}) {
		t.Errorf("environment %v", env)
	}
	data, _ := os.ReadFile(filepath.Join(dir, manifest.Name))
	if !strings.HasPrefix(string(data), "# 供水集团\n") {
		t.Errorf("the comment is gone:\n%s", data)
	}
	if n, err := manifest.Seal(dir); err != nil || n != 2 {
		t.Errorf("sealed again: %d, %v", n, err)
	}
	if _, err := manifest.Open(dir); err != nil {
		t.Error(err)
	}
}

func TestAChangedFolderIsRefusedWithTheReason(t *testing.T) {
	for name, v := range map[string]struct {
		spoil func(dir string) error
		want  string
	}{
		"changed": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "plugin.py"), []byte("print(2)"), 0o600)
		}, "plugin.py 与清单的校验值不符"},
		"unlisted": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "evil.so"), nil, 0o600) }, "evil.so 没有列入清单"},
		"missing":  {func(dir string) error { return os.Remove(filepath.Join(dir, "lib/util.py")) }, "lib/util.py 在清单里"},
		"a link":   {func(dir string) error { return os.Symlink("/etc/passwd", filepath.Join(dir, "x")) }, "plugin.link"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := sealed(t)
			if err := v.spoil(dir); err != nil {
				t.Fatal(err)
			}
			_, err := manifest.Open(dir)
			if hub.CodeOf(err) != hub.CodeForbidden || !strings.Contains(err.Error(), v.want) {
				t.Errorf("%v, want %q", err, v.want)
			}
		})
	}
}

func TestEveryMistakeOfAManifestIsTold(t *testing.T) {
	wrong := strings.NewReplacer("id: water", "id: Water!", "version: 1.0.0", "version: one", "stability: beta", "stability: good", "protocol: [1]", "protocol: [3]",
		"[WATER_KEY]", "[MASHANG_TOKEN]").Replace(water)
	_, err := manifest.Open(folder(t, wrong, map[string]string{"plugin.py": ""}))
	for _, want := range []string{"id ", "version ", "stability ", "MASHANG_TOKEN", "files ", "protocol [3] 这里都不会，只会 [1 2]"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	for name, text := range map[string]string{"an unknown field": water + "shell: true\n", "no YAML": "id: [", "no schema": strings.Replace(water, "type: object", "type: 7", 1)} {
		if _, err := manifest.Open(folder(t, text, map[string]string{"plugin.py": ""})); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := manifest.Open(t.TempDir()); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("no manifest: %v", err)
	}
}

func TestConfigIsCheckedWithoutEchoingIt(t *testing.T) {
	m, err := manifest.Open(sealed(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.CheckConfig(json.RawMessage(`{"url":"https://w.example.cn","retries":3}`)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{`{"retries":3}`, `{"url":7}`, `{"url":"s3cret","password":"s3cret"}`, `[`} {
		err := m.CheckConfig(json.RawMessage(bad))
		if hub.CodeOf(err) != hub.CodeInvalid || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
