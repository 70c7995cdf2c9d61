package cli

import (
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/citizen"
	"github.com/mashang-hub/mashang/hub/glossary"
)

func newVisit(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "visit", Short: "回访：任务、登记结果、没解决的重办",
		Example: "  mashang visit list\n  mashang visit record BY7K3M9QXT2F4H --solved --satisfied --text 已通暖\n" +
			"  mashang visit record BY7K3M9QXT2F4H --unreached\n  mashang visit record BY7K3M9QXT2F4H --text 还是不热 --reopen",
	}
	c.AddCommand(newVisitList(s), newVisitRecord(s))
	return c
}

func newVisitList(s *settings) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "list", Short: "还没回访的，等得最久的在前", Args: cobra.NoArgs, Example: "  mashang visit list\n  mashang visit list --all -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"open": {fmt.Sprint(!all)}}
			return show(s, cmd, "/api/v1/visits?"+q.Encode(), func(w io.Writer, list api.VisitList) { writeVisits(w, list.Visits) })
		},
	}
	c.Flags().BoolVar(&all, "all", false, "连已经回访的")
	return c
}

func writeVisits(w io.Writer, list []citizen.Visit) {
	if len(list) == 0 {
		_, _ = fmt.Fprintln(w, "没有回访任务。办结后按比例抽样，特急的和评价差的都要回访。")
		return
	}
	tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
	for _, v := range list {
		_, _ = fmt.Fprintf(tw, "%s\t第 %d 轮\t%s\t办结 %s\t%s\n", v.Case, v.Round, glossary.In("visit", v.Reason), beijing(v.ClosedAt), visitText(v))
	}
	_ = tw.Flush()
}

// visitText says how a visit went.
func visitText(v citizen.Visit) string {
	switch {
	case v.Reached == nil:
		return "待回访"
	case !*v.Reached:
		return "没有联系上 " + v.Text
	}
	word := map[bool]string{true: "解决", false: "未解决"}[*v.Solved] + "，" + map[bool]string{true: "满意", false: "不满意"}[*v.Satisfied]
	return word + " " + v.Text
}

func newVisitRecord(s *settings) *cobra.Command {
	var req api.VisitRequest
	var unreached, solved, satisfied bool
	c := &cobra.Command{
		Use: "record 事项编号", Short: "登记一次回访的结果", Args: cobra.ExactArgs(1),
		Example: "  mashang visit record BY7K3M9QXT2F4H --solved --satisfied\n  mashang visit record BY7K3M9QXT2F4H --unreached --text 三次未接",
		RunE: func(cmd *cobra.Command, args []string) error {
			reached := !unreached
			if req.Reached = &reached; reached {
				req.Solved, req.Satisfied = &solved, &satisfied
			} else if solved || satisfied || req.Reopen {
				return &exitError{exitUsage, fmt.Errorf("没有联系上时不能写是否解决、是否满意，也不能重办")}
			}
			var done api.Done
			if err := s.post(cmd, "visits/"+url.PathEscape(args[0]), req, &done); err != nil {
				return err
			}
			return s.print(done, func(w io.Writer) { _, _ = fmt.Fprintln(w, "已登记。") })
		},
	}
	c.Flags().BoolVar(&unreached, "unreached", false, "没有联系上")
	c.Flags().BoolVar(&solved, "solved", false, "反映人说解决了；不写就是没有解决")
	c.Flags().BoolVar(&satisfied, "satisfied", false, "反映人满意；不写就是不满意")
	c.Flags().BoolVar(&req.Reopen, "reopen", false, "没有解决的，重办")
	c.Flags().IntVar(&req.Round, "round", 0, "第几轮办理；不填就是待回访的那一轮")
	c.Flags().StringVar(&req.Text, "text", "", "记录")
	return c
}
