package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/deputy"
	"github.com/mashang-hub/mashang/hub/glossary"
)

func newDeputy(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "deputy", Short: "人大代表：看本区域事项、测评、建议、不满意退回督办",
		Long: "用代表账号的接口令牌（MASHANG_TOKEN）。代表只看得到本区域的事项，看不到反映人和门牌。\n" +
			"五方面依次是办理速度、服务态度、办理质量、办理结果、公开透明，各 1 到 5 分。",
		Example: "  mashang deputy list\n  mashang deputy rate BY7K3M9QXT2F4H --marks 5,4,4,5,5 --suggest 望常态化巡查\n" +
			"  mashang deputy send-back BY7K3M9QXT2F4H --marks 1,2,1,1,2 --reason 暖气仍不热\n  mashang deputy report --since 2026-11-01",
	}
	c.AddCommand(newDeputyList(s), newDeputyShow(s), newDeputyRate(s), newDeputySendBack(s), newDeputyReport(s))
	return c
}

func newDeputyList(s *settings) *cobra.Command {
	var status string
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "本区域的事项", Args: cobra.NoArgs, Example: "  mashang deputy list --status resolved\n  mashang deputy list -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"status": {status}, "limit": {strconv.Itoa(limit)}}
			return show(s, cmd, "/api/v1/deputy/cases?"+q.Encode(), func(w io.Writer, list api.DeputyList) { writeViews(w, list) })
		},
	}
	c.Flags().StringVar(&status, "status", "", "只看这个状态，如 resolved")
	c.Flags().IntVar(&limit, "limit", 50, "最多多少件")
	return c
}

func writeViews(w io.Writer, list api.DeputyList) {
	if len(list.Cases) == 0 {
		_, _ = fmt.Fprintln(w, "本区域没有符合条件的事项。")
		return
	}
	tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
	for _, v := range list.Cases {
		can := ""
		if v.CanRate {
			can = "可测评"
		}
		_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", v.ID, glossary.In("status", string(v.Status)),
			glossary.In("department", string(v.Lead)), v.Title, beijing(v.OpenedAt), can)
	}
	_ = tw.Flush()
	_, _ = fmt.Fprintf(w, "共 %d 件\n", list.Total)
}

func newDeputyShow(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "show 事项编号", Short: "一件事项的办理经过和我的测评", Args: cobra.ExactArgs(1), Example: "  mashang deputy show BY7K3M9QXT2F4H",
		RunE: func(cmd *cobra.Command, args []string) error {
			return show(s, cmd, "/api/v1/deputy/cases/"+url.PathEscape(args[0]), func(w io.Writer, v deputy.View) {
				_, _ = fmt.Fprintf(w, "%s %s  %s\n%s\n", v.ID, v.Title, glossary.In("status", string(v.Status)), v.Text)
				for _, st := range v.Steps {
					_, _ = fmt.Fprintf(w, "  %s %s %s %s\n", beijing(st.At), glossary.In("event", string(st.Type)),
						glossary.In("department", string(st.Department)), st.Text)
				}
				for _, a := range v.Reviews {
					_, _ = fmt.Fprintf(w, "  我 %s %s %s %s\n", beijing(a.At), glossary.In("act", string(a.Kind)), marksText(a.Marks), a.Text)
				}
			})
		},
	}
}

// marksText writes marks in the order of the aspects.
func marksText(marks map[string]int) string {
	if len(marks) == 0 {
		return ""
	}
	var text []string
	for _, a := range deputy.Aspects() {
		text = append(text, strconv.Itoa(marks[a]))
	}
	return strings.Join(text, ",")
}

// marksOf reads five marks.
func marksOf(text string) (map[string]int, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no marks
	}
	parts, marks := strings.Split(text, ","), map[string]int{}
	if len(parts) != len(deputy.Aspects()) {
		return nil, &exitError{exitUsage, fmt.Errorf("五方面的分用逗号隔开，如 5,4,4,5,5，不是 %q", text)}
	}
	for i, a := range deputy.Aspects() {
		n, err := strconv.Atoi(strings.TrimSpace(parts[i]))
		if err != nil {
			return nil, &exitError{exitUsage, fmt.Errorf("五方面的分用逗号隔开，如 5,4,4,5,5，不是 %q", text)}
		}
		marks[a] = n
	}
	return marks, nil
}

