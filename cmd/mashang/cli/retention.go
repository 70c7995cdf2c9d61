package cli

import (
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub/api"
)

func newRetention(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "retention", Short: "个人信息的保存期限和依法保留",
		Long: "事项办结满期限后，反映人的姓名、电话、原文、照片、经过里的文字等每天自动删除，统计要用的留下；\n" +
			"期限由 MASHANG_KEEP_PERSONAL_DAYS 定，不少于 183 天，默认三年。依法保留的不删。每一列存什么、何时删见 hub/doc/personal.tsv。",
		Example: "  mashang retention status\n  mashang retention run\n  mashang retention hold BY7K3M9QXT2F4H --reason 行政复议\n  mashang retention holds",
	}
	c.AddCommand(newRetentionStatus(s), newRetentionRun(s), newHolds(s),
		s.holdAct("hold", "依法保留一件事项：到期也不删除", "已依法保留"), s.holdAct("release", "解除依法保留", "已解除"))
	return c
}

func newRetentionStatus(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "期限和下一次会删除多少件", Args: cobra.NoArgs, Example: "  mashang retention status -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(s, cmd, "/api/v1/system/expire", func(w io.Writer, t api.Term) {
				_, _ = fmt.Fprintf(w, "办结后保存 %d 天；%s 之前办结、没有依法保留的有 %d 件待删除\n", t.Days, beijing(t.Before), t.Due)
			})
		},
	}
}

func newRetentionRun(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "现在就删除过期的个人信息，记入审计", Args: cobra.NoArgs, Example: "  mashang retention run",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var n api.Counted
			if err := s.post(cmd, "system/expire", nil, &n); err != nil {
				return err
			}
			return s.print(n, func(w io.Writer) { _, _ = fmt.Fprintf(w, "删除了 %d 件事项的个人信息。\n", n.Changed) })
		},
	}
}

func newHolds(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "holds", Short: "依法保留的事项", Args: cobra.NoArgs, Example: "  mashang retention holds -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(s, cmd, "/api/v1/holds", func(w io.Writer, list api.HoldList) {
				if len(list.Holds) == 0 {
					_, _ = fmt.Fprintln(w, "没有依法保留的事项。")
				}
				tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
				for _, h := range list.Holds {
					_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", h.Case, beijing(h.At), h.By, h.Reason)
				}
				_ = tw.Flush()
			})
		},
	}
}

// holdAct is a command that holds or releases a case.
func (s *settings) holdAct(use, short, done string) *cobra.Command {
	var why api.Purpose
	c := &cobra.Command{
		Use: use + " 事项编号", Short: short, Args: cobra.ExactArgs(1),
		Example: "  mashang retention " + use + " BY7K3M9QXT2F4H --reason 行政复议",
		RunE: func(cmd *cobra.Command, args []string) error {
			var d api.Done
			if err := s.post(cmd, "cases/"+url.PathEscape(args[0])+"/"+use, why, &d); err != nil {
				return err
			}
			return s.print(d, func(w io.Writer) { _, _ = fmt.Fprintf(w, "%s %s。\n", args[0], done) })
		},
	}
	c.Flags().StringVar(&why.Text, "reason", "", "依据或理由")
	_ = c.MarkFlagRequired("reason")
	return c
}
