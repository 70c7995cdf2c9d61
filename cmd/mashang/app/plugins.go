package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/hub/process/journal"
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
	if j := a.journals[d.Code]; j != nil {
		spec.Stderr = j
	}
	return spec, nil
}

// openJournals opens the log of each department's plugin.
func (a *App) openJournals() error {
	a.journals = map[hub.DepartmentCode]*journal.Journal{}
	for _, d := range a.city.Departments {
		log := a.log.With("department", string(d.Code))
		j, err := journal.Open(filepath.Join(a.opts.Data, "logs", "plugins", string(d.Code)+".jsonl"), journal.Most{}, a.clock, log)
		if err != nil {
			return fmt.Errorf("log of the plugin of %s: %w", d.Code, err)
		}
		a.journals[d.Code] = j
		a.defers("log of a plugin", j.Close)
	}
	return nil
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
		MemoryMB: s.MemoryMB, LastError: mask.Text(s.LastError), Unwell: mask.Text(s.Unwell), Lines: masked(s.Lines),
	}
}

// masked hides numbers in what a process wrote.
func masked(lines []string) []string {
	out := make([]string, 0, len(lines))
	for _, l := range lines {
		out = append(out, mask.Text(l))
	}
	return out
}

func (p plugins) Logs(d hub.DepartmentCode, q journal.Query) (journal.Page, error) {
	j, ok := p.app.journals[d]
	if !ok {
		return journal.Page{}, hub.Errorf(hub.CodeNotFound, "department.not_found", string(d))
	}
	return j.Page(q)
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
