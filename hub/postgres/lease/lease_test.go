package lease_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/lease"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// A node works while it holds the lease and says so.
type node struct {
	began, ended chan struct{}
	stop         context.CancelFunc
	left         chan error
}

func start(t *testing.T, db *postgres.DB) *node {
	t.Helper()
	l := lease.New(db, slog.New(slog.DiscardHandler))
	l.Every = 10 * time.Millisecond
	n := &node{began: make(chan struct{}, 9), ended: make(chan struct{}, 9), left: make(chan error, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	n.stop = cancel
	go func() {
		n.left <- l.Hold(ctx, "channel/mail", func(ctx context.Context) error {
			n.began <- struct{}{}
			<-ctx.Done()
			n.ended <- struct{}{}
			return nil
		})
	}()
	return n
}

func await(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Fatal("waited in vain: " + what)
	}
}

// One of two nodes works; when it leaves the other does, and not before.
func TestTheOtherNodeTakesOver(t *testing.T) {
	db := pgtest.Open(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	first := start(t, db)
	await(t, "the first node works", first.began)
	second := start(t, db)
	first.stop()
	await(t, "the first node ends", first.ended)
	await(t, "the second node takes over", second.began)
	if err := <-first.left; err != nil {
		t.Errorf("leaving is no error: %v", err)
	}
	second.stop()
	await(t, "the second node ends", second.ended)
	<-second.left
	if len(first.began)+len(second.began) != 0 {
		t.Error("somebody worked once too often")
	}
}

// A holder whose connection is cut stops its work, and somebody works again.
func TestALostConnectionEndsTheWork(t *testing.T) {
	db := pgtest.Open(t)
	only := start(t, db)
	await(t, "the node works", only.began)
	_, err := db.Pool().Exec(t.Context(), `select pg_terminate_backend(l.pid) from pg_locks l join pg_stat_activity a using (pid)
		where l.locktype = 'advisory' and a.application_name = 'mashang lease'`)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the work ends", only.ended)
	await(t, "the node works again", only.began)
	only.stop()
	<-only.left
}

// What the work itself says ends the holding.
func TestErrorsOfTheWorkAreReturned(t *testing.T) {
	no := errors.New("no such mailbox")
	l := lease.New(pgtest.Open(t), slog.New(slog.DiscardHandler))
	if err := l.Hold(t.Context(), "channel/mail", func(context.Context) error { return no }); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
}
