// Package office is what the departments with logic of their own (承办部门) are
// made of: a reader of what citizens write around a relay that carries it on.
//
// It refuses to know any department's business: that is the [Reader]'s. Start
// with New.
package office

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"sync/atomic"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/relay"
	"github.com/mashang-hub/mashang/plugins/relay/message"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// A Reader (研判) makes of an alert what its department needs. It is pure and
// safe for concurrent use.
type Reader interface {
	// Read reads a citizen's words, which are never empty.
	Read(a hub.Alert) Reading
	// Event reads the alert of an early warning.
	Event(a hub.Alert) Reading
}

// Fields are the fields of a department's configuration.
type Fields map[string]json.RawMessage

// Take moves the field name into v, a pointer, if there is one.
func (f Fields) Take(name string, v any) error {
	raw, ok := f[name]
	if !ok {
		return nil
	}
	delete(f, name)
	if err := json.Unmarshal(raw, v); err != nil {
		return &hub.Error{Code: hub.CodeInvalid, Key: "plugin.config", Err: err}
	}
	return nil
}

// Department is a department that reads.
type Department struct {
	*relay.Department
	make   func(Fields) (Reader, error)
	reader atomic.Pointer[Reader]
}

// New returns a department, to be configured. make takes its own fields out of
// the configuration; the rest says how the department is reached, as for a
// relay.
func New(clock hub.Clock, log *slog.Logger, make func(Fields) (Reader, error)) *Department {
	return &Department{Department: relay.New(clock, log).Understand(Answer), make: make}
}

// Configure takes the department's own fields and a relay's.
func (d *Department) Configure(ctx context.Context, raw json.RawMessage) error {
	fields := Fields{}
	if err := webhook.Decode(raw, &fields); err != nil {
		return err
	}
	reader, err := d.make(fields)
	if err != nil {
		return err
	}
	rest, err := json.Marshal(fields)
	if err != nil {
		return &hub.Error{Code: hub.CodeInvalid, Key: "plugin.config", Err: err}
	}
	d.reader.Store(&reader)
	return d.Department.Configure(ctx, rest)
}

// Deliver reads the alerts and passes them on.
func (d *Department) Deliver(ctx context.Context, alerts []hub.Alert) ([]hub.Receipt, error) {
	reader := *d.reader.Load()
	items := make([]webhook.Item, len(alerts))
	for i, a := range alerts {
		items[i] = item(reader, a)
	}
	return d.Push(ctx, items), nil
}

// item reads one alert. What the hub says in its own words, such as a digest of
// the day, is passed on as it is: it is no citizen's.
func item(reader Reader, a hub.Alert) webhook.Item {
	var r Reading
	switch {
	case a.Event == hub.EarlyWarning:
		r = reader.Event(a)
	case a.Citizens():
		r = reader.Read(a)
	default:
		return webhook.Item{Alert: a}
	}
	if r.Notice != "" {
		a.Content.Extra = maps.Clone(a.Content.Extra)
		if a.Content.Extra == nil {
			a.Content.Extra = map[string]string{}
		}
		a.Content.Extra[message.Notice] = r.Notice
	}
	return webhook.Item{Alert: a, Reading: hub.Receipt{Facts: r.Facts.Map(), Group: r.Group, Critical: r.Critical, Reason: r.Why}}
}
