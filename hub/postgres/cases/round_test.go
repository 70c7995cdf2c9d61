package cases_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

type decide = func(hub.Case, hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error)

func moves(c hub.Case, _ hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
	return progress(c)
}

// A crowd changes cases while every round is taken, so that all of them are in
// the next one.
type crowd struct {
	t       *testing.T
	store   *cases.Store
	db      *postgres.DB
	busy    chan struct{}
	holders chan error
	waiting int
}

// gather takes the rounds with changes of the first cases.
func gather(t *testing.T) *crowd {
	t.Helper()
	store, db := open(t)
	openCases(t, store, 20)
	g := &crowd{t: t, store: store, db: db, busy: make(chan struct{}), holders: make(chan error, cases.Rounds)}
	inside := make(chan struct{}, cases.Rounds)
	for i := range cases.Rounds {
		go func() {
			_, err := store.ChangeCase(context.Background(), number(i), "", pgtest.Monday(),
				func(c hub.Case, s hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
					inside <- struct{}{}
					<-g.busy
					return moves(c, s)
				})
			g.holders <- err
		}()
	}
	for range cases.Rounds {
		<-inside
	}
	return g
}

func number(i int) hub.CaseID { return hub.CaseID(fmt.Sprintf("BY%04d", i)) }

// change begins a change and returns when it waits; the answer comes later.
func (g *crowd) change(ctx context.Context, id hub.CaseID, d decide) <-chan error {
	answer := make(chan error, 1)
	go func() {
		_, err := g.store.ChangeCase(ctx, id, "", pgtest.Monday(), d)
		answer <- err
	}()
	g.waiting++
	for g.store.Waiting() != g.waiting {
		runtime.Gosched()
	}
	return answer
}

// release ends the rounds that are under way.
func (g *crowd) release() {
	g.t.Helper()
	close(g.busy)
	for range cases.Rounds {
		if err := <-g.holders; err != nil {
			g.t.Fatal(err)
		}
	}
}

// versions returns the versions of cases and how many transactions wrote them.
func (g *crowd) versions(ids ...hub.CaseID) (sum, transactions int) {
	g.t.Helper()
	err := g.db.Pool().QueryRow(g.t.Context(), "select sum(version), count(distinct xmin::text) from cases where id = any($1)", ids).
		Scan(&sum, &transactions)
	if err != nil {
		g.t.Fatal(err)
	}
	return sum, transactions
}

func TestChangesOfOneMomentShareATransaction(t *testing.T) {
	t.Parallel()
	g := gather(t)
	ctx := audit.From(t.Context(), audit.Source{Actor: hub.Actor{Kind: hub.ActorPerson, ID: "li"}})
	ids := []hub.CaseID{number(12), number(11), number(10), number(13)}
	var answers []<-chan error
	for _, id := range ids {
		answers = append(answers, g.change(ctx, id, moves))
	}
	away := hub.WithScope(ctx, hub.Scope{{Department: "water"}})
	missing, foreign := g.change(ctx, "none", moves), g.change(away, number(14), moves)
	no := errors.New("no")
	refused := g.change(ctx, number(15), func(c hub.Case, _ hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
		return c, nil, nil, no
	})
	again := g.change(ctx, number(10), moves)
	g.release()
	for _, answer := range append(answers, again) {
		if err := <-answer; err != nil {
			t.Error(err)
		}
	}
	if a, b := <-missing, <-foreign; hub.CodeOf(a) != hub.CodeNotFound || hub.CodeOf(b) != hub.CodeNotFound {
		t.Errorf("missing %v, out of scope %v", a, b)
	}
	if err := <-refused; !errors.Is(err, no) {
		t.Errorf("refused: %v", err)
	}
	if sum, n := g.versions(number(11), number(12), number(13)); sum != 9 || n != 1 {
		t.Errorf("versions add up to %d, from %d transactions", sum, n)
	}
	if sum, _ := g.versions(number(10), number(14), number(15)); sum != 8 {
		t.Errorf("twice, and not at all: versions add up to %d", sum)
	}
	for _, id := range ids {
		if err := g.store.VerifyEvents(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	var v audit.Verifier
	if fault, err := auditlog.Verify(t.Context(), g.db.Pool(), &v); fault != nil || err != nil || v.Records != 5 {
		t.Errorf("%d audit records, fault %+v, %v", v.Records, fault, err)
	}
}

// What the server refuses of one does not touch the others.
func TestOneThatFailsFailsAlone(t *testing.T) {
	t.Parallel()
	g := gather(t)
	good := g.change(t.Context(), number(10), moves)
	bad := g.change(t.Context(), number(11), func(c hub.Case, _ hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
		c, events, out, err := progress(c)
		events[0].Seq = 1 // is there already
		return c, events, out, err
	})
	also := g.change(t.Context(), number(12), moves)
	g.release()
	if err := <-bad; hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("bad: %v", err)
	}
	if a, b := <-good, <-also; a != nil || b != nil {
		t.Errorf("good: %v, %v", a, b)
	}
	if sum, _ := g.versions(number(10), number(11), number(12)); sum != 8 {
		t.Errorf("versions add up to %d", sum)
	}
}

func TestACaseThatIsHeldHoldsUpItself(t *testing.T) {
	t.Parallel()
	g := gather(t)
	tx, err := g.db.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "select from cases where id = $1 for update", string(number(11))); err != nil {
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Second) // a round would wait for 30
	defer cancel()
	good, held, also := g.change(soon, number(10), moves), g.change(t.Context(), number(11), moves), g.change(soon, number(12), moves)
	g.release()
	if a, b := <-good, <-also; a != nil || b != nil {
		t.Errorf("others: %v, %v", a, b)
	}
	select {
	case err := <-held:
		t.Errorf("changed while it was held: %v", err)
	default:
	}
	if err := tx.Rollback(t.Context()); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		t.Fatal(err)
	}
	if err := <-held; err != nil {
		t.Error(err)
	}
}

func TestWhoLeavesBeforeTheRoundChangesNothing(t *testing.T) {
	t.Parallel()
	g := gather(t)
	ctx, leave := context.WithCancel(t.Context())
	gone := g.change(ctx, number(10), moves)
	leave()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("left: %v", err)
	}
	g.waiting--
	stays := g.change(t.Context(), number(11), moves)
	g.release()
	if err := <-stays; err != nil {
		t.Error(err)
	}
	if sum, _ := g.versions(number(10), number(11)); sum != 5 {
		t.Errorf("versions add up to %d", sum)
	}
}
