// Package manifest reads plugin.yaml, which says what a plugin in a folder of
// its own is, and checks that the folder holds what it says and nothing else.
//
// It starts nothing (package host). Start with [Open].
package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/grpc"
)

// Name is what the file is called.
const Name = "plugin.yaml"

// A Manifest (插件清单) describes one plugin.
type Manifest struct {
	ID   string `yaml:"id"`   // lower-case letters, digits and -
	Name string `yaml:"name"` // what people call it
	// Kind is "department"; other kinds may follow.
	Kind    string `yaml:"kind"`
	Version string `yaml:"version"` // such as 1.2.0
	// Protocol lists the versions of department.proto that it speaks.
	Protocol []int `yaml:"protocol"`
	// Command is the program and its arguments. A word that names a file of
	// the folder means that file.
	Command []string `yaml:"command"`
	// Files lists every file of the folder beside plugin.yaml with its SHA-256.
	Files map[string]string `yaml:"files"`
	// Env names the variables of the hub's environment that it gets; it gets
	// no others but PATH and TZ.
	Env []string `yaml:"env,omitempty"`
	// Config is the JSON Schema of its configuration; none takes anything.
	Config map[string]any `yaml:"config,omitempty"`
	// Stability is stable, beta or experimental, Owner who answers for it.
	Stability string `yaml:"stability"`
	Owner     string `yaml:"owner"`
	Limits    Limits `yaml:"limits,omitempty"`
}

// Limits (资源上限) bound the process; zero fields mean the default.
type Limits struct {
	MemoryMB  int `yaml:"memory_mb,omitempty"`  // resident memory: 512
	OpenFiles int `yaml:"open_files,omitempty"` // 1024
}

// Open reads and checks the plugin in folder dir. The error lists all that is
// wrong: an unlisted, missing or changed file, a link, or a field.
func Open(dir string) (Manifest, error) {
	m, err := Read(os.DirFS(dir))
	if err != nil {
		return m, err
	}
	return m, m.Verify(os.DirFS(dir))
}

// Read reads the manifest alone.
func Read(folder fs.FS) (Manifest, error) {
	var m Manifest
	data, err := fs.ReadFile(folder, Name)
	if errors.Is(err, fs.ErrNotExist) {
		return m, hub.Errorf(hub.CodeInvalid, "plugin.no_manifest")
	}
	if err != nil {
		return m, fmt.Errorf("read %s: %w", Name, err)
	}
	if err := yaml.UnmarshalWithOptions(data, &m, yaml.Strict()); err != nil {
		return m, &hub.Error{Code: hub.CodeInvalid, Key: "plugin.manifest", Args: []any{err.Error()}}
	}
	if wrong := m.problems(); len(wrong) > 0 {
		return m, hub.Errorf(hub.CodeInvalid, "plugin.manifest", strings.Join(wrong, "；"))
	}
	return m, nil
}

func (m Manifest) problems() []string {
	var wrong []string
	check := func(ok bool, text string) {
		if !ok {
			wrong = append(wrong, text)
		}
	}
	check(regexp.MustCompile(`^[a-z][a-z0-9-]{1,40}$`).MatchString(m.ID), "id 用小写字母、数字和 -，以字母开头")
	check(m.Name != "", "name 没有写")
	check(m.Kind == "department", "kind 目前只有 department")
	check(regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(m.Version), "version 写成 1.0.0")
	check(len(m.Protocol) > 0, "protocol 没有写，如 [1, 2]")
	check(len(m.Protocol) == 0 || len(m.spoken()) > 0, fmt.Sprintf("protocol %v 这里都不会，只会 %v", m.Protocol, grpc.Versions()))
	check(len(m.Command) > 0, "command 没有写")
	check(len(m.Files) > 0, "files 没有列，用 mashang plugin seal 生成")
	check(slices.Contains([]string{"stable", "beta", "experimental"}, m.Stability), "stability 写 stable、beta 或 experimental")
	check(m.Owner != "", "owner 没有写：谁负责")
	check(m.Limits.MemoryMB >= 0 && m.Limits.OpenFiles >= 0, "limits 不能是负数")
	for _, name := range m.Env {
		check(regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`).MatchString(name), "env 里的 "+name+" 不是环境变量名")
		check(!strings.HasPrefix(name, "MASHANG_"), "env 里的 "+name+" 是主程序自己的，插件不能要")
	}
	if m.Config != nil {
		_, err := m.schema()
		check(err == nil, "config 不是有效的 JSON Schema")
	}
	return wrong
}

// spoken are the versions of the contract that both the plugin and the hub know.
func (m Manifest) spoken() []grpc.Version {
	var both []grpc.Version
	for _, v := range grpc.Versions() {
		if slices.Contains(m.Protocol, int(v)) {
			both = append(both, v)
		}
	}
	return both
}

// Verify compares the folder with the list of files.
func (m Manifest) Verify(folder fs.FS) error {
	found, err := Sums(folder)
	if err != nil {
		return err
	}
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		switch want, listed := m.Files[name]; {
		case !listed:
			wrong = append(wrong, name+" 没有列入清单")
		case !strings.EqualFold(want, found[name]):
			wrong = append(wrong, name+" 与清单的校验值不符，被改动过")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		if _, ok := found[name]; !ok {
			wrong = append(wrong, name+" 在清单里，文件夹里没有")
		}
	}
	if len(wrong) > 0 {
		return hub.Errorf(hub.CodeForbidden, "plugin.files", m.ID, strings.Join(wrong, "；"))
	}
	return nil
}

// CheckConfig checks a configuration against the plugin's schema.
func (m Manifest) CheckConfig(config json.RawMessage) error {
	if m.Config == nil {
		return nil
	}
	schema, err := m.schema()
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(config)))
	if err == nil {
		err = schema.Validate(v)
	}
	if err != nil {
		return &hub.Error{Code: hub.CodeInvalid, Key: "plugin.config_schema", Args: []any{m.ID, reasons(err)}}
	}
	return nil
}

// reasons says where a configuration is wrong, without its values.
func reasons(err error) string {
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return "不是有效的 JSON"
	}
	var at []string
	var leaf func(e *jsonschema.ValidationError)
	leaf = func(e *jsonschema.ValidationError) {
		if len(e.Causes) == 0 {
			at = append(at, "/"+strings.Join(e.InstanceLocation, "/")+" 不符合 "+strings.Join(e.ErrorKind.KeywordPath(), "/"))
		}
		for _, c := range e.Causes {
			leaf(c)
		}
	}
	leaf(invalid)
	return strings.Join(at, "；")
}

func (m Manifest) schema() (*jsonschema.Schema, error) {
	// The YAML library's numbers are not JSON's: go through text.
	text, err := json.Marshal(m.Config)
	if err != nil {
		return nil, fmt.Errorf("encode the schema of %s: %w", m.ID, err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		return nil, fmt.Errorf("decode the schema of %s: %w", m.ID, err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("plugin.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("plugin.json")
}

// Program returns the command with the files of the folder by their full path.
func (m Manifest) Program(dir string) []string {
	out := slices.Clone(m.Command)
	for i, word := range out {
		if _, ok := m.Files[path.Clean(word)]; ok {
			out[i] = path.Join(dir, word)
		}
	}
	return out
}

// Environ picks the variables that the plugin may have.
func (m Manifest) Environ(getenv func(string) string) []string {
	var out []string
	for _, name := range m.Env {
		if v := getenv(name); v != "" {
			out = append(out, name+"="+v)
		}
	}
	return out
}
