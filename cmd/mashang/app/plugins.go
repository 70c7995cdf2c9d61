package app

import (
	"context"
	"os"
	"path/filepath"

	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/plugins/host"
	"github.com/mashang-hub/mashang/plugins/manifest"
	"github.com/mashang-hub/mashang/plugins/relay"
)

// pluginSpec says how the plugin of d is run: this program itself, or the
// folder that the city names, as far as it is what its manifest says.
func (a *App) pluginSpec(d city.Department, dir string) (host.Spec, error) {
	spec := host.Spec{Department: d.Code, Command: []string{a.opts.Binary, "plugin", d.Plugin}}
	if d.PluginDir != "" {
		m, err := manifest.Open(d.PluginDir)
		if err != nil {
			return spec, err
		}
		if err := m.CheckConfig(d.Config); err != nil {
			return spec, err
		}
		if spec, err = m.Spec(d.Code, d.PluginDir, os.Getenv); err != nil {
			return spec, err
		}
	}
	spec.Env = append(spec.Env, relay.StateVariable+"="+filepath.Join(a.opts.Data, "state", string(d.Code)))
	spec.Config, spec.RunDir = d.Config, filepath.Join(dir, string(d.Code))
	return spec, nil
}

// plugins shows and turns the plugins of a hub.
type plugins struct {
	app *App
	dir string // of their sockets
}

func (p plugins) States() []api.PluginState {
	out := make([]api.PluginState, 0, len(p.app.plugins))
	for _, v := range p.app.plugins {
		out = append(out, stateOf(v))
	}
	return out
}

func stateOf(p *host.Plugin) api.PluginState {
	s := p.State()
	return api.PluginState{
		Department: s.Department, Status: string(s.Status), Since: s.Since, PID: s.PID, Version: s.Version, Protocol: s.Protocol, Restarts: s.Restarts,
		MemoryMB: s.MemoryMB, LastError: s.LastError, Unwell: s.Unwell, Lines: s.Lines,
	}
}

func (p plugins) find(d hub.DepartmentCode) (*host.Plugin, error) {
	for _, v := range p.app.plugins {
		if v.State().Department == d {
			return v, nil
		}
	}
	return nil, hub.Errorf(hub.CodeNotFound, "department.not_found", string(d))
}

func (p plugins) Restart(d hub.DepartmentCode) (api.PluginState, error) {
	v, err := p.find(d)
	if err != nil {
		return api.PluginState{}, err
	}
	v.Restart()
	return stateOf(v), nil
}

func (p plugins) Replace(ctx context.Context, d hub.DepartmentCode) (api.PluginState, error) {
	v, err := p.find(d)
	if err != nil {
		return api.PluginState{}, err
	}
	for _, known := range p.app.city.Departments {
		if known.Code != d {
			continue
		}
		spec, err := p.app.pluginSpec(known, p.dir)
		if err == nil {
			err = v.Replace(ctx, spec)
		}
		if err != nil {
			return api.PluginState{}, err
		}
	}
	return stateOf(v), nil
}
