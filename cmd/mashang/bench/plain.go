package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	rpc "google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/grpc"
	"github.com/mashang-hub/mashang/plugins/pluginpb"
	"github.com/mashang-hub/mashang/plugins/relay"
)

// plainDepartment is the limit of what a plugin could do: the same department
// and the same messages over a socket, without TLS and without another process.
func plainDepartment(ctx context.Context) (deliverer, func(), error) {
	dept := relay.New(hub.ClockFunc(time.Now), slog.New(slog.DiscardHandler))
	if err := dept.Configure(ctx, json.RawMessage(`{}`)); err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "mb")
	if err != nil {
		return nil, nil, err
	}
	path := filepath.Join(dir, "plain")
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, nil, fmt.Errorf("listen: %w", err)
	}
	server := rpc.NewServer(rpc.MaxRecvMsgSize(grpc.MaxMessage))
	pluginpb.RegisterDepartmentServer(server, grpc.NewServer(dept, grpc.Latest))
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	conn, err := rpc.NewClient("unix:"+path, rpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, nil, fmt.Errorf("connect: %w", err)
	}
	return grpc.NewClient(conn, grpc.Latest), func() {
		_ = conn.Close()
		server.Stop()
		serving.Wait()
		_ = os.RemoveAll(dir)
	}, nil
}
