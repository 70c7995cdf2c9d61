package postgres_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/mashang-hub/mashang/hub/postgres"
)

// A round that breaks off leaves nobody waiting and lets the next begin.
func TestARoundThatBreaksOffEnds(t *testing.T) {
	t.Parallel()
	begun, goOn := make(chan struct{}), make(chan struct{})
	var sizes []int
	g := &postgres.Together[string]{Rounds: 1, Most: 2}
	g.Do = func(jobs []string) {
		sizes = append(sizes, len(jobs))
		if jobs[0] == "first" {
			close(begun)
			<-goOn
			panic("broken")
		}
	}
	var all sync.WaitGroup
	all.Go(func() {
		defer func() { _ = recover() }()
		_ = g.Join(t.Context(), "first")
	})
	<-begun
	for range 3 {
		all.Go(func() {
			if err := g.Join(t.Context(), "another"); err != nil {
				t.Error(err)
			}
		})
	}
	for g.Waiting() < 3 {
		runtime.Gosched()
	}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if err := g.Join(ctx, "gone"); !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone: %v", err)
	}
	close(goOn)
	all.Wait()
	if len(sizes) != 3 || sizes[1] != 2 || sizes[2] != 1 {
		t.Errorf("rounds of %v", sizes)
	}
}
