package cases

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// A history follows the events of one case.
type history struct {
	id   hub.CaseID
	seq  int64
	head []byte
}

// next reports whether v is the event that comes after those before it.
func (c *history) next(v storedEvent) bool {
	if v.event.Seq != c.seq+1 || !v.follows(c.head) {
		return false
	}
	c.seq, c.head = v.event.Seq, v.hash
	return true
}

// VerifyHistories follows the event chains of up to n cases after one, in one
// snapshot, and returns how far it came and the first event that is not as it
// was written; Next is "" behind the last case.
func (p *Store) VerifyHistories(ctx context.Context, after hub.CaseID, n int) (audit.Histories, error) {
	var h audit.Histories
	err := pgx.BeginTxFunc(ctx, p.db.Pool(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		heads, err := caseHeads(ctx, tx, after, n)
		if err != nil {
			return err
		}
		h.Cases = len(heads)
		if len(heads) == n {
			h.Next = heads[n-1].id
		}
		if h.FirstBad, h.Events, err = followAll(ctx, tx, after, h.Next, heads); err != nil || h.FirstBad != nil {
			return err
		}
		if h.FirstBad, h.Erased, err = falselyErased(ctx, tx, after, h.Next); err != nil || h.FirstBad != nil || h.Next != "" {
			return err
		}
		h.FirstBad, err = lostCase(ctx, tx)
		return err
	})
	return h, postgres.Wrap(err, "verify the histories after %s", after)
}

// caseHeads returns the cases after one with the heads that their rows keep.
func caseHeads(ctx context.Context, tx pgx.Tx, after hub.CaseID, n int) ([]history, error) {
	rows, err := tx.Query(ctx, "select id, version, head from cases where id > $1 order by id limit $2", string(after), n)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (history, error) {
		var c history
		return c, r.Scan(&c.id, &c.seq, &c.head)
	})
}

// followAll compares the events behind after up to last, "" for all, with the
// heads of their cases.
func followAll(ctx context.Context, tx pgx.Tx, after, last hub.CaseID, heads []history) (bad *audit.EventFault, events int64, err error) {
	rows, err := tx.Query(ctx, `select case_id, seq, type, at, actor, data, hash, erased_at from event
		where case_id > $1 and ($2 = '' or case_id <= $2) order by case_id, seq`, string(after), string(last))
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	var own history
	for rows.Next() {
		v, err := scanEvent(rows)
		if err != nil {
			return nil, events, err
		}
		events++
		for len(heads) > 0 && heads[0].id < v.event.Case {
			if bad := own.ends(heads[0]); bad != nil {
				return bad, events, nil
			}
			heads = heads[1:]
		}
		if len(heads) == 0 || heads[0].id != v.event.Case {
			return &audit.EventFault{Case: v.event.Case, Seq: v.event.Seq, Reason: audit.CaseMissing}, events, nil
		}
		if own.id != v.event.Case {
			own = history{id: v.event.Case}
		}
		if want := own.seq + 1; !own.next(v) {
			return &audit.EventFault{Case: v.event.Case, Seq: want, Reason: badEvent(want, v)}, events, nil
		}
	}
	for _, head := range heads {
		if bad := own.ends(head); bad != nil {
			return bad, events, rows.Err()
		}
	}
	return nil, events, rows.Err()
}

// badEvent says why v is not the event number want.
func badEvent(want int64, v storedEvent) string {
	if v.event.Seq != want {
		return audit.EventMissing
	}
	return audit.EventChanged
}

// ends compares the chain that was followed with the head that the row of a
// case keeps.
func (c *history) ends(head history) *audit.EventFault {
	if c.id != head.id { // not one event was found
		return &audit.EventFault{Case: head.id, Seq: 1, Reason: audit.EventMissing}
	}
	switch {
	case c.seq < head.seq:
		return &audit.EventFault{Case: head.id, Seq: c.seq + 1, Reason: audit.EventMissing}
	case c.seq > head.seq || !bytes.Equal(c.head, head.head):
		return &audit.EventFault{Case: head.id, Seq: c.seq, Reason: audit.HeadDiffers}
	}
	return nil
}

// lostCase finds a submission whose case is gone with all its events.
func lostCase(ctx context.Context, tx pgx.Tx) (*audit.EventFault, error) {
	var id hub.CaseID
	err := tx.QueryRow(ctx, `select s.case_id from submission s
		where not exists (select from cases c where c.id = s.case_id) order by s.case_id limit 1`).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &audit.EventFault{Case: id, Reason: audit.CaseMissing}, err
}

// falselyErased finds an event whose words were taken out although those of its
// case were not deleted with it, and counts the others.
func falselyErased(ctx context.Context, tx pgx.Tx, after, last hub.CaseID) (bad *audit.EventFault, n int64, err error) {
	rows, err := tx.Query(ctx, `select e.case_id, e.seq, exists (select from cases c join submission s on s.receipt = c.receipt
			where c.id = e.case_id and s.erased_at = e.erased_at)
		from event e where e.erased_at is not null and e.case_id > $1 and ($2 = '' or e.case_id <= $2) order by e.case_id, e.seq`,
		string(after), string(last))
	if err != nil {
		return nil, 0, err
	}
	f, rightly := audit.EventFault{Reason: audit.EventChanged}, false
	_, err = pgx.ForEachRow(rows, []any{&f.Case, &f.Seq, &rightly}, func() error {
		if n++; !rightly && bad == nil {
			found := f
			bad = &found
		}
		return nil
	})
	return bad, n, err
}

// scanEvent reads a row of the table event.
func scanEvent(r pgx.CollectableRow) (storedEvent, error) {
	var v storedEvent
	e := &v.event
	if err := r.Scan(&e.Case, &e.Seq, &e.Type, &e.At, &v.text.By, &v.text.Data, &v.hash, &v.erased); err != nil {
		return v, err
	}
	return v, readEvent(e, v.text)
}

// readEvent sets what of e is text in its row.
func readEvent(e *hub.Event, text hub.EventText) error {
	e.At = e.At.UTC()
	return errors.Join(json.Unmarshal(text.By, &e.By), json.Unmarshal(text.Data, &e.Data))
}
