package app

import (
	"context"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/accounts"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/channel"
	"github.com/mashang-hub/mashang/hub/postgres/retention"
	"github.com/mashang-hub/mashang/hub/seal"
)

// A vault is the personal data of the hub: that of cases, that of what could
// not become one and that of accounts.
type vault struct {
	*cases.Store
	kept
	db      *postgres.DB
	letters *channel.Store
	people  *accounts.Store
	keys    *seal.Keyring
}

func (a *App) vault() vault {
	return vault{a.cases, kept{retention.New(a.db)}, a.db, channel.New(a.db, a.clock, a.keys), a.people, a.keys}
}

// Reseal seals submissions anew and, with the last of them, all letters.
func (v vault) Reseal(ctx context.Context, after hub.ReceiptID, n int) (last hub.ReceiptID, changed int, err error) {
	last, changed, err = v.Store.Reseal(ctx, after, n)
	for id := int64(0); err == nil && last == ""; {
		var more int
		id, more, err = v.letters.Reseal(ctx, id, n)
		if changed += more; id == 0 {
			break
		}
	}
	return last, changed, err
}

// FinishReseal seals the accounts anew and forgets the keys that seal nothing.
func (v vault) FinishReseal(ctx context.Context) (int, []string, error) {
	n, err := v.people.Reseal(ctx)
	if err != nil {
		return n, nil, err
	}
	gone, err := v.db.ForgetKeys(ctx, v.keys)
	return n, gone, err
}
