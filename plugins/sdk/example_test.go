package sdk_test

import (
	"context"
	"encoding/json"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/sdk"
)

// gas is a whole plugin: it takes every alert and reports nothing.
type gas struct{}

func (gas) Configure(context.Context, json.RawMessage) error { return nil }

func (gas) Deliver(_ context.Context, alerts []hub.Alert) ([]hub.Receipt, error) {
	receipts := make([]hub.Receipt, len(alerts))
	for i, a := range alerts {
		receipts[i] = hub.Receipt{Alert: a.ID, Outcome: hub.Delivered}
	}
	return receipts, nil
}

func (gas) Updates(ctx context.Context, _ func(hub.Update) error) error {
	<-ctx.Done()
	return nil
}

func (gas) Health(context.Context) error { return nil }

func ExampleServe() {
	sdk.Serve(gas{})
}
