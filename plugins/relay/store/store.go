// Package store hands alerts to a department's own machines without a service
// that listens: a Kafka topic, a table or a folder. Each alert goes in once
// however often it is pushed, as CloudEvents JSON.
//
// It refuses to make tables or topics. Start with NewTopic, NewTable or
// NewFolder.
package store

import (
	"encoding/json"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/relay/message"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// event is the CloudEvents form of a.
func event(a hub.Alert) ([]byte, error) {
	return json.Marshal(webhook.Envelope(webhook.Item{Alert: a}))
}

// receipts answers all of alerts alike.
func receipts(alerts []hub.Alert, err error) []hub.Receipt {
	r := hub.Receipt{Outcome: hub.Delivered}
	if err != nil {
		r = hub.Receipt{Outcome: hub.RetryLater, Reason: message.Cut(err.Error(), 500)}
	}
	out := make([]hub.Receipt, len(alerts))
	for i, a := range alerts {
		out[i] = r
		out[i].Alert = a.ID
	}
	return out
}
