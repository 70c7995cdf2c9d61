package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/assess"
	"github.com/mashang-hub/mashang/hub/glossary"
)

func newAssess(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "assess", Short: "考核：指标、红黑榜、月报和办结导出",
		Example: "  mashang assess show --by department\n  mashang assess report --format pdf --out 月报.pdf\n" +
			"  mashang assess export --since 2026-11-01 --until 2026-12-01 --purpose 月度归档 --out 办结.csv",
	}
	c.AddCommand(newAssessShow(s), newAssessReport(s), newAssessExport(s), newIssue(s), newIssues(s), newProof(s), newFormulas(s), newAppeals(s), newAppeal(s), newAppealDecision(s))
	return c
}

func newAssessShow(s *settings) *cobra.Command {
	var by, since, until string
	var again recompute
	c := &cobra.Command{
		Use: "show", Short: "显示考核表，得分高的在前", Args: cobra.NoArgs,
		Example: "  mashang assess show\n  mashang assess show --by county --since 2026-11-01 --until 2026-12-01 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"by": {by}, "since": {since}, "until": {until}}
			again.into(q)
			return show(s, cmd, "/api/v1/assess?"+q.Encode(), func(w io.Writer, t assess.Table) { writeTable(w, t) })
		},
	}
	c.Flags().StringVar(&by, "by", "department", "按什么分: all、department、county、township、channel、category")
	c.Flags().StringVar(&since, "since", "", "从这天收件的起；不填是本月")
	c.Flags().StringVar(&until, "until", "", "到这天为止（不含）")
	again.flags(c)
	return c
}

func writeTable(w io.Writer, t assess.Table) {
	if len(t.Rows) == 0 {
		_, _ = fmt.Fprintln(w, "这段时间没有事项。")
		return
	}
	tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
	head := []string{"名次", "名称", "事项"}
	for _, m := range t.Measures {
		head = append(head, m.Name)
	}
	_, _ = fmt.Fprintln(tw, strings.Join(append(head, "得分", "红黑榜"), "\t"))
	for _, r := range t.Rows {
		cells := []string{fmt.Sprint(r.Rank), glossary.Zh(r.Value), fmt.Sprint(r.Cases)}
		for _, m := range t.Measures {
			rate := r.Rates[m.Code]
			cells = append(cells, fmt.Sprintf("%.1f%% %d/%d", rate.Value*100, rate.Numerator, rate.Denominator))
		}
		mark := map[string]string{"red": "红榜", "black": "黑榜"}[r.List]
		if mark == "" && r.Small {
			mark = "样本少"
		}
		_, _ = fmt.Fprintln(tw, strings.Join(append(cells, fmt.Sprintf("%.1f", r.Score), mark), "\t"))
	}
	_ = tw.Flush()
	_, _ = fmt.Fprintf(w, "公式版本 %s（%s）\n", t.Version, t.Hash)
	if t.Issue != nil {
		_, _ = fmt.Fprintf(w, "签发第 %d 版，%s，哈希 %s\n", t.Issue.Version, beijing(t.Issue.At), t.Issue.Hash)
	}
}

func newAssessReport(s *settings) *cobra.Command {
	var format, since, until, out string
	var again recompute
	c := &cobra.Command{
		Use: "report", Short: "生成考核月报（xlsx 带图表，或 pdf）", Args: cobra.NoArgs,
		Example: "  mashang assess report --out 月报.xlsx\n  mashang assess report --format pdf --since 2026-11-01 --until 2026-12-01 --out 月报.pdf",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "xlsx" && format != "pdf" {
				return &exitError{exitUsage, fmt.Errorf("格式只有 xlsx 和 pdf，不是 %q", format)}
			}
			if out == "" {
				out = "考核月报." + format
			}
			q := url.Values{"since": {since}, "until": {until}}
			again.into(q)
			return s.download(cmd, http.MethodGet, "/api/v1/assess/report."+format+"?"+q.Encode(), nil, out)
		},
	}
	c.Flags().StringVar(&format, "format", "xlsx", "xlsx 或 pdf")
	c.Flags().StringVar(&since, "since", "", "从这天收件的起；不填是本月")
	c.Flags().StringVar(&until, "until", "", "到这天为止（不含）")
	c.Flags().StringVar(&out, "out", "", "写到这个文件")
	again.flags(c)
	return c
}

func newAssessExport(s *settings) *cobra.Command {
	var req api.ExportRequest
	var out string
	c := &cobra.Command{
		Use: "export", Short: "办结导出：选列、写用途，记入审计", Args: cobra.NoArgs,
		Example: "  mashang assess export --since 2026-11-01 --until 2026-12-01 --purpose 月度归档\n" +
			"  mashang assess export --since 2026-11-01 --until 2026-12-01 --columns id,department,hours --format xlsx --purpose 统计",
		RunE: func(cmd *cobra.Command, _ []string) error {
			body, err := json.Marshal(req)
			if err != nil {
				return fmt.Errorf("encode the request: %w", err)
			}
			if out == "" {
				out = "办结导出." + req.Format
			}
			return s.download(cmd, http.MethodPost, "/api/v1/exports", body, out)
		},
	}
	c.Flags().StringVar(&req.Since, "since", "", "从这天办结的起")
	c.Flags().StringVar(&req.Until, "until", "", "到这天为止（不含）")
	c.Flags().StringSliceVar(&req.Columns, "columns", nil, "哪些列，如 id,department,hours；不填是全部非个人信息列")
	c.Flags().StringVar(&req.Format, "format", "csv", "csv 或 xlsx")
	c.Flags().StringVar(&req.Purpose, "purpose", "", "用途，记入审计")
	c.Flags().BoolVar(&req.Personal, "personal", false, "个人信息不遮盖（要有查看个人信息的权限）")
	c.Flags().StringVar(&out, "out", "", "写到这个文件")
	_ = c.MarkFlagRequired("since")
	_ = c.MarkFlagRequired("until")
	_ = c.MarkFlagRequired("purpose")
	return c
}

// download saves an answer that is a file.
func (s *settings) download(cmd *cobra.Command, method, path string, body []byte, out string) error {
	media := ""
	if body != nil {
		media = "application/json"
	}
	var data []byte
	if _, err := s.call(cmd.Context(), method, path, media, bytes.NewReader(body), &data); err != nil {
		return err
	}
	if err := os.WriteFile(out, data, 0o600); err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	return s.print(map[string]any{"file": out, "bytes": len(data)}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "已写到 %s（%d 字节）。\n", out, len(data))
	})
}
