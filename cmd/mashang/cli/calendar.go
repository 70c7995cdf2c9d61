package cli

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/almanac"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/hub/glossary"
)

func newCalendar(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "calendar", Short: "放假安排和工作日",
		Example: "  mashang calendar check\n  mashang calendar show 2026\n  mashang calendar explain --from 2026-09-30 --budget 5个工作日\n" +
			"  mashang calendar import 2027通知.txt --dry-run",
	}
	c.AddCommand(newCalendarShow(s), newCalendarCheck(s), newCalendarExplain(s), newCalendarImport(s), newCalendarPending(s))
	return c
}

// almanacOf reads the calendar of a city's folder or, if live, with the years
// that the running hub has.
func (s *settings) almanacOf(cmd *cobra.Command, config string, live bool) (*almanac.Almanac, error) {
	c, err := city.Load(cityFS(config))
	if err != nil {
		return nil, err
	}
	if live {
		var list api.CalendarList
		if _, err := s.call(cmd.Context(), http.MethodGet, "/api/v1/calendar", "", nil, &list); err != nil {
			return nil, err
		}
		c.Almanac.Years = list.Years
	}
	return almanac.New(c.Almanac, nil, hub.ClockFunc(time.Now)), nil
}

// liveFlag adds the flag that asks the running hub.
func liveFlag(c *cobra.Command, live *bool) {
	c.Flags().BoolVar(live, "live", false, "按运行中的码上，连同已导入的年份；不写只看城市目录")
}

func newCalendarShow(s *settings) *cobra.Command {
	var config string
	var live bool
	c := &cobra.Command{
		Use: "show 年份", Short: "一年里放假和调休上班的日子，及其出处", Args: cobra.ExactArgs(1),
		Example: "  mashang calendar show 2026\n  mashang calendar show 2026 -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			year, err := strconv.Atoi(args[0])
			if err != nil {
				return &exitError{exitUsage, fmt.Errorf("年份写成四位数字，如 2026，不是 %q", args[0])}
			}
			a, err := s.almanacOf(cmd, config, live)
			if err != nil {
				return err
			}
			for _, y := range a.Years() {
				if y.Year == year {
					return s.print(y, func(w io.Writer) { writeYear(w, y) })
				}
			}
			return &exitError{exitFinding, fmt.Errorf("%d 年的放假安排还没有：请用 mashang calendar import 导入", year)}
		},
	}
	c.Flags().StringVar(&config, "config", "", "城市目录；不填则用内置的白银市")
	liveFlag(c, &live)
	return c
}

func writeYear(w io.Writer, y calendar.Year) {
	_, _ = fmt.Fprintf(w, "%d 年放假安排\n", y.Year)
	for _, p := range y.Papers {
		_, _ = fmt.Fprintf(w, "出处 %s\n", p)
	}
	for _, d := range y.Days {
		what := "放假"
		if !d.IsOff {
			what = "上班"
		}
		_, _ = fmt.Fprintf(w, "%s  %s  %s\n", d.Date, what, d.Name)
	}
}

// A calendarCheck says which years are missing.
type calendarCheck struct {
	Published []int `json:"published"`
	Missing   []int `json:"missing"`
}

func newCalendarCheck(s *settings) *cobra.Command {
	var config string
	var live bool
	c := &cobra.Command{
		Use: "check", Short: "今年和明年的放假安排是否齐全；缺了以 1 退出", Args: cobra.NoArgs,
		Example: "  mashang calendar check\n  mashang calendar check --config /etc/mashang/baiyin -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.almanacOf(cmd, config, live)
			if err != nil {
				return err
			}
			cal := a.Calendar()
			res := calendarCheck{Published: cal.Years(), Missing: []int{}}
			now := time.Now().In(cal.Zone())
			for _, y := range []int{now.Year(), now.Year() + 1} {
				if !cal.Published(y) {
					res.Missing = append(res.Missing, y)
				}
			}
			if err := s.print(res, func(w io.Writer) {
				_, _ = fmt.Fprintln(w, "已有：", res.Published)
				for _, y := range res.Missing {
					_, _ = fmt.Fprintf(w, "缺 %d 年：进入该年的时限都是暂定的，公布后请导入（已导入运行中的码上的，加 --live 查）\n", y)
				}
			}); err != nil || len(res.Missing) == 0 {
				return err
			}
			return &exitError{exitFinding, fmt.Errorf("缺 %v 年的放假安排", res.Missing)}
		},
	}
	c.Flags().StringVar(&config, "config", "", "城市目录；不填则用内置的白银市")
	liveFlag(c, &live)
	return c
}

