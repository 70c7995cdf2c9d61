// Package hotline is the channel of the 12345 hotline (政务服务热线): its
// platform pushes work orders (工单) as JSON or XML, in UTF-8 or GB18030.
//
// The platform is told by its option callback what becomes of an order. It
// does not take calls. Start with Spec.
package hotline

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// Spec describes the kind.
func Spec() adapters.Spec {
	return adapters.Spec{Kind: "hotline", New: New, Doc: "12345 热线工单推送（JSON、XML）", Options: func() any { c := Default(); return &c }}
}

type adapter struct {
	channel hub.ChannelCode
	config  Config
	intake  adapters.Intake
	deps    adapters.Deps
	token   string
	*adapters.Teller
}

// New makes the adapter of c.
func New(c adapters.Config, in adapters.Intake, d adapters.Deps) (adapters.Adapter, error) {
	config := Default()
	if err := c.Options.Decode(&config); err != nil {
		return nil, err
	}
	if err := config.Validate(); err != nil {
		return nil, err
	}
	d = d.Complete()
	token, err := config.Token.Reveal(d)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	teller, err := adapters.NewTeller(config.Callback, d)
	if err != nil {
		return nil, err
	}
	if teller != nil {
		teller.Also = []hub.EventType{hub.SentBack, hub.Merged}
	}
	return &adapter{c.Code, config, in, d, token, teller}, nil
}

// Handler takes one work order, or several as a JSON list or lines.
func (a *adapter) Handler() http.Handler {
	return adapters.Door{Intake: a.intake, Decode: a, Trusted: a.deps.Trusted, Check: func(r *http.Request, _ []byte) error {
		return adapters.CheckBearer(r, a.token)
	}}
}

// Sign shows the token.
func (a *adapter) Sign(r *http.Request, _ []byte) error {
	r.Header.Set("Authorization", "Bearer "+a.token)
	return nil
}

// Run waits for ctx: the channel does nothing by itself.
func (a *adapter) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Decode reads work orders. One without a number is refused: the platform
// gives every order one.
func (a *adapter) Decode(_ context.Context, r io.Reader, name, mediaType string) ([]hub.Submission, error) {
	recs, err := adapters.ReadRecords(r, name, mediaType)
	if err != nil {
		return nil, err
	}
	subs, err := a.config.Submissions(a.channel, recs)
	if err != nil {
		return nil, err
	}
	for _, s := range subs {
		if s.ExternalID == "" {
			return nil, hub.Errorf(hub.CodeInvalid, "submission.field", a.config.Fields["external_id"], "")
		}
	}
	return subs, nil
}
