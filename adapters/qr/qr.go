// Package qr is the channel of the QR codes (码上反映) on buildings and streets:
// a page that works on any phone without an account or JavaScript, and a JSON
// API for other front ends.
//
// It does not print codes (package poster) nor show how a case goes on
// (package web). Start with Spec.
package qr

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// maxBody is the limit of one JSON request.
const maxBody = 512 << 10

// Spec describes the kind.
func Spec() adapters.Spec {
	return adapters.Spec{Kind: "qr", New: New, Doc: "扫码网页", Options: func() any { c := Default(); return &c }}
}

// A Request is what the JSON API takes.
type Request struct {
	ID          string        `json:"id"`          // made by the form, once
	ExternalID  string        `json:"external_id"` // another name of ID
	Code        string        `json:"code"`        // token of the scanned QR code; gives the place
	Place       hub.PlaceCode `json:"place"`
	PlaceText   string        `json:"place_text"`
	Title       string        `json:"title"`
	Text        string        `json:"text"`
	Kind        hub.Kind      `json:"kind"`
	Name        string        `json:"name"`
	Phone       string        `json:"phone"`
	SubmittedAt time.Time     `json:"submitted_at"`
}

type adapter struct {
	channel hub.ChannelCode
	config  Config
	intake  adapters.Intake
	deps    adapters.Deps
	flood   *flood
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
	return &adapter{c.Code, config, in, d, newFlood(config.FloodPerHour, d.Clock)}, nil
}

// Handler is the JSON API.
func (a *adapter) Handler() http.Handler {
	return adapters.Door{Intake: a.intake, Decode: a}
}

// Run waits for ctx: the channel does nothing by itself.
func (a *adapter) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Decode reads one request, or JSON lines of them.
func (a *adapter) Decode(ctx context.Context, r io.Reader, name, mediaType string) ([]hub.Submission, error) {
	return adapters.DecodeItems(r, name, mediaType, maxBody, func(raw []byte) (hub.Submission, error) {
		var q Request
		if err := adapters.DecodeJSON(raw, &q); err != nil {
			return hub.Submission{}, err
		}
		s, err := a.submission(ctx, q)
		s.Raw, s.MediaType = raw, "application/json"
		return s, err
	})
}

// submission maps what page and API share.
func (a *adapter) submission(ctx context.Context, q Request) (hub.Submission, error) {
	text := strings.TrimSpace(strings.ReplaceAll(q.Text, "\r\n", "\n"))
	if text == "" {
		return hub.Submission{}, hub.Errorf(hub.CodeInvalid, "submission.empty")
	}
	if utf8.RuneCountInString(text) > a.config.MaxRunes {
		return hub.Submission{}, hub.Errorf(hub.CodeTooLarge, "qr.too_long", a.config.MaxRunes)
	}
	if err := adapters.CheckWords(q.Kind, ""); err != nil {
		return hub.Submission{}, err
	}
	if q.Code != "" {
		spot, err := a.deps.Codes.Scan(ctx, q.Code)
		if err != nil {
			return hub.Submission{}, err
		}
		q.Place = cmp.Or(q.Place, spot.Place.Code)
		if q.Place == spot.Place.Code {
			q.PlaceText = cmp.Or(q.PlaceText, a.where(ctx, spot))
		}
	}
	if q.Place != "" {
		place, ok := a.deps.Place(ctx, q.Place)
		if !ok {
			return hub.Submission{}, hub.Errorf(hub.CodeInvalid, "submission.place", string(q.Place))
		}
		q.Place = place.Code
		if q.PlaceText == "" {
			q.PlaceText = a.address(ctx, place)
		}
	}
	return hub.Submission{
		Channel: a.channel, ExternalID: cmp.Or(q.ID, q.ExternalID), Place: q.Place, Kind: q.Kind, SubmittedAt: q.SubmittedAt,
		Hold: a.flood.hold(q.Code),
		Content: hub.Content{
			Title: strings.TrimSpace(q.Title), Text: text, PlaceText: q.PlaceText,
			Reporter: hub.Reporter{
				Name: strings.TrimSpace(q.Name), Phone: strings.TrimSpace(q.Phone), Anonymous: q.Name == "" && q.Phone == "",
			},
		},
	}, nil
}

// where is the address of a spot and what is there.
func (a *adapter) where(ctx context.Context, s adapters.Spot) string {
	return strings.TrimSpace(a.address(ctx, s.Place) + " " + s.Label)
}

// address writes the names from the county down to p.
func (a *adapter) address(ctx context.Context, p hub.Place) string {
	names := []string{p.Name}
	for range 8 { // deeper than any tree, should one have a ring
		parent, ok := a.deps.Place(ctx, p.Parent)
		if p.Parent == "" || !ok || parent.Level == hub.LevelCity {
			break
		}
		names = append([]string{parent.Name}, names...)
		p = parent
	}
	return strings.Join(names, " ")
}
