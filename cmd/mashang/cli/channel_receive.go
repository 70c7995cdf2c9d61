package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

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
			ln, err := openReceiver(cmd, listen)
			if err != nil {
				return err
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
	n := 0
	return receive(ctx, ln, func(_ http.ResponseWriter, r *http.Request, body []byte) (bool, error) {
		t := told{At: time.Now(), Path: r.URL.Path, Key: r.Header.Get("Idempotency-Key"), Type: r.Header.Get("Content-Type"), Body: string(body)}
		if !utf8.Valid(body) {
			t.Body = fmt.Sprintf("%x", body)
		}
		n++
		return n == count, s.print(t, func(w io.Writer) {
			_, _ = fmt.Fprintf(w, "%s  %s  %s\n  %s\n", t.At.Format("15:04:05"), t.Path, t.Key, t.Body)
		})
	})
}
