package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/cmd/mashang/bench"
)

func newBenchWebhooks(s *settings) *cobra.Command {
	var cfg bench.WebhooksConfig
	var kafka string
	c := &cobra.Command{
		Use: "webhooks", Short: "推送：发件箱 → 总线 → 部门程序 → 签名回调", Args: cobra.NoArgs,
		Long:    "把 1 KiB 的推送从发件箱送到本机的签名回调：先看每秒能送多少，再看每秒 50 条时的时延，\n再看另一个部门收而不答、排着 300 条时，健康部门的时延。",
		Example: "  mashang bench webhooks\n  mashang bench webhooks --alerts 40000 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if kafka != "" {
				cfg.Brokers = strings.Split(kafka, ",")
			}
			binary, err := thisProgram()
			if err != nil {
				return err
			}
			cfg.Binary = binary
			cfg.Progress = s.progress
			r, err := bench.Webhooks(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return s.print(r, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "每秒 %.0f 条；每秒 50 条时 p50 %.1f ms，旁边有部门不答时 p50 %.1f ms；丢 %d，乱序 %d\n",
					r.PerS, r.P50, r.P50Beside, r.Lost, r.OutOfOrder)
			})
		},
	}
	c.Flags().IntVar(&cfg.Alerts, "alerts", 20_000, "推送条数")
	c.Flags().StringVar(&kafka, "kafka", "", "Kafka 地址；不填则用内置的")
	c.Flags().StringVar(&cfg.Postgres, "postgres", "", "PostgreSQL 连接串；不填则自己启动一个")
	return c
}

func newBenchIsolation(s *settings) *cobra.Command {
	cfg := bench.IsolationConfig{Answer: 40 * time.Millisecond}
	c := &cobra.Command{
		Use: "isolation", Short: "一个部门不答、一个报错、一个进程被杀，其余五个照常", Args: cobra.NoArgs,
		Long:    "一万条推送给八个部门：一个收而不答，一个报错一段时间，一个的进程反复被结束。\n其余五个的完成时间与只有它们五个时相比；不丢、同一事项不乱序。",
		Example: "  mashang bench isolation\n  mashang bench isolation --broken 10s -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			binary, err := thisProgram()
			if err != nil {
				return err
			}
			cfg.Binary = binary
			cfg.Progress = s.progress
			r, err := bench.Isolation(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return s.print(r, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "五个部门单独 %.2f 秒，旁有坏部门 %.2f 秒，比 %.2f；报错 %.0f 秒、%d 次，%.0f 秒后全部送达；丢 %d，乱序 %d\n",
					r.AloneS, r.BesideS, r.Ratio, r.BrokenS, r.Refused, r.AllS, r.Lost, r.OutOfOrder)
			})
		},
	}
	c.Flags().IntVar(&cfg.Alerts, "alerts", 10_000, "推送条数，平分给八个部门")
	c.Flags().DurationVar(&cfg.Broken, "broken", time.Minute, "报错的部门报错多久；全程约为它的 1.3 倍")
	return c
}
