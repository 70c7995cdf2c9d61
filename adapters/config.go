package adapters

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/adapters/mapping"
	"github.com/mashang-hub/mashang/adapters/proof"
	"github.com/mashang-hub/mashang/hub"
)

// A Config is one channel as its file in channels/ says.
type Config struct {
	// Code names the channel in numbers, addresses and lists.
	Code hub.ChannelCode `yaml:"code" doc:"渠道代码：小写字母、数字、- 和 _；收件地址是 /in/代码"`
	// Name is what people read: 码上反映二维码.
	Name string `yaml:"name" doc:"渠道名称，显示给人看"`
	// Kind picks the adapter from the Registry.
	Kind string `yaml:"kind" doc:"接入方式"`
	// Enabled switches the channel on.
	Enabled bool `yaml:"enabled" doc:"是否启用"`
	// Options belong to the kind; see its Config.
	Options Options `yaml:"options" doc:"该接入方式自己的选项"`

	// The sections below are for the kinds that are wired by their file alone,
	// such as webhook, poll and files; see Wire.

	// Auth says how senders prove who they are.
	Auth proof.Config `yaml:"auth" doc:"来源如何证明身份"`
	// Decode says how senders write.
	Decode decode.Options `yaml:"decode" doc:"内容怎么读"`
	// Map says which expression makes which field.
	Map mapping.Config `yaml:"map" doc:"字段怎么来：每个字段一条 expr 表达式"`
	// Reply says what senders are answered.
	Reply Reply `yaml:"reply" doc:"怎么答复来源系统"`
	// Limits bound what senders may use.
	Limits Limits `yaml:"limits" doc:"上限"`
	// Samples are messages with the submission that each must become.
	Samples []Sample `yaml:"samples" doc:"样例与应得结果；mashang channel check 会逐个核对"`
}

// ChannelConfig is the name of Config outside this package.
type ChannelConfig = Config

// Options are the still undecoded options of a channel.
type Options []byte

// UnmarshalYAML keeps the bytes.
func (o *Options) UnmarshalYAML(b []byte) error {
	*o = bytes.Clone(b)
	return nil
}

// Decode reads the options into the kind's own Config and refuses any name
// that it does not have.
func (o Options) Decode(into any) error {
	if len(bytes.TrimSpace(o)) == 0 {
		return nil
	}
	if err := yaml.UnmarshalWithOptions(o, into, yaml.Strict()); err != nil {
		return fmt.Errorf("decode options: %w", err)
	}
	return nil
}

// LoadChannels reads every *.yaml file of the channels folder, sorted by code.
func LoadChannels(dir fs.FS) ([]Config, error) {
	names, err := fs.Glob(dir, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	var all []Config
	for _, name := range names {
		c, err := loadChannel(dir, name)
		if err != nil {
			return nil, fmt.Errorf("channels/%s: %w", path.Base(name), err)
		}
		if slices.ContainsFunc(all, func(o Config) bool { return o.Code == c.Code }) {
			return nil, fmt.Errorf("channels/%s: code %q is used by another file: give each channel its own", name, c.Code)
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Config) int { return strings.Compare(string(a.Code), string(b.Code)) })
	return all, nil
}

func loadChannel(dir fs.FS, name string) (Config, error) {
	var c Config
	data, err := fs.ReadFile(dir, name)
	if err != nil {
		return c, fmt.Errorf("read: %w", err)
	}
	if err := yaml.UnmarshalWithOptions(data, &c, yaml.Strict()); err != nil {
		return c, fmt.Errorf("decode: %w", err)
	}
	switch {
	case !regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`).MatchString(string(c.Code)):
		return c, fmt.Errorf("code %q: use lower-case letters, digits, - and _, starting with a letter", c.Code)
	case c.Kind == "":
		return c, fmt.Errorf("kind is missing: name an adapter, such as netizen")
	case c.Name == "":
		return c, fmt.Errorf("name is missing: say what people call this channel")
	}
	return c, nil
}

// A Secret is a password or key in a configuration, written as ${NAME} or
// ${NAME:-value for the demonstration}. It prints as <secret>.
type Secret string

// String hides the secret.
func (Secret) String() string { return "<secret>" }

// GoString hides the secret.
func (Secret) GoString() string { return "<secret>" }

// Reveal returns the value: that of the environment variable or, in a
// demonstration only, the one after ":-".
func (s Secret) Reveal(d Deps) (string, error) {
	inner, ok := strings.CutPrefix(string(s), "${")
	if !ok {
		return string(s), nil
	}
	name, fallback, _ := strings.Cut(strings.TrimSuffix(inner, "}"), ":-")
	if v := d.Getenv(name); v != "" {
		return v, nil
	}
	if d.Demo && fallback != "" {
		return fallback, nil
	}
	return "", fmt.Errorf("secret is not set: set the environment variable %s", name)
}

// A Registry lists the kinds of adapters.
type Registry []Spec

// New makes the adapter of c.
func (r Registry) New(c Config, in Intake, d Deps) (Adapter, error) {
	for _, s := range r {
		if s.Kind == c.Kind {
			a, err := s.New(c, in, d.Complete())
			if err != nil {
				return nil, fmt.Errorf("channel %s: %w", c.Code, err)
			}
			return a, nil
		}
	}
	return nil, fmt.Errorf("channel %s: no adapter of kind %q: use one of %s", c.Code, c.Kind, strings.Join(r.Kinds(), ", "))
}

// Kinds returns the names of all kinds.
func (r Registry) Kinds() []string {
	var names []string
	for _, s := range r {
		names = append(names, s.Kind)
	}
	return names
}
