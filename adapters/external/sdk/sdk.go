// Package sdk is the Go side of an adapter that is a program of its own:
// implement Adapter and call Serve from main.
//
// It reads no configuration and keeps nothing. Start with Serve; the folder
// example beside it has a whole program.
package sdk

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	rpc "google.golang.org/grpc"

	"github.com/mashang-hub/mashang/adapters/adapterpb"
)

// Name is what the plugin is called inside a go-plugin plugin set.
const Name = "adapter"

// MaxMessage is the largest message that either side takes.
const MaxMessage = 64 << 20

// Handshake is what both sides must agree on before they talk.
func Handshake() goplugin.HandshakeConfig {
	return goplugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "MASHANG_ADAPTER", MagicCookieValue: "adapter.v1"}
}

// A Submission is one thing that a sender says, as the protocol has it.
type Submission = adapterpb.Submission

// An Attachment is a file of a Submission.
type Attachment = adapterpb.Attachment

// A Settled tells what became of one pulled submission.
type Settled = adapterpb.Settled

// ErrNoPull is returned by Pull of an adapter that is only pushed to.
var ErrNoPull = errors.New("this adapter does not pull")

// A Refused says in Chinese why a message can never be read.
type Refused string

func (r Refused) Error() string { return string(r) }

// An Adapter reads one channel's messages. Its methods may be called
// concurrently; ctx has the caller's deadline.
type Adapter interface {
	// Configure gets options.config of the channel's file as JSON.
	Configure(ctx context.Context, channel string, json []byte) (pulls bool, err error)
	// Decode reads one pushed message; a Refused keeps it as a dead letter.
	Decode(ctx context.Context, body []byte, mediaType string) ([]*Submission, error)
	// Pull returns what comes after cursor, the same for the same cursor.
	Pull(ctx context.Context, cursor string, max int) (subs []*Submission, next string, more bool, err error)
	// Settle tells what became of what was pulled.
	Settle(ctx context.Context, results []*Settled) error
}

// Plugin is the go-plugin view; Adapter is needed on the program's side only.
type Plugin struct {
	goplugin.NetRPCUnsupportedPlugin
	Adapter Adapter
}

// GRPCServer registers the adapter with s.
func (p *Plugin) GRPCServer(_ *goplugin.GRPCBroker, s *rpc.Server) error {
	adapterpb.RegisterAdapterServer(s, server{adapter: p.Adapter})
	return nil
}

// GRPCClient returns the adapterpb.AdapterClient for the connection c.
func (p *Plugin) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, c *rpc.ClientConn) (any, error) {
	return adapterpb.NewAdapterClient(c), nil
}

// Serve runs the program until the hub ends it, or is gone.
func Serve(a Adapter) {
	go orphaned()
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: Handshake(),
		Plugins:         goplugin.PluginSet{Name: &Plugin{Adapter: a}},
		Logger:          hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr, JSONFormat: true}),
		GRPCServer: func(opts []rpc.ServerOption) *rpc.Server {
			return rpc.NewServer(append(opts, rpc.MaxRecvMsgSize(MaxMessage))...)
		},
	})
}

// orphaned ends the program when the hub died without ending it.
func orphaned() {
	parent := os.Getppid()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for range tick.C {
		if os.Getppid() != parent {
			os.Exit(1)
		}
	}
}

type server struct {
	adapterpb.UnimplementedAdapterServer
	adapter Adapter
}

// Configure implements the service.
func (s server) Configure(ctx context.Context, r *adapterpb.ConfigureRequest) (*adapterpb.ConfigureResponse, error) {
	pulls, err := s.adapter.Configure(ctx, r.GetChannel(), r.GetJson())
	out := &adapterpb.ConfigureResponse{Pulls: pulls}
	if err != nil {
		out.Problems = []string{err.Error()}
	}
	return out, nil
}

// Decode implements the service.
func (s server) Decode(ctx context.Context, r *adapterpb.DecodeRequest) (*adapterpb.DecodeResponse, error) {
	subs, err := s.adapter.Decode(ctx, r.GetBody(), r.GetMediaType())
	if refused, ok := errors.AsType[Refused](err); ok {
		return &adapterpb.DecodeResponse{Refuse: string(refused)}, nil
	}
	return &adapterpb.DecodeResponse{Submissions: subs}, err
}

// Pull implements the service.
func (s server) Pull(ctx context.Context, r *adapterpb.PullRequest) (*adapterpb.PullResponse, error) {
	subs, next, more, err := s.adapter.Pull(ctx, r.GetCursor(), int(r.GetMax()))
	return &adapterpb.PullResponse{Submissions: subs, Cursor: next, More: more}, err
}

// Settle implements the service.
func (s server) Settle(ctx context.Context, r *adapterpb.SettleRequest) (*adapterpb.SettleResponse, error) {
	return &adapterpb.SettleResponse{}, s.adapter.Settle(ctx, r.GetResults())
}
