package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/poster"
	"github.com/mashang-hub/mashang/hub/postgres/qrcode"
)

// demoCode is the address that the demonstration prints for everybody.
const demoCode = "demo"

// codes resolves scanned QR codes for the channel.
type codes struct {
	signer poster.Signer
	store  *qrcode.Store
	places map[hub.PlaceCode]hub.Place
	clock  hub.Clock
	// demo also takes the code of a place, and demoCode for the first village.
	demo bool
}

// codes returns the printed QR codes of this hub.
func (a *App) codes(ctx context.Context) (codes, error) {
	key, err := a.db.NumberingKey(ctx)
	if err != nil {
		return codes{}, fmt.Errorf("signing key of QR codes: %w", err)
	}
	return codes{poster.NewSigner(key), qrcode.New(a.db), a.places, a.clock, a.opts.Demo}, nil
}

// Scan finds the spot of a token.
func (c codes) Scan(ctx context.Context, token string) (adapters.Spot, error) {
	if p, ok := c.demoPlace(token); ok {
		return adapters.Spot{Place: p}, nil
	}
	n, version, err := c.signer.Parse(token)
	if err != nil {
		return adapters.Spot{}, err
	}
	code, err := c.store.Code(ctx, n)
	if err != nil {
		return adapters.Spot{}, err
	}
	if !code.Live() {
		return adapters.Spot{}, hub.Errorf(hub.CodeConflict, "qr_code.revoked", poster.Group(token))
	}
	if version != code.Version {
		return adapters.Spot{}, hub.Errorf(hub.CodeConflict, "qr_code.renewed", poster.Group(token))
	}
	place, ok := c.places[code.Place]
	if !ok {
		place = hub.Place{Code: code.Place}
	}
	return adapters.Spot{Place: place, Label: code.Label}, nil
}

func (c codes) demoPlace(token string) (hub.Place, bool) {
	if !c.demo {
		return hub.Place{}, false
	}
	if token == demoCode {
		token = demoVillage
	}
	p, ok := c.places[hub.PlaceCode(token)]
	return p, ok
}

// demoVillage is where the demonstration's code hangs.
const demoVillage = "620402001001"

// Nearby lists the communities of the township of place.
func (c codes) Nearby(_ context.Context, place hub.PlaceCode) []hub.Place {
	at, ok := c.places[place]
	if !ok || at.Parent == "" {
		return nil
	}
	var out []hub.Place
	for _, p := range c.places {
		if p.Parent == at.Parent && p.Code != place {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(p, q hub.Place) int { return cmp.Compare(p.Code, q.Code) })
	return out
}

// Elsewhere records that who scanned token was at another place.
func (c codes) Elsewhere(ctx context.Context, token string, place hub.PlaceCode) error {
	n, _, err := c.signer.Parse(token)
	if err != nil {
		return nil // the demonstration's own codes
	}
	return c.store.Elsewhere(ctx, n, place, c.clock.Now())
}
