package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/glossary"
)

func newDeadline(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "deadline", Short: "时限：推演升级，时钟跳变后确认",
		Example: "  mashang deadline simulate BY7K3M9QXT2F4H\n  mashang deadline status\n  mashang deadline confirm",
	}
	c.AddCommand(newDeadlineSimulate(s), s.deadlineState("status", "时限是否在走", http.MethodGet, "/api/v1/deadlines"),
		s.deadlineState("confirm", "时钟跳变后确认无误，恢复触发", http.MethodPost, "/api/v1/deadlines/confirm"))
	return c
}

func newDeadlineSimulate(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "simulate 事项编号", Short: "推演：若无人处理，何时升级到谁", Args: cobra.ExactArgs(1),
		Example: "  mashang deadline simulate BY7K3M9QXT2F4H\n  mashang deadline simulate BY7K3M9QXT2F4H -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			var f api.Forecast
			path := "/api/v1/cases/" + url.PathEscape(args[0]) + "/forecast"
			if _, err := s.call(cmd.Context(), http.MethodGet, path, "", nil, &f); err != nil {
				return err
			}
			return s.print(f, func(w io.Writer) { writeForecast(w, f) })
		},
	}
}

func writeForecast(w io.Writer, f api.Forecast) {
	if len(f.Steps) == 0 {
		_, _ = fmt.Fprintln(w, "没有在走的时限：事项已经结束，或在等反映人、挂账。")
		return
	}
	_, _ = fmt.Fprintf(w, "%s 现在第 %d 级；若无人处理：\n", f.Case, f.Rung)
	for _, st := range f.Steps {
		line := beijing(st.At) + "  " + glossary.In("event", string(st.Event))
		if st.Clock != "" {
			line += " " + glossary.In("clock", string(st.Clock))
		}
		switch {
		case st.Rung > 0 && st.Vacant:
			line += fmt.Sprintf("  第 %d 级 %s 空缺，向上一级", st.Rung, st.Title)
		case st.Rung > 0:
			name := st.Name
			if st.Deputy {
				name += "（代理）"
			}
			line += fmt.Sprintf("  第 %d 级 %s %s，等 %s", st.Rung, st.Title, name, budgetWords(st.Waiting))
		}
		_, _ = fmt.Fprintln(w, line)
	}
}

// deadlineState is a command that shows whether clocks fire.
func (s *settings) deadlineState(use, short, method, path string) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs, Example: "  mashang deadline " + use + "\n  mashang deadline " + use + " -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var st api.DeadlineState
			if _, err := s.call(cmd.Context(), method, path, "", nil, &st); err != nil {
				return err
			}
			if err := s.print(st, func(w io.Writer) { writeState(w, st) }); err != nil || !st.Held {
				return err
			}
			return &exitError{exitFinding, fmt.Errorf("时限停摆待确认")}
		},
	}
}

func writeState(w io.Writer, st api.DeadlineState) {
	if st.Held && st.Hold != nil {
		_, _ = fmt.Fprintf(w, "时钟从 %s 跳到 %s，升级和提醒都停着。核对时间后运行 mashang deadline confirm。\n",
			beijing(st.Hold.From), beijing(st.Hold.To))
		return
	}
	if st.Next.IsZero() {
		_, _ = fmt.Fprintln(w, "时限在走；眼下没有在办的时限。")
		return
	}
	_, _ = fmt.Fprintln(w, "时限在走；下一个", beijing(st.Next))
}

// beijing writes a time as China's clocks show it.
func beijing(t time.Time) string { return t.In(hub.China()).Format("2006-01-02 15:04") }

// budgetWords writes a budget in Chinese.
func budgetWords(short string) string {
	b, err := hub.ParseBudget(short)
	if err != nil {
		return short
	}
	if b.N == 0 && b.Unit == hub.WorkingDay {
		return "当日"
	}
	return strconv.Itoa(b.N) + map[hub.Unit]string{
		hub.Minute: "分钟", hub.Hour: "小时", hub.Day: "日", hub.WorkingDay: "个工作日", hub.WorkingHour: "个工作小时",
	}[b.Unit]
}
