package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/process/journal"
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
	// Logs are what the plugin wrote, numbers of people hidden.
	Logs(d hub.DepartmentCode, q journal.Query) (journal.Page, error)
}

// PluginRoutes returns the routes about plugins.
func PluginRoutes(p Plugins) []Route {
	row := func(method, path string, right access.Right, summary string, answer any, f func(*http.Request) (any, error)) Route {
		return Route{
			Method: method, Path: "/api/v1/plugins" + path, Right: right, Reach: access.NoCases, Handle: f, Summary: summary, Answer: answer,
		}
	}
	department := func(r *http.Request) hub.DepartmentCode { return hub.DepartmentCode(r.PathValue("department")) }
	logs := row("GET", "/{department}/logs", access.ReadChannels, "一个部门的插件写下的日志，旧的在前，号码已遮盖", journal.Page{},
		func(r *http.Request) (any, error) {
			q, err := logQuery(r.URL.Query())
			if err != nil {
				return nil, err
			}
			return p.Logs(department(r), q)
		})
	logs.Query = []Param{
		{"limit", "最多多少行，1 至 1000，不填为 100"},
		{"before", "只要这个序号以前的，填上一页答的 before"},
		{"after", "只要这个序号以后的，用来接着看"},
		{"level", "这个级别及更重的：trace、debug、info、warn、error"},
	}
	return []Route{
		logs,
		row("GET", "", access.ReadChannels, "各部门插件的状态", PluginList{},
			func(*http.Request) (any, error) { return PluginList{p.States()}, nil }),
		row("POST", "/{department}/restart", access.WireChannels, "立即重新启动一个部门的插件", PluginState{},
			func(r *http.Request) (any, error) { return p.Restart(department(r)) }),
		row("POST", "/{department}/replace", access.WireChannels, "重读插件文件夹并热替换，不丢推送", PluginState{},
			func(r *http.Request) (any, error) { return p.Replace(r.Context(), department(r)) }),
	}
}

// logQuery reads which lines of a log are wanted.
func logQuery(v url.Values) (q journal.Query, err error) {
	if q.Level, err = journal.ParseLevel(v.Get("level")); err != nil {
		return q, err
	}
	if q.Limit, err = whole(v.Get("limit"), 100); err != nil {
		return q, err
	}
	if q.Limit < 1 || q.Limit > 1000 {
		return q, hub.Errorf(hub.CodeInvalid, "query.invalid", "limit")
	}
	for name, to := range map[string]*int64{"before": &q.Before, "after": &q.After} {
		text := v.Get(name)
		if text == "" {
			continue
		}
		if *to, err = strconv.ParseInt(text, 10, 64); err != nil || *to < 0 {
			return q, hub.Errorf(hub.CodeInvalid, "query.invalid", name)
		}
	}
	return q, nil
}
