// Package plugins is the contract between the hub and a department (部门).
//
// A plugin (部门插件) is a separate process that talks to one department's own
// system: it takes alerts, answers each with a receipt, and reports back what
// the department did. It refuses to know how cases are stored or routed.
//
// To write one in Go, implement [Department] and hand it to sdk.Serve. To write
// one in another language, serve department.proto.
package plugins

import (
	"context"
	"encoding/json"

	"github.com/mashang-hub/mashang/hub"
)

// A Department is the plugin's side of the contract. Its methods are called
// concurrently, but nothing is called before Configure returned nil.
type Department interface {
	// Configure takes the department's own configuration, once. A mistake in
	// it is a hub.Error with CodeInvalid.
	Configure(ctx context.Context, config json.RawMessage) error
	// Deliver answers every alert with exactly one receipt, in any order. It
	// is called again with the same alert until the receipt is not
	// hub.RetryLater, so it is idempotent by alert id. Alerts of one case are
	// in order. It returns before ctx's deadline, with hub.RetryLater for what
	// it had no time for. An error stands for the whole batch.
	Deliver(ctx context.Context, alerts []hub.Alert) ([]hub.Receipt, error)
	// Updates hands over what the department reports back, until ctx ends.
	// send returns nil once the hub has the update durably, a hub.Error with
	// CodeUnavailable when it should be sent again, and any other error when
	// the hub will never take it. It may be called again after it returned.
	Updates(ctx context.Context, send func(hub.Update) error) error
	// Health fails while the department cannot take alerts at all.
	Health(ctx context.Context) error
}
