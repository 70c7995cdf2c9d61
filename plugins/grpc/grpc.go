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
		ProtocolVersion:  uint(V1), // of a side that does not negotiate
		MagicCookieKey:   "MASHANG_PLUGIN",
		MagicCookieValue: "department.v1",
	}
}

// A Version (协议版本) is one of department.proto.
type Version int

// The versions that are spoken here. Version 2 says the outcome of a receipt as
// one of five, has the words that each fact was read from, and may name the
// department whose matter a refused alert is.
const (
	V1 Version = 1
	V2 Version = 2
)

// Versions lists the versions that are spoken here, the oldest first.
func Versions() []Version { return []Version{V1, V2} }

// Latest is the version that is preferred.
const Latest = V2

// Plugin is the go-plugin view of a department. Department is needed on the
// plugin's side only.
type Plugin struct {
	goplugin.NetRPCUnsupportedPlugin
	Department plugins.Department
	Version    Version
}

// Sets are the plugin sets of versions, all of them if none is named, of which
// both sides settle on the highest that they share; d is nil on the hub's side.
func Sets(d plugins.Department, versions ...Version) map[int]goplugin.PluginSet {
	if len(versions) == 0 {
		versions = Versions()
	}
	sets := map[int]goplugin.PluginSet{}
	for _, v := range versions {
		sets[int(v)] = goplugin.PluginSet{Name: &Plugin{Department: d, Version: v}}
	}
	return sets
}

// GRPCServer registers the department with s.
func (p *Plugin) GRPCServer(_ *goplugin.GRPCBroker, s *rpc.Server) error {
	pluginpb.RegisterDepartmentServer(s, NewServer(p.Department, p.Version))
	return nil
}

// GRPCClient returns the *Client for the connection c.
func (p *Plugin) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, c *rpc.ClientConn) (any, error) {
	return NewClient(c, p.Version), nil
}
