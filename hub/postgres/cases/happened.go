package cases

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
)

// A Moment names an event, by its case and its number there.
type Moment struct {
	Case hub.CaseID
	Seq  int64
}

// A Happened is a moment with its event, its case and the submission that
// opened that, without raw bytes.
type Happened struct {
	Event      hub.Event
	Case       hub.Case
	Submission hub.Submission
}

// Happened reads what happened at moments, of all cases and in one question;
// those that are not there are left out. It is for the hub itself: no scope is
// asked.
func (p *Store) Happened(ctx context.Context, moments []Moment) (map[Moment]Happened, error) {
	var ids []string
	var seqs []int64
	for _, m := range moments {
		ids, seqs = append(ids, string(m.Case)), append(seqs, m.Seq)
	}
	rows, err := p.db.Keyed().Query(ctx, `select e.seq, e.type, e.at, e.actor, e.data, c.state, `+submissionColumns+`
		from (select distinct * from unnest(@ids::text[], @seqs::bigint[])) as u(id, seq)
			join event e on e.case_id = u.id and e.seq = u.seq
			join cases c on c.id = u.id join submission s on s.receipt = c.receipt`,
		pgx.NamedArgs{"ids": ids, "seqs": seqs, "raw": false})
	if err != nil {
		return nil, postgres.Wrap(err, "read what happened")
	}
	list, err := pgx.CollectRows(rows, p.scanHappened)
	out := make(map[Moment]Happened, len(list))
	for _, h := range list {
		out[Moment{h.Case.ID, h.Event.Seq}] = h
	}
	return out, postgres.Wrap(err, "read what happened")
}

func (p *Store) scanHappened(r pgx.CollectableRow) (Happened, error) {
	var h Happened
	var text hub.EventText
	var state []byte
	var err error
	e := &h.Event
	if h.Submission, err = scanSubmission(r, &e.Seq, &e.Type, &e.At, &text.By, &text.Data, &state); err != nil {
		return h, err
	}
	err = errors.Join(readEvent(e, text), readCase(state, &h.Case), p.showSubmission(&h.Submission))
	e.Case = h.Case.ID
	return h, err
}
