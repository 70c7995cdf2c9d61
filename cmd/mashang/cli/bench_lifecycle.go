package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/cmd/mashang/bench/lifecycle"
)

func newBenchLifecycle(s *settings) *cobra.Command {
	var cfg lifecycle.Config
	c := &cobra.Command{
		Use: "lifecycle", Short: "一生：通过 HTTP 来件、签收、办结、检索，自己启动一个码上", Args: cobra.NoArgs,
		Example: "  mashang bench lifecycle -o json\n  mashang bench lifecycle --preload 1000000 -o json\n  mashang bench lifecycle --preload 1000000 --data /var/tmp/million",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg.Progress = s.progress
			var err error
			if cfg.Binary, err = thisProgram(); err != nil {
				return err
			}
			r, err := lifecycle.Run(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return s.print(r, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "已有 %d 件时：%.0f 件/秒走完一生；半载时每步 p95 %.1f ms；出错 %d\n十倍用户时出错 %d，%.1f 秒后恢复\n",
					r.Preload, r.PerS, r.P95, r.Errors, r.SpikeErrors, r.Recovery)
			})
		},
	}
	c.Flags().IntVar(&cfg.Preload, "preload", 0, "先放入多少件事项")
	c.Flags().StringVar(&cfg.Data, "data", "", "预先放入的事项留在此目录，下次直接用；不填则用完即删")
	c.Flags().IntVar(&cfg.Users, "users", 128, "全力时的用户数：越多，一个事务里一起办的越多，每一步也等得越久")
	c.Flags().DurationVar(&cfg.Measure, "measure", 15*time.Second, "每个阶段量多久")
	c.Flags().DurationVar(&cfg.Spike, "spike", 30*time.Second, "十倍用户持续多久")
	return c
}
