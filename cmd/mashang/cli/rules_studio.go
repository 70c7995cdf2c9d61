package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/rules/studio"
)

func newRulesStudio(s *settings) *cobra.Command {
	var listen, history string
	c := &cobra.Command{
		Use: "studio 目录", Short: "在浏览器里改规则：边写边查、跑例、试一件、对比历史", Args: cobra.ExactArgs(1),
		Long:    "直接改目录里的文件，保存就写回。只在本机可用：打开命令印出的网址，里面的令牌每次启动都不同。",
		Example: "  mashang rules studio configs/baiyin\n  mashang rules studio configs/baiyin --history 历史.jsonl",
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := studioOptions(s, args[0], history)
			if err != nil {
				return err
			}
			return s.studio(cmd.Context(), listen, o)
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8300", "本机的监听地址")
	c.Flags().StringVar(&history, "history", "", "历史文件，用来对比，每行一个 JSON")
	return c
}

func studioOptions(s *settings, dir, history string) (studio.Options, error) {
	v, err := openVersion(dir)
	if err != nil {
		return studio.Options{}, err
	}
	o := studio.Options{Dir: dir, Known: v.known, Load: v.outside(), Simulate: v.options()}
	if isCity(dir) {
		o.Dir = filepath.Join(dir, "rules")
	}
	if history != "" {
		o.History, err = readHistory(history, s.in)
	}
	return o, err
}

func (s *settings) studio(ctx context.Context, listen string, o studio.Options) error {
	addr, err := netip.ParseAddrPort(listen)
	if err != nil || !addr.Addr().IsLoopback() {
		return &exitError{exitUsage, fmt.Errorf("规则工作室只在本机监听，如 127.0.0.1:8300，不是 %s", listen)}
	}
	st, err := studio.New(o)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return &exitError{exitFinding, err}
	}
	server := &http.Server{Handler: st, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	url := "http://" + l.Addr().String() + "/#token=" + st.Token()
	err = s.print(map[string]string{"url": url}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "规则工作室：%s\n改的是 %s，按 Ctrl+C 停止。\n", url, o.Dir)
	})
	if err != nil {
		return err
	}
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the studio: %w", err)
	}
	return nil
}
