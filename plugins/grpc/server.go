package grpc

import (
	"context"
	"fmt"
	"sync"

	rpc "google.golang.org/grpc"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins"
	"github.com/mashang-hub/mashang/plugins/pluginpb"
)

// Server serves a department. A panic of the department becomes an internal
// error of the one call.
type Server struct {
	pluginpb.UnimplementedDepartmentServer
	dept    plugins.Department
	version Version

	mu      sync.Mutex
	waiting map[string]chan error // by update id: told when acknowledged
}

// NewServer returns the server of dept in a version of the contract.
func NewServer(dept plugins.Department, v Version) *Server {
	return &Server{dept: dept, version: v, waiting: map[string]chan error{}}
}

// Configure implements the service.
func (s *Server) Configure(ctx context.Context, req *pluginpb.ConfigureRequest) (resp *pluginpb.ConfigureResponse, err error) {
	defer calm(&err)
	err = s.dept.Configure(ctx, req.GetJson())
	return &pluginpb.ConfigureResponse{}, toStatus(err)
}

// Deliver implements the service.
func (s *Server) Deliver(ctx context.Context, req *pluginpb.DeliverRequest) (resp *pluginpb.DeliverResponse, err error) {
	defer calm(&err)
	alerts := make([]hub.Alert, len(req.GetAlerts()))
	for i, a := range req.GetAlerts() {
		alerts[i] = toAlert(a)
	}
	receipts, err := s.dept.Deliver(ctx, alerts)
	if err != nil {
		return nil, toStatus(err)
	}
	resp = &pluginpb.DeliverResponse{Receipts: make([]*pluginpb.Receipt, len(receipts))}
	for i := range receipts {
		resp.Receipts[i] = fromReceipt(receipts[i], s.version)
	}
	return resp, nil
}

// Updates implements the service.
func (s *Server) Updates(_ *pluginpb.UpdatesRequest, stream rpc.ServerStreamingServer[pluginpb.Update]) (err error) {
	defer calm(&err)
	ctx := stream.Context()
	// What goes out over one stream goes out one at a time.
	var out sync.Mutex
	return toStatus(s.dept.Updates(ctx, func(u hub.Update) error {
		done := s.wait(u.ID)
		defer s.forget(u.ID, done)
		out.Lock()
		err := stream.Send(fromUpdate(u))
		out.Unlock()
		if err != nil {
			return fromStatus(err)
		}
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
			return &hub.Error{Code: hub.CodeUnavailable, Key: "plugin.stream_ended", Err: ctx.Err()}
		}
	}))
}

// AckUpdates implements the service. Ids that nobody waits for are ignored.
func (s *Server) AckUpdates(_ context.Context, req *pluginpb.AckUpdatesRequest) (*pluginpb.AckUpdatesResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range req.GetAcks() {
		if done, ok := s.waiting[a.GetId()]; ok {
			delete(s.waiting, a.GetId())
			done <- fromAck(a)
		}
	}
	return &pluginpb.AckUpdatesResponse{}, nil
}

// Health implements the service.
func (s *Server) Health(ctx context.Context, _ *pluginpb.HealthRequest) (resp *pluginpb.HealthResponse, err error) {
	defer calm(&err)
	return &pluginpb.HealthResponse{}, toStatus(s.dept.Health(ctx))
}

func (s *Server) wait(id string) chan error {
	done := make(chan error, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting[id] = done
	return done
}

func (s *Server) forget(id string, done chan error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting[id] == done {
		delete(s.waiting, id)
	}
}

// calm turns a panic into an internal error.
func calm(err *error) {
	if r := recover(); r != nil {
		*err = toStatus(&hub.Error{Code: hub.CodeInternal, Key: "plugin.panic", Err: fmt.Errorf("panic: %v", r)})
	}
}
