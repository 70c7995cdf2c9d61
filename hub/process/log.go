package process

import (
	"context"
	"io"
	"log/slog"

	"github.com/hashicorp/go-hclog"
)

// logger hands what go-plugin and the program say to log.
func logger(log *slog.Logger, label string) hclog.Logger {
	l := hclog.NewInterceptLogger(&hclog.LoggerOptions{Level: hclog.Off, Output: io.Discard})
	l.RegisterSink(sink{log, label})
	return l
}

type sink struct {
	log   *slog.Logger
	label string
}

// Accept implements hclog.SinkAdapter. go-plugin's own news is detail here.
func (s sink) Accept(_ string, level hclog.Level, msg string, args ...any) {
	to := slog.LevelDebug
	if level >= hclog.Warn {
		to = slog.LevelWarn
	}
	s.log.Log(context.Background(), to, s.label+": "+msg, args...)
}
