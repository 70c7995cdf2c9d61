package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/cmd/mashang/bench"
)

func newBenchPlugins(s *settings) *cobra.Command {
	var cfg bench.PluginsConfig
	c := &cobra.Command{
		Use: "plugins", Short: "部门插件：每次 100 条、逐条回执，进程被结束后多久恢复", Args: cobra.NoArgs,
		Long:    "把 1 KiB 的推送交给真的部门进程（go-plugin，AutoMTLS），每次 100 条，逐条有回执；\n与同一次运行里不加密、不隔进程的极限相比。再结束进程三次，看退避之后多久重新应答。",
		Example: "  mashang bench plugins\n  mashang bench plugins --each 5s -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			binary, err := thisProgram()
			if err != nil {
				return err
			}
			cfg.Binary = binary
			cfg.Progress = s.progress
			r, err := bench.Plugins(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return s.print(r, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "每秒 %.0f 条（一路 %.0f），极限 %.0f，比 %.2f；每次一条时每秒 %.0f 条；结束 %d 次，退避后最慢 %.0f ms 恢复；丢 %d\n",
					r.PerS, r.OneCaller, r.PlainPerS, r.Ratio, r.SinglePerS, r.Kills, r.AgainMS, r.Lost)
			})
		},
	}
	c.Flags().DurationVar(&cfg.Each, "each", 3*time.Second, "每种量法量多久")
	c.Flags().IntVar(&cfg.Callers, "callers", 4, "同时几路，与推送通道相同")
	return c
}
