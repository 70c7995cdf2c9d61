package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// maxShown is how much of a write-back is shown, in bytes.
const maxShown = 64 << 10

// A told (回写) is one write-back as it arrived.
type told struct {
	At   time.Time `json:"at"`
	Path string    `json:"path"`
	Key  string    `json:"idempotency_key"`
	Type string    `json:"media_type"`
	Body string    `json:"body"`
}

func newChannelReceive(s *settings) *cobra.Command {
	var listen string
	var count int
	c := &cobra.Command{
		Use: "receive", Short: "在本机扮演来源系统：收下并显示码上回写的办理状态", Args: cobra.NoArgs,
		Long: "演示和联调用，什么都不保存。先运行它，再用另一个终端启动码上，让渠道回写到这里：\n" +
			"  MASHANG_HOTLINE_STATUS_URL=http://127.0.0.1:9311/hotline mashang demo\n" +
			"然后投一件（mashang submit），签收、办结时这里各显示一条。",
		Example: "  mashang channel receive\n  mashang channel receive --listen 127.0.0.1:9311 --count 3 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var l net.ListenConfig
			ln, err := l.Listen(cmd.Context(), "tcp", listen)
			if err != nil {
				return &exitError{exitUsage, fmt.Errorf("打不开 %s：%w", listen, err)}
			}
			_, _ = fmt.Fprintf(s.errOut, "等待回写：http://%s/（按 Ctrl-C 结束）\n", ln.Addr())
			return s.receive(cmd.Context(), ln, count)
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:9311", "监听地址")
	c.Flags().IntVar(&count, "count", 0, "收到多少条就结束；0 为一直收")
	return c
}

// receive prints what arrives until ctx ends or count write-backs are there.
func (s *settings) receive(ctx context.Context, ln net.Listener, count int) error {
	arrived := make(chan told)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	srv := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxShown))
		if err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		t := told{At: time.Now(), Path: r.URL.Path, Key: r.Header.Get("Idempotency-Key"), Type: r.Header.Get("Content-Type"), Body: string(body)}
		if !utf8.Valid(body) {
			t.Body = fmt.Sprintf("%x", body)
		}
		select {
		case arrived <- t:
			w.WriteHeader(http.StatusOK)
		case <-ctx.Done():
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	for n := 0; count == 0 || n < count; n++ {
		select {
		case t := <-arrived:
			if err := s.print(t, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "%s  %s  %s\n  %s\n", t.At.Format("15:04:05"), t.Path, t.Key, t.Body)
			}); err != nil {
				return err
			}
			continue
		case <-ctx.Done():
		case err := <-ended:
			return fmt.Errorf("receive: %w", err)
		}
		break
	}
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer done()
	if err := srv.Shutdown(stop); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("receive: %w", err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("receive: %w", err)
	}
	return nil
}
