package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/cmd/mashang/bench"
	"github.com/mashang-hub/mashang/cmd/mashang/memory"
)

func newBench(s *settings) *cobra.Command {
	c := &cobra.Command{Use: "bench", Short: "量性能，和同一次运行里的极限比", Example: "  mashang bench pipeline --cases 200000 --rules 300"}
	var cfg bench.Config
	var kafka string
	p := &cobra.Command{
		Use: "pipeline", Short: "全程：总线 → 规则 → 数据库 → 发件箱 → 总线", Args: cobra.NoArgs,
		Example: "  mashang bench pipeline --cases 200000 --rules 300 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if kafka != "" {
				cfg.Brokers = strings.Split(kafka, ",")
			}
			memory.Tune() // as serve does
			cfg.Progress = s.progress
			r, err := bench.Pipeline(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return s.print(r, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "全程 %.0f 件/秒，极限 %.0f 件/秒，比 %.2f；p50 %.1f ms，p99 %.1f ms；丢 %d，重 %d\n",
					r.CasesPerS, r.LimitPerS, r.Ratio, r.P50, r.P99, r.Lost, r.Duplicated)
			})
		},
	}
	p.Flags().IntVar(&cfg.Cases, "cases", 200_000, "来件数")
	p.Flags().IntVar(&cfg.Rules, "rules", 300, "规则数")
	p.Flags().StringVar(&kafka, "kafka", "", "Kafka 地址；不填则用内置的")
	p.Flags().StringVar(&cfg.Postgres, "postgres", "", "PostgreSQL 连接串；不填则自己启动一个")
	c.AddCommand(p, newBenchIntake(s), newBenchWebhooks(s), newBenchIsolation(s), newBenchPlugins(s), newBenchDeadlines(s), newBenchLifecycle(s))
	return c
}
