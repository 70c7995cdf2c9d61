package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

// maxShown is the longest body that a receiver takes.
const maxShown = 1 << 20

// A takeFunc answers one request and says whether that was enough. It is
// called for one request at a time.
type takeFunc func(w http.ResponseWriter, r *http.Request, body []byte) (enough bool, err error)

// receive serves ln until ctx ends, take has had enough or cannot go on.
func receive(ctx context.Context, ln net.Listener, take takeFunc) error {
	var mu sync.Mutex
	ctx, enough := context.WithCancelCause(ctx)
	defer enough(nil)
	srv := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxShown))
		if err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if done, err := take(w, r, body); done || err != nil {
			enough(err)
		}
	})}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	select {
	case err := <-ended:
		return fmt.Errorf("receive: %w", err)
	case <-ctx.Done():
	}
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer done()
	if err := srv.Shutdown(stop); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("receive: %w", err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("receive: %w", err)
	}
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// openReceiver listens at address.
func openReceiver(cmd *cobra.Command, address string) (net.Listener, error) {
	var l net.ListenConfig
	ln, err := l.Listen(cmd.Context(), "tcp", address)
	if err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf("打不开 %s：%w", address, err)}
	}
	return ln, nil
}
