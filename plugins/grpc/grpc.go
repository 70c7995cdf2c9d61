// Package grpc carries plugins.Department over gRPC: Client on the hub's side,
// Server on the plugin's side, and Plugin, which ties both to go-plugin.
//
// It refuses to start or watch processes: that is package host. Start with
// Plugin.
package grpc

import (
	"context"

	goplugin "github.com/hashicorp/go-plugin"
	rpc "google.golang.org/grpc"

	"github.com/mashang-hub/mashang/plugins"
	"github.com/mashang-hub/mashang/plugins/pluginpb"
)

// Name is what the plugin is called inside a go-plugin plugin set.
const Name = "department"

// MaxMessage is the largest message that either side takes.
const MaxMessage = 64 << 20

// Handshake is what both sides must agree on before they talk.
func Handshake() goplugin.HandshakeConfig {
	return goplugin.HandshakeConfig{
		ProtocolVersion:  1,
		MagicCookieKey:   "MASHANG_PLUGIN",
		MagicCookieValue: "department.v1",
	}
}

// Plugin is the go-plugin view of a department. Department is needed on the
// plugin's side only.
type Plugin struct {
	goplugin.NetRPCUnsupportedPlugin
	Department plugins.Department
}

// Set is the plugin set that both sides use; d is nil on the hub's side.
func Set(d plugins.Department) goplugin.PluginSet {
	return goplugin.PluginSet{Name: &Plugin{Department: d}}
}

// GRPCServer registers the department with s.
func (p *Plugin) GRPCServer(_ *goplugin.GRPCBroker, s *rpc.Server) error {
	pluginpb.RegisterDepartmentServer(s, NewServer(p.Department))
	return nil
}

// GRPCClient returns the *Client for the connection c.
func (p *Plugin) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, c *rpc.ClientConn) (any, error) {
	return NewClient(c), nil
}
