// Package sdk is all that the author of a department plugin (部门插件) calls:
//
//	func main() { sdk.Serve(myDepartment{}) }
//
// It refuses to be run by hand: the hub starts plugins.
package sdk

import (
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	rpc "google.golang.org/grpc"

	"github.com/mashang-hub/mashang/plugins"
	"github.com/mashang-hub/mashang/plugins/grpc"
)

// watchEvery is how often the plugin looks whether the hub is still there.
const watchEvery = time.Second

// Serve serves dept to the hub that started this process and returns when the
// hub is done with it. It exits the process when the hub has died, so that no
// plugin is left behind.
func Serve(dept plugins.Department) {
	// The hub asks with SIGTERM: whatever the program set up for it, leave.
	signal.Reset(syscall.SIGTERM)
	stop := make(chan struct{})
	defer close(stop)
	go watchParent(os.Getppid(), stop)
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig:  grpc.Handshake(),
		VersionedPlugins: grpc.Sets(dept),
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr, JSONFormat: true}),
		GRPCServer: func(opts []rpc.ServerOption) *rpc.Server {
			return rpc.NewServer(append(opts, rpc.MaxRecvMsgSize(grpc.MaxMessage), rpc.MaxSendMsgSize(grpc.MaxMessage))...)
		},
	})
}

// watchParent ends the process once its parent is another one than at start.
func watchParent(parent int, stop <-chan struct{}) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			if os.Getppid() != parent {
				os.Exit(1)
			}
		}
	}
}

// NewLogger returns a logger whose lines, written to stderr (w), reach the
// hub's log with their level. Never log a citizen's words or number.
func NewLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 {
			return a
		}
		switch a.Key {
		case slog.TimeKey:
			return slog.String("@timestamp", a.Value.Time().Format("2006-01-02T15:04:05.000000Z07:00"))
		case slog.LevelKey:
			return slog.String("@level", strings.ToLower(a.Value.String()))
		case slog.MessageKey:
			a.Key = "@message"
		}
		return a
	}}))
}
