package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/cmd/mashang/bench/deadlines"
)

func newBenchDeadlines(s *settings) *cobra.Command {
	var cfg deadlines.Config
	c := &cobra.Command{
		Use: "deadlines", Short: "时限：一百万条在办时限里领取到期的并触发", Args: cobra.NoArgs,
		Example: "  mashang bench deadlines -o json\n  mashang bench deadlines --rows 100000 --claimers 4",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg.Progress = s.progress
			r, err := deadlines.Run(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return s.print(r, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "领取 100 条 p99：一万条在办时 %.2f ms，一百万条在办时 %.2f ms\n"+
					"触发 %.0f 条/秒（带发件箱），升级全部做完 %.0f 条/秒\n有遗忘的快照时慢到 %.2f 倍；触发两次 %d，漏掉 %d\n",
					r.Claim10k, r.Claim1m, r.FiredPerS, r.Climbed, r.Held, r.Twice, r.Missed)
			})
		},
	}
	c.Flags().IntVar(&cfg.Rows, "rows", 1_000_000, "在办时限条数")
	c.Flags().IntVar(&cfg.Claimers, "claimers", 3, "同时触发的节点数")
	c.Flags().StringVar(&cfg.Postgres, "postgres", "", "PostgreSQL 连接串；不填则自己启动一个")
	return c
}