func newCalendarExplain(s *settings) *cobra.Command {
	var config, from, budget, department string
	var live bool
	c := &cobra.Command{
		Use: "explain", Short: "逐日说明一个时限怎样算出来", Args: cobra.NoArgs,
		Example: "  mashang calendar explain --from 2026-09-30 --budget 5个工作日\n  mashang calendar explain --from \"2026-02-13 16:30\" --budget 当日 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.almanacOf(cmd, config, live)
			if err != nil {
				return err
			}
			b, err := hub.ParseBudget(budget)
			if err != nil {
				return err
			}
			cal := a.Calendar()
			if own, ok := a.Hours()[hub.DepartmentCode(department)].(*calendar.Calendar); ok {
				cal = own
			}
			start, err := startOf(from, cal.Zone())
			if err != nil {
				return err
			}
			e := cal.Explain(start, b)
			return s.print(e, func(w io.Writer) { writeExplanation(w, e) })
		},
	}
	c.Flags().StringVar(&config, "config", "", "城市目录；不填则用内置的白银市")
	liveFlag(c, &live)
	c.Flags().StringVar(&from, "from", "", "从何时起，如 2026-09-30 或 \"2026-09-30 10:00\"")
	c.Flags().StringVar(&budget, "budget", "", "期限，如 5个工作日、当日、24小时、8工作小时")
	c.Flags().StringVar(&department, "department", "", "按这个部门的办公时间，如 heating")
	_ = c.MarkFlagRequired("from")
	_ = c.MarkFlagRequired("budget")
	return c
}

// startOf reads a date, or a date and a time.
func startOf(s string, zone *time.Location) (time.Time, error) {
	for _, layout := range []string{"2006-01-02 15:04", time.RFC3339, time.DateTime} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	t, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil {
		return t, &exitError{exitUsage, fmt.Errorf("时间写成 2026-09-30 或 2026-09-30 10:00，不是 %q", s)}
	}
	return t.Add(9 * time.Hour), nil
}

func writeExplanation(w io.Writer, e calendar.Explanation) {
	_, _ = fmt.Fprintf(w, "从 %s 起 %s，办公时间 %s\n", e.Start.Format("2006-01-02 15:04"), budgetWords(e.Budget), e.Hours)
	for _, l := range e.Lines {
		note, what := l.Holiday, "休"
		if l.Works {
			what = "班"
		}
		if l.Count > 0 {
			note = fmt.Sprintf("第 %d 个工作日 %s", l.Count, note)
		}
		if l.Provisional {
			note += " （暂定：该年放假安排未公布）"
		}
		_, _ = fmt.Fprintf(w, "%s %s %s %s\n", l.Date, l.Weekday, what, note)
	}
	word := "到期"
	if e.Provisional {
		word = "暂定到期"
	}
	_, _ = fmt.Fprintf(w, "%s %s\n", word, e.Due.Format("2006-01-02 15:04"))
}

func newCalendarImport(s *settings) *cobra.Command {
	var dry bool
	c := &cobra.Command{
		Use: "import 文件|-", Short: "导入一年的放假安排，重算暂定时限；先用 --dry-run 看哪些会变", Args: cobra.ExactArgs(1),
		Long:    "文件是 holiday-cn 的 JSON，或粘贴的国务院办公厅放假安排通知全文；- 从标准输入读。\n导入后，因缺这一年而暂定的时限立即重算，每件都有记录。",
		Example: "  mashang calendar import 2027.json --dry-run\n  mashang calendar import 通知.txt\n  pbpaste | mashang calendar import -",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readInput(s.in, args[0])
			if err != nil {
				return err
			}
			var res almanac.Import
			path := "/api/v1/calendar?dry_run=" + strconv.FormatBool(dry)
			if _, err := s.call(cmd.Context(), http.MethodPost, path, "text/plain; charset=utf-8", bytes.NewReader(text), &res); err != nil {
				return err
			}
			return s.print(res, func(w io.Writer) { writeImport(w, res) })
		},
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "只看哪些时限会变，不导入")
	return c
}

func readInput(in io.Reader, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(in)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf("读不了 %s: %w", name, err)}
	}
	return text, nil
}

func writeImport(w io.Writer, res almanac.Import) {
	if res.DryRun {
		_, _ = fmt.Fprintf(w, "试算：%d 年，%d 天与平日不同；看了 %d 件暂定的事项\n", res.Year, res.Days, res.Checks)
	} else {
		_, _ = fmt.Fprintf(w, "已导入 %d 年，%d 天与平日不同；看了 %d 件暂定的事项\n", res.Year, res.Days, res.Checks)
	}
	for _, m := range res.Moves {
		word := "不变，不再暂定"
		if !m.From.Equal(m.To) {
			word = "改到 " + beijing(m.To)
		}
		_, _ = fmt.Fprintf(w, "%s %s %s %s %s\n", m.Case, glossary.In("clock", string(m.Clock)), beijing(m.From), word, m.Refused)
	}
	if len(res.Moves) == 0 {
		_, _ = fmt.Fprintln(w, "没有时限因此变动。")
	}
}

func newCalendarPending(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "pending", Short: "暂定的时限：等放假安排公布", Args: cobra.NoArgs,
		Example: "  mashang calendar pending -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(s, cmd, "/api/v1/deadlines/provisional", func(w io.Writer, list api.PendingList) {
				if len(list.Pending) == 0 {
					_, _ = fmt.Fprintln(w, "没有暂定的时限。")
				}
				for _, p := range list.Pending {
					_, _ = fmt.Fprintf(w, "%s %s 暂定 %s\n", p.Case, glossary.In("clock", string(p.Clock)), beijing(p.Due))
				}
			})
		},
	}
}