// review sends a review.
func (s *settings) review(cmd *cobra.Command, id, marks string, r deputy.Review, done string) error {
	var err error
	if r.Marks, err = marksOf(marks); err != nil {
		return err
	}
	var d api.Done
	if err := s.post(cmd, "deputy/cases/"+url.PathEscape(id)+"/reviews", r, &d); err != nil {
		return err
	}
	return s.print(d, func(w io.Writer) { _, _ = fmt.Fprintln(w, done) })
}

func newDeputyRate(s *settings) *cobra.Command {
	var r deputy.Review
	var marks string
	c := &cobra.Command{
		Use: "rate 事项编号", Short: "五方面测评，或只提建议", Args: cobra.ExactArgs(1),
		Example: "  mashang deputy rate BY7K3M9QXT2F4H --marks 5,4,4,5,5\n  mashang deputy rate BY7K3M9QXT2F4H --suggest 建议增设路灯",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.review(cmd, args[0], marks, r, "已记录。")
		},
	}
	c.Flags().StringVar(&marks, "marks", "", "五方面的分，如 5,4,4,5,5")
	c.Flags().StringVar(&r.Suggestion, "suggest", "", "建议")
	return c
}

func newDeputySendBack(s *settings) *cobra.Command {
	r := deputy.Review{SendBack: true}
	var marks string
	c := &cobra.Command{
		Use: "send-back 事项编号", Short: "不满意：重办并督办，重新计时", Args: cobra.ExactArgs(1),
		Example: "  mashang deputy send-back BY7K3M9QXT2F4H --marks 1,2,1,1,2 --reason 暖气仍不热",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.review(cmd, args[0], marks, r, "已退回重办并督办，三个工作日内答复。")
		},
	}
	c.Flags().StringVar(&marks, "marks", "", "五方面的分，平均低于 3 分")
	c.Flags().StringVar(&r.Suggestion, "reason", "", "不满意的理由")
	_ = c.MarkFlagRequired("marks")
	_ = c.MarkFlagRequired("reason")
	return c
}

func newDeputyReport(s *settings) *cobra.Command {
	var since, until string
	var all bool
	c := &cobra.Command{
		Use: "report", Short: "履职记录：我的，或用 --all 看所有代表的（督查室、领导）", Args: cobra.NoArgs,
		Example: "  mashang deputy report --since 2026-11-01 --until 2026-12-01\n  mashang deputy report --all -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := "/api/v1/deputy/activity?"
			if all {
				path = "/api/v1/deputies/activity?"
			}
			var rep api.ActivityReport
			q := url.Values{"since": {since}, "until": {until}}
			if _, err := s.call(cmd.Context(), http.MethodGet, path+q.Encode(), "", nil, &rep); err != nil {
				return err
			}
			return s.print(rep, func(w io.Writer) { writeActivity(w, rep) })
		},
	}
	c.Flags().StringVar(&since, "since", "", "从这天起，如 2026-11-01")
	c.Flags().StringVar(&until, "until", "", "到这天为止（不含）")
	c.Flags().BoolVar(&all, "all", false, "所有代表")
	return c
}

func writeActivity(w io.Writer, rep api.ActivityReport) {
	if len(rep.Acts) == 0 {
		_, _ = fmt.Fprintln(w, "这段时间没有履职记录。")
		return
	}
	tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
	for _, d := range rep.Deputies {
		_, _ = fmt.Fprintf(tw, "%s\t查看 %d\t测评 %d\t建议 %d\t退回督办 %d\t最近 %s\n", d.Name, d.Counts[deputy.Viewed], d.Counts[deputy.Rated],
			d.Counts[deputy.Suggested], d.Counts[deputy.SentBack], beijing(d.Last))
	}
	_ = tw.Flush()
	for _, a := range rep.Acts {
		if a.Kind != deputy.Viewed {
			_, _ = fmt.Fprintf(w, "%s %s %s %s %s %s\n", beijing(a.At), a.Name, glossary.In("act", string(a.Kind)), a.Case, marksText(a.Marks), a.Text)
		}
	}
}
