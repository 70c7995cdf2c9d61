package cases

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
)

const (
	// lookups is how many questions for receipts are under way before further
	// ones share the next, asked how many do.
	lookups, asked = 2, 64
)

// A lookup asks which of the receipts are stored.
type lookup struct {
	receipts []hub.ReceiptID
	found    map[hub.ReceiptID]bool // also those that others ask for
	err      error
}

// FindReceipts returns which of the receipts are stored already. While many ask,
// several share one question.
func (p *Store) FindReceipts(ctx context.Context, receipts []hub.ReceiptID) (map[hub.ReceiptID]bool, error) {
	l := &lookup{receipts: receipts}
	if err := p.lookups.Join(ctx, l); err != nil {
		return nil, postgres.Wrap(err, "find receipts")
	}
	return l.found, postgres.Wrap(l.err, "find receipts")
}

// look answers several lookups with one question.
func (p *Store) look(all []*lookup) {
	ctx, cancel := context.WithTimeout(context.Background(), roundTime)
	defer cancel()
	var receipts []hub.ReceiptID
	for _, l := range all {
		receipts = append(receipts, l.receipts...)
	}
	rows, err := p.db.Keyed().Query(ctx, findReceipts, receipts)
	found, err := collectReceipts(rows, err)
	for _, l := range all {
		l.found, l.err = found, err
	}
}

const findReceipts = "select receipt from submission where receipt = any($1::text[])"

// collectReceipts closes rows.
func collectReceipts(rows pgx.Rows, err error) (map[hub.ReceiptID]bool, error) {
	if err != nil {
		return nil, err
	}
	found := map[hub.ReceiptID]bool{}
	var receipt hub.ReceiptID
	_, err = pgx.ForEachRow(rows, []any{&receipt}, func() error {
		found[receipt] = true
		return nil
	})
	return found, err
}

// receiptsIn asks in one flight of tx.
func receiptsIn(ctx context.Context, tx pgx.Tx, receipts []hub.ReceiptID) (found map[hub.ReceiptID]bool, err error) {
	var b pgx.Batch
	b.Queue(postgres.ByKey)
	b.Queue(findReceipts, receipts).Query(func(rows pgx.Rows) error {
		found, err = collectReceipts(rows, nil)
		return err
	})
	return found, tx.SendBatch(ctx, &b).Close()
}
