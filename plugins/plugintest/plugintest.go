// Package plugintest is the conformance suite (一致性测试) of departments: what
// every plugin must do, whether called directly, over gRPC or as a process.
//
// It refuses to test what a department makes of a text. Start with Run.
package plugintest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	rpc "google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins"
	"github.com/mashang-hub/mashang/plugins/conform"
	"github.com/mashang-hub/mashang/plugins/grpc"
	"github.com/mashang-hub/mashang/plugins/pluginpb"
)

// Wait bounds every wait of the suite.
const Wait = 10 * time.Second

// A Suite says what is tested.
type Suite struct {
	// New returns a new department, not configured.
	New func(t *testing.T) plugins.Department
	// Config makes it report every assignment as signed for.
	Config json.RawMessage
}

// Run runs the suite against the department itself and over gRPC, in every
// version of the contract.
func Run(t *testing.T, s Suite) {
	t.Helper()
	t.Run("direct", func(t *testing.T) { s.run(t) })
	for _, v := range grpc.Versions() {
		over := s
		over.New = func(t *testing.T) plugins.Department {
			t.Helper()
			return Over(t, s.New(t), v)
		}
		t.Run(fmt.Sprintf("grpc v%d", v), func(t *testing.T) { over.run(t) })
	}
}

// OverGRPC returns d as seen through a real connection.
func OverGRPC(t *testing.T, d plugins.Department) plugins.Department {
	t.Helper()
	return Over(t, d, grpc.Latest)
}

// Over is OverGRPC in a version of the contract.
func Over(t *testing.T, d plugins.Department, v grpc.Version) plugins.Department {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := rpc.NewServer(rpc.MaxRecvMsgSize(grpc.MaxMessage))
	pluginpb.RegisterDepartmentServer(server, grpc.NewServer(d, v))
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(listener) })
	conn, err := rpc.NewClient("passthrough:///bufconn",
		rpc.WithTransportCredentials(insecure.NewCredentials()),
		rpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
		wg.Wait()
	})
	return grpc.NewClient(conn, v)
}

func (s Suite) run(t *testing.T) {
	t.Helper()
	t.Run("refuses bad configuration", s.badConfig)
	t.Run("conforms", func(t *testing.T) { Conforms(t, s.open(t)) })
	t.Run("updates are sent until taken", func(t *testing.T) { Updates(t, s.open(t)) })
}

// Conforms runs the checks of package conform.
func Conforms(t *testing.T, d plugins.Department) {
	t.Helper()
	for _, why := range conform.Failed(conform.Run(t.Context(), d)) {
		t.Error(why)
	}
}

func (s Suite) open(t *testing.T) plugins.Department {
	t.Helper()
	d := s.New(t)
	if err := d.Configure(t.Context(), s.Config); err != nil {
		t.Fatalf("configure: %v", err)
	}
	if err := d.Health(t.Context()); err != nil {
		t.Fatalf("health: %v", err)
	}
	return d
}

func (s Suite) badConfig(t *testing.T) {
	for _, raw := range []string{`{"no_such_field":1}`, `[`, `{"url":"ftp://x"}`} {
		if err := s.New(t).Configure(t.Context(), json.RawMessage(raw)); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("configure %s: got %v, want a hub.Error with code invalid", raw, err)
		}
	}
}

// Alerts returns n assignments of different cases.
func Alerts(n int) []hub.Alert { return conform.Alerts(n) }

// Updates wants an update again after "unavailable", none after it was taken,
// and an end when the context ends.
func Updates(t *testing.T, d plugins.Department) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Wait)
	defer cancel()
	if _, err := d.Deliver(ctx, Alerts(1)); err != nil {
		t.Fatal(err)
	}
	got := make(chan hub.Update, 8)
	ended := make(chan error, 1)
	tries := 0
	go func() {
		ended <- d.Updates(ctx, func(u hub.Update) error {
			if tries++; tries == 1 {
				return hub.Errorf(hub.CodeUnavailable, "test.later")
			}
			got <- u
			return nil
		})
	}()
	select {
	case u := <-got:
		if u.Case != "BY0" || u.Step != hub.SignedFor || u.ID == "" || u.At.IsZero() {
			t.Errorf("update %+v", u)
		}
	case <-ctx.Done():
		t.Fatal("no update after the hub refused the first try")
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil && hub.CodeOf(err) != hub.CodeUnavailable {
			t.Errorf("Updates ended with %v", err)
		}
	case <-time.After(Wait):
		t.Fatal("Updates did not end with its context")
	}
}
