package cli

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/rules/bench"
)

func newRulesBench(s *settings) *cobra.Command {
	o := bench.Default()
	c := &cobra.Command{
		Use: "bench", Short: "测量规则引擎：与逐条判断比较快慢和结果", Args: cobra.NoArgs,
		Long:    "用自造的中文规则和来件，在同一次运行里测量索引和逐条判断：每件用多少处理器时间、结果是否相同，\n以及读入、建索引和检查各用多久。",
		Example: "  mashang rules bench\n  mashang rules bench -o json\n  mashang rules bench --rules 100,1000 --seed 7",
		RunE: func(*cobra.Command, []string) error {
			r, err := bench.Run(o)
			if err != nil {
				return err
			}
			if err := s.print(r, func(w io.Writer) { r.Write(w) }); err != nil {
				return err
			}
			for _, x := range r.Runs {
				if x.Differences > 0 {
					return &exitError{exitFinding, errors.New("索引与逐条判断的结果不同")}
				}
			}
			return nil
		},
	}
	c.Flags().IntSliceVar(&o.Rules, "rules", o.Rules, "规则条数，可写几个")
	c.Flags().IntVar(&o.Cases, "cases", o.Cases, "用多少件不同的来件")
	c.Flags().IntVar(&o.Runes, "runes", o.Runes, "一件多少字")
	c.Flags().Uint64Var(&o.Seed, "seed", o.Seed, "随机种子：相同则规则和来件相同")
	return c
}
