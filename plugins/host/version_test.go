package host_test

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	goplugin "github.com/hashicorp/go-plugin"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins"
	"github.com/mashang-hub/mashang/plugins/grpc"
	"github.com/mashang-hub/mashang/plugins/host"
	"github.com/mashang-hub/mashang/plugins/plugintest"
)

// serveVersion serves d as a plugin does that was built when there was only
// that version of the contract: it negotiates nothing.
func serveVersion(d plugins.Department, version string) {
	v, _ := strconv.Atoi(version)
	handshake := grpc.Handshake()
	handshake.ProtocolVersion = uint(v)
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: handshake,
		Plugins:         goplugin.PluginSet{grpc.Name: &grpc.Plugin{Department: d, Version: grpc.Version(v)}},
		GRPCServer:      goplugin.DefaultGRPCServer,
	})
}

func TestHubPrefersTheLatestVersion(t *testing.T) {
	if p := run(t, spec(dir(t), "relay")); p.State().Protocol != int(grpc.Latest) {
		t.Errorf("speaks version %d", p.State().Protocol)
	}
	// A manifest that knows only version 1 holds the plugin to it.
	s := spec(dir(t), "relay")
	s.Protocols = []grpc.Version{grpc.V1}
	if p := run(t, s); p.State().Protocol != int(grpc.V1) {
		t.Errorf("speaks version %d, its manifest knows 1", p.State().Protocol)
	}
}

func TestAnOldPluginWorksWithThisHub(t *testing.T) {
	s := spec(dir(t), "heating")
	s.Env = append(s.Env, "TEST_PLUGIN_VERSION=1")
	p := run(t, s)
	if p.State().Protocol != 1 {
		t.Fatalf("speaks version %d", p.State().Protocol)
	}
	plugintest.Conforms(t, asDepartment{p})
}

func TestAPluginOfAnUnknownVersionIsRefusedWithTheReason(t *testing.T) {
	s := spec(dir(t), "relay")
	s.Env = append(s.Env, "TEST_PLUGIN_VERSION=9")
	p := host.New(s, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	err := p.Await(t.Context())
	if hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("awaited: %v", err)
	}
	if why := p.State().LastError; !strings.Contains(why, "plugin.protocol") || !strings.Contains(why, "1、2") || !strings.Contains(why, "9") {
		t.Errorf("the console says %q", why)
	}
	cancel()
	<-done
}
