package cases

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mashang-hub/mashang/hub"
)

const (
	// rounds is how many transactions for the changes of one case each are
	// under way before further ones share the next. One would be idle while it
	// waits for the disk.
	rounds = 3
	// roundCases is how many share one at most.
	roundCases = 32
	// roundTime bounds a round: those who wait for it may be gone.
	roundTime = 30 * time.Second
)

// briefly has the statements after it give up a lock that is not theirs soon: a
// case that somebody holds for long holds up only its own change.
const briefly = "select set_config('lock_timeout', '100ms', true)"

var errUnfinished = errors.New("the change was not finished")

// round changes several cases in one transaction. A case that is missing, or on
// which the decision is no, is left out. When the server refuses, nothing of it
// is saved, and each is to have a transaction of its own.
func (p *Store) round(all []*locked) {
	if len(all) == 1 {
		all[0].err = p.change(all[0].ctx, all[0])
		return
	}
	mine := once(all)
	ctx, cancel := context.WithTimeout(context.Background(), roundTime)
	defer cancel()
	var w writer
	sent := false
	err := p.db.InFlight(ctx, func(b *pgx.Batch) {
		b.Queue(briefly)
		for _, l := range mine {
			l.err = errUnfinished // should a decision never return
			p.read(l, b)
		}
	}, func(b *pgx.Batch) error {
		if err := w.judgeAll(mine); err != nil {
			return err
		}
		w.queueUpdate(b)
		sent = true
		return nil
	})
	if err == nil {
		p.db.Wake()
		return
	}
	// Without its answer it is not known whether the server has committed.
	open := sent && !refused(err)
	for _, l := range mine {
		l.alone = !open
		if open && l.err == nil {
			l.err = err
		}
	}
}

// once returns one change of each case, in the order in which all nodes lock
// them; further ones are to have transactions of their own.
func once(all []*locked) []*locked {
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b *locked) int { return cmp.Compare(a.id, b.id) })
	var last hub.CaseID
	return slices.DeleteFunc(sorted, func(l *locked) bool {
		l.alone = l.id == last
		last = l.id
		return l.alone
	})
}

// judgeAll lets the cases be decided on and adds the changes.
func (w *writer) judgeAll(all []*locked) error {
	for _, l := range all {
		var to change
		if to, l.err = l.judge(); l.err != nil {
			continue
		}
		if err := w.addJudged(l, to); err != nil {
			return err
		}
	}
	return nil
}

// refused reports that a statement failed at the server, and with it the
// transaction.
func refused(err error) bool {
	server, ok := errors.AsType[*pgconn.PgError](err)
	return ok && server.SeverityUnlocalized == "ERROR"
}
