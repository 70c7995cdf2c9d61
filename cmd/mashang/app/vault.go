package app

import (
	"context"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/channel"
)

// A vault is the personal data of the hub: that of cases and that of what
// could not become one.
type vault struct {
	*postgres.DB
	letters *channel.Store
}

// Reseal seals submissions anew and, with the last of them, all letters.
func (v vault) Reseal(ctx context.Context, after hub.ReceiptID, n int) (last hub.ReceiptID, changed int, err error) {
	last, changed, err = v.DB.Reseal(ctx, after, n)
	for id := int64(0); err == nil && last == ""; {
		var more int
		id, more, err = v.letters.Reseal(ctx, id, n)
		if changed += more; id == 0 {
			break
		}
	}
	return last, changed, err
}
