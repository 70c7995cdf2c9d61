package cases

import (
	"context"
	"encoding/json"
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
	out := make(map[Moment]Happened, len(moments))
	rows, err := p.db.Keyed().Query(ctx, `select e.seq, e.type, e.at, e.actor, e.data, c.state, `+submissionColumns+`
		from (select distinct * from unnest(@ids::text[], @seqs::bigint[])) as u(id, seq)
			join event e on e.case_id = u.id and e.seq = u.seq
			join cases c on c.id = u.id join submission s on s.receipt = c.receipt`,
		pgx.NamedArgs{"ids": ids, "seqs": seqs, "raw": false})
	if err != nil {
		return nil, postgres.Wrap(err, "read what happened")
	}
	_, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (struct{}, error) {
		var h Happened
		var by, data, state []byte
		var err error
		h.Submission, err = scanSubmission(r, &h.Event.Seq, &h.Event.Type, &h.Event.At, &by, &data, &state)
		if err != nil {
			return struct{}{}, err
		}
		h.Event.At = h.Event.At.UTC()
		err = errors.Join(json.Unmarshal(by, &h.Event.By), json.Unmarshal(data, &h.Event.Data), readCase(state, &h.Case), p.showSubmission(&h.Submission))
		h.Event.Case = h.Case.ID
		out[Moment{h.Case.ID, h.Event.Seq}] = h
		return struct{}{}, err
	})
	return out, postgres.Wrap(err, "read what happened")
}
