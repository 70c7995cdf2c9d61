package cli

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/assess"
)

func newIssue(s *settings) *cobra.Command {
	var month string
	var req api.IssueRequest
	c := &cobra.Command{
		Use: "issue", Short: "签发考核月报：留下当时的事实、公式和哈希，以后再看还是这些数", Args: cobra.NoArgs,
		Long:    "同一个月再签发是新的一版，要写理由，旧版仍在。看签发的：mashang assess show --issue 编号。",
		Example: "  mashang assess issue --month 2026-10\n  mashang assess issue --month 2026-10 --reason 申诉裁定后更正",
		RunE: func(cmd *cobra.Command, _ []string) error {
			first, err := time.Parse("2006-01", month)
			if err != nil {
				return &exitError{exitUsage, fmt.Errorf("月份写作 2026-10，不是 %q", month)}
			}
			req.Since, req.Until = first.Format(time.DateOnly), first.AddDate(0, 1, 0).Format(time.DateOnly)
			var i assess.Issue
			if err := s.post(cmd, "assess/issues", req, &i); err != nil {
				return err
			}
			return s.print(i, func(w io.Writer) { writeIssue(w, i) })
		},
	}
	c.Flags().StringVar(&month, "month", "", "哪个月，如 2026-10")
	c.Flags().StringVar(&req.Reason, "reason", "", "为什么再签发一次")
	_ = c.MarkFlagRequired("month")
	return c
}

func writeIssue(w io.Writer, i assess.Issue) {
	_, _ = fmt.Fprintf(w, "%d  %s 至 %s  第 %d 版  %s 由 %s 签发  %d 件  %s  %s\n", i.ID, beijing(i.Since), beijing(i.Until), i.Version,
		beijing(i.At), i.Account, i.Cases, i.Hash, i.Reason)
}

func newIssues(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "issues", Short: "签发过的月报，新的在前", Args: cobra.NoArgs, Example: "  mashang assess issues\n  mashang assess issues -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(s, cmd, "/api/v1/assess/issues", func(w io.Writer, list api.IssueList) {
				if len(list.Issues) == 0 {
					_, _ = fmt.Fprintln(w, "还没有签发过月报。")
				}
				for _, i := range list.Issues {
					writeIssue(w, i)
				}
			})
		},
	}
}

func newProof(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "prove 签发编号", Short: "核对签发的月报：哈希对不对，今天再算哪些数不同；被动过以 1 退出", Args: cobra.ExactArgs(1),
		Example: "  mashang assess prove 3\n  mashang assess prove 3 -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return &exitError{exitUsage, fmt.Errorf("签发编号是一个数，不是 %q", args[0])}
			}
			var p assess.Proof
			if _, err := s.call(cmd.Context(), http.MethodGet, "/api/v1/assess/issues/"+strconv.FormatInt(id, 10), "", nil, &p); err != nil {
				return err
			}
			if err := s.print(p, func(w io.Writer) { writeProof(w, p) }); err != nil || p.Whole {
				return err
			}
			return &exitError{exitFinding, fmt.Errorf("签发 %d 留下的事实或公式被动过", id)}
		},
	}
}

func writeProof(w io.Writer, p assess.Proof) {
	writeIssue(w, p.Issue)
	if p.Whole {
		_, _ = fmt.Fprintln(w, "与签发时的哈希一致。")
	}
	for _, d := range p.Differences {
		_, _ = fmt.Fprintf(w, "%s %s %s：签发 %d/%d，今天 %d/%d\n", assess.Title(d.By), d.Value, d.Measure, d.Was.Numerator, d.Was.Denominator, d.Is.Numerator, d.Is.Denominator)
	}
	if len(p.Differences) == 0 {
		_, _ = fmt.Fprintln(w, "今天再算还是这些数。")
	}
}
