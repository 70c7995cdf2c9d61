package external

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	goplugin "github.com/hashicorp/go-plugin"

	"github.com/mashang-hub/mashang/adapters/adapterpb"
	"github.com/mashang-hub/mashang/adapters/external/sdk"
	"github.com/mashang-hub/mashang/hub/process"
)

// A running is one start of the program.
type running struct {
	*process.Process
	rpc   adapterpb.AdapterClient
	pulls bool
}

// start starts and configures the program; on error none is left.
func (a *adapter) start(ctx context.Context) (*running, error) {
	if err := a.verify(); err != nil {
		return nil, err
	}
	proc, err := process.Start(process.Spec{
		Command: a.config.Command, Dir: a.Deps.Dir, Env: a.environ(),
		RunDir: filepath.Join(process.Temporary(), "adapters"), Start: a.config.Start,
		Handshake: sdk.Handshake(), Plugins: goplugin.PluginSet{sdk.Name: &sdk.Plugin{}}, MaxMessage: sdk.MaxMessage,
		Log: a.log, Label: "adapter",
	})
	p := &running{Process: proc}
	if err == nil {
		if err = p.configure(ctx, a); err != nil {
			proc.Kill()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", strings.Join(a.config.Command, " "), err)
	}
	return p, nil
}

func (p *running) configure(ctx context.Context, a *adapter) error {
	raw, err := p.Dispense(sdk.Name)
	if err != nil {
		return err
	}
	var ok bool
	if p.rpc, ok = raw.(adapterpb.AdapterClient); !ok {
		return errors.New("not an adapter")
	}
	settings := []byte("{}")
	if a.config.Settings != nil {
		if settings, err = json.Marshal(a.config.Settings); err != nil {
			return fmt.Errorf("encode config: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, a.config.Timeout)
	defer cancel()
	got, err := p.rpc.Configure(ctx, &adapterpb.ConfigureRequest{Channel: string(a.Channel), Json: settings})
	if err != nil {
		return fmt.Errorf("configure: %w", err)
	}
	if problems := got.GetProblems(); len(problems) > 0 {
		return fmt.Errorf("configure: %s", strings.Join(problems, "; "))
	}
	p.pulls = got.GetPulls()
	return nil
}

// verify compares the program's files with their digests.
func (a *adapter) verify() error {
	for name, want := range a.config.SHA256 {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(a.Deps.Dir, name)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("sha256: %w", err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != strings.ToLower(want) {
			return fmt.Errorf("sha256: %s is not the file that was approved", name)
		}
	}
	return nil
}

func (a *adapter) environ() []string {
	var env []string
	for _, k := range append([]string{"PATH", "TZ"}, a.config.Env...) {
		if v := a.Deps.Getenv(k); v != "" {
			env = append(env, k+"="+v)
		} else {
			env = append(env, process.Environ(k)...)
		}
	}
	return env
}
