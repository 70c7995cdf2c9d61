package api

import (
	"context"
	"net/http"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
)

// A PluginState (插件状态) is how a department's plugin is.
type PluginState struct {
	Department hub.DepartmentCode `json:"department"`
	Status     string             `json:"status"` // stopped, starting, running, restarting, broken
	Since      time.Time          `json:"since"`
	PID        int                `json:"pid,omitempty"`
	Version    string             `json:"version,omitempty"`
	Protocol   int                `json:"protocol,omitempty"` // version of department.proto, while it runs
	Restarts   int                `json:"restarts"`
	MemoryMB   int                `json:"memory_mb,omitempty"`
	LastError  string             `json:"last_error,omitempty"`
	Unwell     string             `json:"unwell,omitempty"`
	Lines      []string           `json:"lines,omitempty"` // what it last wrote before it went down
}

// A PluginList (插件列表) is the plugins of all departments.
type PluginList struct {
	Plugins []PluginState `json:"plugins"`
}

// Plugins runs the departments' plugins. Its methods are safe for concurrent
// use and return an Error of CodeNotFound for a department that has none.
type Plugins interface {
	States() []PluginState
	Restart(d hub.DepartmentCode) (PluginState, error)
	// Replace reads the plugin's folder anew and puts it in the place of the
	// running one, which stays if the new one does not start.
	Replace(ctx context.Context, d hub.DepartmentCode) (PluginState, error)
}

// PluginRoutes returns the routes about plugins.
func PluginRoutes(p Plugins) []Route {
	row := func(method, path string, right access.Right, summary string, answer any, f func(*http.Request) (any, error)) Route {
		return Route{
			Method: method, Path: "/api/v1/plugins" + path, Right: right, Reach: access.NoCases, Handle: f, Summary: summary, Answer: answer,
		}
	}
	department := func(r *http.Request) hub.DepartmentCode { return hub.DepartmentCode(r.PathValue("department")) }
	return []Route{
		row("GET", "", access.ReadChannels, "各部门插件的状态", PluginList{},
			func(*http.Request) (any, error) { return PluginList{p.States()}, nil }),
		row("POST", "/{department}/restart", access.WireChannels, "立即重新启动一个部门的插件", PluginState{},
			func(r *http.Request) (any, error) { return p.Restart(department(r)) }),
		row("POST", "/{department}/replace", access.WireChannels, "重读插件文件夹并热替换，不丢推送", PluginState{},
			func(r *http.Request) (any, error) { return p.Replace(r.Context(), department(r)) }),
	}
}
