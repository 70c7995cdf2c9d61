package grpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	rpc "google.golang.org/grpc"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins"
	"github.com/mashang-hub/mashang/plugins/pluginpb"
)

// Client is a department at the other end of a connection.
type Client struct {
	rpc     pluginpb.DepartmentClient
	version Version
}

var _ plugins.Department = (*Client)(nil)

// NewClient returns the department that is served at the other end of c in a
// version of the contract.
func NewClient(c rpc.ClientConnInterface, v Version) *Client {
	return &Client{pluginpb.NewDepartmentClient(c), v}
}

// Configure hands config over.
func (c *Client) Configure(ctx context.Context, config json.RawMessage) error {
	_, err := c.rpc.Configure(ctx, &pluginpb.ConfigureRequest{Json: config})
	return fromStatus(err)
}

// Deliver sends all alerts in one message.
func (c *Client) Deliver(ctx context.Context, alerts []hub.Alert) ([]hub.Receipt, error) {
	req := &pluginpb.DeliverRequest{Alerts: make([]*pluginpb.Alert, len(alerts))}
	for i := range alerts {
		req.Alerts[i] = FromAlert(alerts[i])
	}
	resp, err := c.rpc.Deliver(ctx, req)
	if err != nil {
		return nil, fromStatus(err)
	}
	receipts := make([]hub.Receipt, len(resp.GetReceipts()))
	for i, r := range resp.GetReceipts() {
		receipts[i] = toReceipt(r, c.version)
	}
	return receipts, nil
}

// Updates receives updates, gives each to send and acknowledges it.
func (c *Client) Updates(ctx context.Context, send func(hub.Update) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.rpc.Updates(ctx, &pluginpb.UpdatesRequest{})
	if err != nil {
		return fromStatus(err)
	}
	for {
		u, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fromStatus(err)
		}
		ack := toAck(u.GetId(), send(toUpdate(u)))
		if _, err := c.rpc.AckUpdates(ctx, &pluginpb.AckUpdatesRequest{Acks: []*pluginpb.Ack{ack}}); err != nil {
			return fmt.Errorf("acknowledge update %s: %w", u.GetId(), fromStatus(err))
		}
	}
}

// Health asks how the department is.
func (c *Client) Health(ctx context.Context) error {
	_, err := c.rpc.Health(ctx, &pluginpb.HealthRequest{})
	return fromStatus(err)
}
