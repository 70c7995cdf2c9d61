package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/assess"
)

// recompute says by which formulas and with or without appeals a table is
// reckoned again.
type recompute struct {
	version string
	without bool
	issue   int64 // a report that was issued
}

func (r *recompute) flags(c *cobra.Command) {
	c.Flags().StringVar(&r.version, "formula-version", "", "用这一版公式重算，版本名或哈希；见 mashang assess formulas")
	c.Flags().Int64Var(&r.issue, "issue", 0, "看签发的月报，按当时的事实和公式；编号见 mashang assess issues")
	c.Flags().BoolVar(&r.without, "without-appeals", false, "不计申诉裁定，看申诉前的数")
}

func (r *recompute) into(q url.Values) {
	if r.version != "" {
		q.Set("formulas", r.version)
	}
	if r.issue != 0 {
		q.Set("issue", strconv.FormatInt(r.issue, 10))
	}
	if r.without {
		q.Set("appeals", "none")
	}
}

func newFormulas(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "formulas", Short: "考核公式用过的版本，新的在前", Args: cobra.NoArgs, Example: "  mashang assess formulas\n  mashang assess formulas -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(s, cmd, "/api/v1/assess/formulas", func(w io.Writer, list api.VersionList) {
				for _, v := range list.Versions {
					now := ""
					if v.Hash == list.Current {
						now = "  现行"
					}
					_, _ = fmt.Fprintf(w, "%s  %s  %s 起%s\n", v.Version, v.Hash, beijing(v.Since), now)
				}
			})
		},
	}
}

func newAppeals(s *settings) *cobra.Command {
	var open bool
	c := &cobra.Command{
		Use: "appeals", Short: "考核申诉，新的在前", Args: cobra.NoArgs, Example: "  mashang assess appeals --open\n  mashang assess appeals -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list api.AppealList
			path := "/api/v1/assess/appeals?open=" + fmt.Sprint(open)
			if _, err := s.call(cmd.Context(), http.MethodGet, path, "", nil, &list); err != nil {
				return err
			}
			return s.print(list, func(w io.Writer) { writeAppeals(w, list.Appeals) })
		},
	}
	c.Flags().BoolVar(&open, "open", false, "只看未裁定的")
	return c
}

func writeAppeals(w io.Writer, list []assess.Appeal) {
	if len(list) == 0 {
		_, _ = fmt.Fprintln(w, "没有符合条件的申诉。")
		return
	}
	tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
	for _, a := range list {
		state := "待裁定"
		if a.Granted != nil {
			state = map[bool]string{true: "同意，已剔除：", false: "不同意："}[*a.Granted] + a.Decision
		}
		_, _ = fmt.Fprintf(tw, "%d\t%s\t%s\t%s\t%s\t%s\n", a.ID, a.Case, a.Measure, a.Account, a.Reason, state)
	}
	_ = tw.Flush()
}

func newAppeal(s *settings) *cobra.Command {
	var req api.AppealRequest
	c := &cobra.Command{
		Use: "appeal 事项编号", Short: "对一件事项的一个指标申诉", Args: cobra.ExactArgs(1),
		Example: "  mashang assess appeal BY7K3M9QXT2F4H --measure on_time --reason 系统停机两小时",
		RunE: func(cmd *cobra.Command, args []string) error {
			req.Case = hub.CaseID(args[0])
			var filed api.AppealFiled
			if err := s.post(cmd, "assess/appeals", req, &filed); err != nil {
				return err
			}
			return s.print(filed, func(w io.Writer) { _, _ = fmt.Fprintf(w, "申诉 %d 已提出，等督查室裁定。\n", filed.ID) })
		},
	}
	c.Flags().StringVar(&req.Measure, "measure", "", "哪个指标，如 on_time")
	c.Flags().StringVar(&req.Reason, "reason", "", "理由")
	_ = c.MarkFlagRequired("measure")
	_ = c.MarkFlagRequired("reason")
	return c
}

func newAppealDecision(s *settings) *cobra.Command {
	var d api.AppealDecision
	c := &cobra.Command{
		Use: "decide 申诉编号", Short: "裁定申诉；同意的从那个指标里剔除", Args: cobra.ExactArgs(1),
		Example: "  mashang assess decide 3 --grant --decision 情况属实\n  mashang assess decide 4 --decision 理由不成立",
		RunE: func(cmd *cobra.Command, args []string) error {
			var done api.Done
			if err := s.post(cmd, "assess/appeals/"+url.PathEscape(args[0])+"/decision", d, &done); err != nil {
				return err
			}
			return s.print(done, func(w io.Writer) { _, _ = fmt.Fprintln(w, "已裁定。") })
		},
	}
	c.Flags().BoolVar(&d.Grant, "grant", false, "同意；不写就是不同意")
	c.Flags().StringVar(&d.Decision, "decision", "", "裁定理由")
	_ = c.MarkFlagRequired("decision")
	return c
}
