package local

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Wait blocks until ctx ends or the server has died, and says why. A hub whose
// server is gone ends with that error: its next Start brings the server back.
func (s *Server) Wait(ctx context.Context) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.exited: // nil when adopted
		case <-tick.C:
		}
		if s.gone() {
			return fmt.Errorf("postgres %d died: %s", s.pid, s.lastLog())
		}
	}
}

// begin launches the server and waits for it. The children of a killed
// postmaster hold its memory for a moment longer; begin tries again until they
// have ended.
func (s *Server) begin(ctx context.Context, bin string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := s.launch(bin); err != nil {
			return err
		}
		err := s.await(ctx)
		if err == nil {
			return nil
		}
		_ = s.Stop(context.WithoutCancel(ctx))
		if !strings.Contains(err.Error(), "still in use") {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}
