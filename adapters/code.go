package adapters

import (
	"context"

	"github.com/mashang-hub/mashang/hub"
)

// A Spot (点位) is where a scanned QR code hangs.
type Spot struct {
	Place hub.Place
	Label string // what is there, such as "朝阳小区3号楼"; may be empty
}

// Codes knows the printed QR codes (民情码). Its methods are safe for
// concurrent use.
type Codes interface {
	// Scan finds the spot of a token: CodeNotFound for one that the city did
	// not sign, CodeConflict for one that was revoked or renewed.
	Scan(ctx context.Context, token string) (Spot, error)
	// Nearby lists where else one who scanned at place may be: the communities
	// of its township.
	Nearby(ctx context.Context, place hub.PlaceCode) []hub.Place
	// Elsewhere records that who scanned token was at another place.
	Elsewhere(ctx context.Context, token string, place hub.PlaceCode) error
}

// placeCodes takes the code of a place for a QR code.
type placeCodes struct {
	place func(context.Context, hub.PlaceCode) (hub.Place, bool)
}

func (c placeCodes) Scan(ctx context.Context, token string) (Spot, error) {
	p, ok := c.place(ctx, hub.PlaceCode(token))
	if !ok {
		return Spot{}, hub.Errorf(hub.CodeNotFound, "qr_code.not_found", token)
	}
	return Spot{Place: p}, nil
}

func (placeCodes) Nearby(context.Context, hub.PlaceCode) []hub.Place { return nil }

func (placeCodes) Elsewhere(context.Context, string, hub.PlaceCode) error { return nil }
