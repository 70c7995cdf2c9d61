package cli

import (
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/hub/leave"
)

func newPeople(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "people", Short: "责任链上的人：请假和代理",
		Example: "  mashang people leave set p0014 --until 2026-12-01 --stand-in p0013\n  mashang people leave list\n  mashang people leave end 3",
	}
	l := &cobra.Command{
		Use: "leave", Short: "请假：谁不在、由谁代理、到何时",
		Long: "请假期间，升级和通知都找代理人，经过里记下是代理；没有代理人就按空缺上报一级。到期自动恢复。\n" +
			"代理只管责任链；要让代理人能登录办理，另用 mashang account delegate。",
		Example: "  mashang people leave set p0014 --until 2026-12-01 --stand-in p0013 --reason 年休假\n  mashang people leave list --all",
	}
	l.AddCommand(newLeaveSet(s), newLeaveList(s), newLeaveEnd(s))
	c.AddCommand(l)
	return c
}

func newLeaveSet(s *settings) *cobra.Command {
	var req api.LeaveRequest
	var since, until string
	c := &cobra.Command{
		Use: "set 人员编号", Short: "登记请假", Args: cobra.ExactArgs(1),
		Example: "  mashang people leave set p0014 --until 2026-12-01 --stand-in p0013 --reason 年休假\n" +
			"  mashang people leave set p0014 --since 2026-12-01 --until \"2026-12-03 12:00\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			req.Person = hub.PersonID(args[0])
			var err error
			if req.Since, err = dayOf(since); err != nil {
				return err
			}
			if req.Until, err = dayOf(until); err != nil {
				return err
			}
			var l leave.Leave
			if err := s.post(cmd, "leaves", req, &l); err != nil {
				return err
			}
			return s.print(l, func(w io.Writer) { writeLeaves(w, []leave.Leave{l}) })
		},
	}
	c.Flags().StringVar((*string)(&req.StandIn), "stand-in", "", "代理人的人员编号；不填按空缺上报一级")
	c.Flags().StringVar(&since, "since", "", "从何时起，如 2026-12-01；不填从现在起")
	c.Flags().StringVar(&until, "until", "", "到何时止（不含），如 2026-12-05 或 \"2026-12-05 12:00\"")
	c.Flags().StringVar(&req.Reason, "reason", "", "事由")
	_ = c.MarkFlagRequired("until")
	return c
}

// dayOf reads a day, from its first moment in China, or a day and a time; ""
// is no time.
func dayOf(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	zone := calendar.New().Zone()
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", time.RFC3339} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, &exitError{exitUsage, fmt.Errorf("时间写成 2026-12-05 或 \"2026-12-05 12:00\"，不是 %q", text)}
}

func newLeaveList(s *settings) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "list", Short: "正在和将要请假的人", Args: cobra.NoArgs, Example: "  mashang people leave list\n  mashang people leave list --all -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{}
			if all {
				q.Set("all", "true")
			}
			return show(s, cmd, "/api/v1/leaves?"+q.Encode(), func(w io.Writer, list api.LeaveList) { writeLeaves(w, list.Leaves) })
		},
	}
	c.Flags().BoolVar(&all, "all", false, "连已经结束的")
	return c
}

func writeLeaves(w io.Writer, list []leave.Leave) {
	if len(list) == 0 {
		_, _ = fmt.Fprintln(w, "没有人请假。用 mashang people leave set 登记。")
		return
	}
	tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
	for _, l := range list {
		by := "无代理，上报一级"
		if l.StandIn != "" {
			by = "代理 " + string(l.StandIn) + " " + l.StandInName
		}
		state := l.Reason
		if !l.EndedAt.IsZero() {
			state += " 已提前结束 " + beijing(l.EndedAt)
		}
		_, _ = fmt.Fprintf(tw, "%d\t%s %s\t%s 至 %s\t%s\t%s\n", l.ID, l.Person, l.Name, beijing(l.Since), beijing(l.Until), by, state)
	}
	_ = tw.Flush()
}

func newLeaveEnd(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "end 序号", Short: "提前结束请假", Args: cobra.ExactArgs(1), Example: "  mashang people leave end 3",
		RunE: func(cmd *cobra.Command, args []string) error {
			var done api.Done
			if err := s.post(cmd, "leaves/"+url.PathEscape(args[0])+"/end", nil, &done); err != nil {
				return err
			}
			return s.print(done, func(w io.Writer) { _, _ = fmt.Fprintln(w, "已结束，岗位恢复本人。") })
		},
	}
}
