package external

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

type maker = func(adapters.Config, adapters.Intake, adapters.Deps) (adapters.Adapter, error)

// Started makes adapters whose program runs until the test ends.
func Started(t *testing.T, next maker) maker {
	return func(c adapters.Config, in adapters.Intake, d adapters.Deps) (adapters.Adapter, error) {
		made, err := next(c, in, d)
		if err != nil {
			return nil, err
		}
		a := made.(*adapter)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- a.Run(ctx) }()
		t.Cleanup(func() { cancel(); <-ended })
		await(t, a)
		return a, nil
	}
}

// await waits until the program runs.
func await(t *testing.T, a *adapter) *running {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		p, changed := a.current()
		if p != nil {
			return p
		}
		select {
		case <-changed:
		case <-late:
			t.Fatal("the program does not run")
		}
	}
}

// Kill kills the program and waits until another one runs.
func Kill(t *testing.T, made adapters.Adapter) {
	t.Helper()
	a := made.(*adapter)
	p := await(t, a)
	if err := syscall.Kill(p.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for await(t, a) == p {
		_, changed := a.current()
		select {
		case <-changed:
		case <-time.After(time.Second):
		}
	}
}

// Decode reads a pushed message.
func Decode(t *testing.T, made adapters.Adapter, text string) ([]hub.Submission, error) {
	return made.(*adapter).Decode(t.Context(), strings.NewReader(text), "", "text/plain")
}

// Start starts the program once.
func Start(t *testing.T, made adapters.Adapter) error {
	p, err := made.(*adapter).start(t.Context())
	if err == nil {
		p.Stop(time.Second)
	}
	return err
}
