// Package scaffold makes the folder of a new plugin (脚手架): a department that
// takes every alert, its manifest and its test, ready to run.
//
// Start with [New].
package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/manifest"
	"github.com/mashang-hub/mashang/plugins/sdk/python"
)

//go:embed template
var templates embed.FS

// Options say what is made.
type Options struct {
	ID    string // lower-case letters, digits and -
	Name  string // what people call the department
	Owner string
	Lang  string // "go" or "python"
	// Source is where a Go plugin finds mashang's own module: a folder, or ""
	// for the published one.
	Source string
}

// New makes the folder dir, which must not exist or be empty, and returns the
// files that it wrote. A Python plugin is sealed; a Go plugin is built first
// (see its README).
func New(dir string, o Options) ([]string, error) {
	if !regexp.MustCompile(`^[a-z][a-z0-9-]{1,40}$`).MatchString(o.ID) {
		return nil, hub.Errorf(hub.CodeInvalid, "plugin.id", o.ID)
	}
	if o.Lang != "go" && o.Lang != "python" {
		return nil, hub.Errorf(hub.CodeInvalid, "plugin.lang", o.Lang)
	}
	if left, err := os.ReadDir(dir); err == nil && len(left) > 0 {
		return nil, hub.Errorf(hub.CodeConflict, "plugin.folder_taken", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look into %s: %w", dir, err)
	}
	files, err := render(o)
	if err != nil {
		return nil, err
	}
	if o.Lang == "python" {
		files["mashang_plugin.py"], files["department_pb2.py"] = python.Module, python.Messages
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make %s: %w", dir, err)
	}
	var names []string
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	if o.Lang == "python" {
		_, err = manifest.Seal(dir)
	}
	return names, err
}

func render(o Options) (map[string][]byte, error) {
	files := map[string][]byte{}
	root := path.Join("template", o.Lang)
	entries, err := templates.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("read the templates of %s: %w", o.Lang, err)
	}
	for _, e := range entries {
		t, err := template.ParseFS(templates, path.Join(root, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read template %s: %w", e.Name(), err)
		}
		var b bytes.Buffer
		if err := t.Execute(&b, o); err != nil {
			return nil, fmt.Errorf("fill template %s: %w", e.Name(), err)
		}
		files[strings.TrimSuffix(e.Name(), ".tmpl")] = b.Bytes()
	}
	return files, nil
}
