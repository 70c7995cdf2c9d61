package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/glossary"
)

func newDelivery(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "delivery", Short: "查看和重推给部门的推送，暂停和恢复通道",
		Example: "  mashang delivery list --department heating --status dead\n  mashang delivery redo --department heating --status dead --count\n" +
			"  mashang delivery replay --department heating --from 2026-11-22T18:00:00+08:00 --to 2026-11-22T20:00:00+08:00\n" +
			"  mashang delivery pause heating --reason 对方系统检修",
	}
	c.AddCommand(newDeliveryList(s), newDeliveryShow(s), newDeliveryRedo(s), newDeliveryReplay(s), newDeliveryLanes(s), newDeliveryFeedback(s), newDeliveryReceive(s),
		newLane(s, "pause", hub.LanePaused, "暂停推送：都先留着，恢复后按序送出"),
		newLane(s, "drain", hub.LaneDraining, "收尾：先前的推完，新来的留着"),
		newLane(s, "resume", hub.LaneRunning, "恢复推送"))
	return c
}

// filterFlags are the flags that narrow deliveries.
type filterFlags struct {
	department, status, caseID, alert, from, to string
	limit                                       int
}

func (f *filterFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.department, "department", "", "只看这个部门，如 heating")
	c.Flags().StringVar(&f.caseID, "case", "", "只看这件事项")
	c.Flags().StringVar(&f.from, "from", "", "从何时起（含），如 2026-11-22T18:00:00+08:00")
	c.Flags().StringVar(&f.to, "to", "", "到何时止（不含）")
}

func (f *filterFlags) addStatus(c *cobra.Command) {
	c.Flags().StringVar(&f.status, "status", "", "只看这个状态：pending 等待推送、done 已送达、dead 推送失败、held 等待合并、grouped 已合并、muted 已静默")
}

func (f *filterFlags) query() url.Values {
	q := url.Values{}
	for k, v := range map[string]string{
		"department": f.department, "status": f.status, "case": f.caseID, "alert": f.alert, "from": f.from, "to": f.to,
	} {
		if v != "" {
			q.Set(k, v)
		}
	}
	if f.limit > 0 {
		q.Set("limit", strconv.Itoa(f.limit))
	}
	return q
}

func (f *filterFlags) filter() (hub.DeliveryFilter, error) {
	out := hub.DeliveryFilter{
		Department: hub.DepartmentCode(f.department), Status: hub.DeliveryStatus(f.status),
		Case: hub.CaseID(f.caseID), Alert: hub.AlertID(f.alert),
	}
	for name, p := range map[string]struct {
		text string
		to   *time.Time
	}{"from": {f.from, &out.From}, "to": {f.to, &out.To}} {
		if p.text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, p.text)
		if err != nil {
			return out, &exitError{exitUsage, fmt.Errorf("--%s 写法不对，应如 2026-11-22T18:00:00+08:00: %w", name, err)}
		}
		*p.to = t
	}
	return out, nil
}

type deliveryList struct {
	Total      int            `json:"total"`
	Deliveries []hub.Delivery `json:"deliveries"`
}

func newDeliveryList(s *settings) *cobra.Command {
	var f filterFlags
	c := &cobra.Command{
		Use: "list", Short: "列出推送，最近变动的在前", Args: cobra.NoArgs,
		Example: "  mashang delivery list --department heating --status dead\n  mashang delivery list --case BY7K3M9QXT2F4H -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(s, cmd, "/api/v1/deliveries?"+f.query().Encode(), func(w io.Writer, list deliveryList) { writeDeliveries(w, list) })
		},
	}
	f.add(c)
	f.addStatus(c)
	c.Flags().IntVar(&f.limit, "limit", 50, "最多列出多少条")
	return c
}

func writeDeliveries(w io.Writer, list deliveryList) {
	if len(list.Deliveries) == 0 {
		_, _ = fmt.Fprintln(w, "没有符合条件的推送。")
		return
	}
	tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
	for _, d := range list.Deliveries {
		last, next := "", ""
		if n := len(d.Attempts); n > 0 {
			last = glossary.In("outcome", d.Attempts[n-1].Result)
		}
		if !d.NextAt.IsZero() {
			next = "下次 " + d.NextAt.In(hub.China()).Format("01-02 15:04:05")
		}
		_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%d 次\t%s\t%s\n", d.Alert.ID, glossary.In("delivery", string(d.Status)),
			glossary.In("event", string(d.Alert.Event)), len(d.Attempts), last, next)
	}
	_ = tw.Flush()
	_, _ = fmt.Fprintf(w, "共 %d 条，列出 %d 条。\n", list.Total, len(list.Deliveries))
}

func newDeliveryShow(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "show 推送编号", Short: "显示一条推送和每次尝试", Args: cobra.ExactArgs(1),
		Example: "  mashang delivery show BY7K3M9QXT2F4H.2.heating",
		RunE: func(cmd *cobra.Command, args []string) error {
			return show(s, cmd, "/api/v1/deliveries/"+url.PathEscape(args[0]), func(w io.Writer, d hub.Delivery) {
				_, _ = fmt.Fprintf(w, "%s  %s  事项 %s  部门 %s\n", d.Alert.ID, glossary.In("delivery", string(d.Status)), d.Alert.Case, glossary.In("department", string(d.Alert.Department)))
				for _, a := range d.Attempts {
					_, _ = fmt.Fprintf(w, "  第 %d 次  %s  用时 %s  %s\n", a.N, a.At.In(hub.China()).Format("2006-01-02 15:04:05"), a.Took.Round(time.Millisecond), glossary.In("outcome", a.Result))
				}
				if !d.NextAt.IsZero() {
					_, _ = fmt.Fprintf(w, "  下次  %s\n", d.NextAt.In(hub.China()).Format("2006-01-02 15:04:05"))
				}
			})
		},
	}
}

func newDeliveryRedo(s *settings) *cobra.Command {
	var f filterFlags
	var count bool
	c := &cobra.Command{
		Use: "redo [推送编号]", Short: "重推一条，或所有符合条件的；先用 --count 看有多少", Args: cobra.MaximumNArgs(1),
		Example: "  mashang delivery redo BY7K3M9QXT2F4H.2.heating\n  mashang delivery redo --department heating --status dead --count\n  mashang delivery redo --department heating --status dead",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				f.alert = args[0]
			}
			return s.redo(cmd.Context(), f, count)
		},
	}
	f.add(c)
	f.addStatus(c)
	c.Flags().BoolVar(&count, "count", false, "只数有多少，不重推")
	return c
}

func newDeliveryReplay(s *settings) *cobra.Command {
	var f filterFlags
	var count bool
	c := &cobra.Command{
		Use: "replay", Short: "把一段时间里的推送再推一遍，编号不变，对方按编号去重", Args: cobra.NoArgs,
		Example: "  mashang delivery replay --department heating --from 2026-11-22T18:00:00+08:00 --to 2026-11-22T20:00:00+08:00 --count",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.redo(cmd.Context(), f, count)
		},
	}
	f.add(c)
	c.Flags().BoolVar(&count, "count", false, "只数有多少，不重推")
	_ = c.MarkFlagRequired("from")
	_ = c.MarkFlagRequired("to")
	return c
}

func (s *settings) redo(ctx context.Context, f filterFlags, count bool) error {
	filter, err := f.filter()
	if err != nil {
		return err
	}
	body, err := json.Marshal(api.RedoRequest{DeliveryFilter: filter, Count: count})
	if err != nil {
		return err
	}
	var answer map[string]int
	if _, err := s.call(ctx, http.MethodPost, "/api/v1/deliveries/redo", "application/json", bytes.NewReader(body), &answer); err != nil {
		return err
	}
	return s.print(answer, func(w io.Writer) {
		if count {
			_, _ = fmt.Fprintf(w, "符合条件的有 %d 条；去掉 --count 即重推。\n", answer["matching"])
			return
		}
		_, _ = fmt.Fprintf(w, "已重推 %d 条。\n", answer["redone"])
	})
}

func newDeliveryLanes(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "lanes", Short: "每个部门的通道：在推、暂停、停用，各有多少", Args: cobra.NoArgs,
		Example: "  mashang delivery lanes\n  mashang delivery lanes -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var v struct {
				Lanes []hub.Lane `json:"lanes"`
			}
			if _, err := s.call(cmd.Context(), http.MethodGet, "/api/v1/lanes", "", nil, &v); err != nil {
				return err
			}
			return s.print(v, func(w io.Writer) {
				if len(v.Lanes) == 0 {
					_, _ = fmt.Fprintln(w, "没有部门通道。")
				}
				tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
				for _, l := range v.Lanes {
					_, _ = fmt.Fprintf(tw, "%s\t%s\t等待 %d\t失败 %d\t送达 %d\t%s\n", glossary.In("department", string(l.Department)),
						glossary.In("lane", string(l.Status)), l.Pending, l.Dead, l.Done, l.Reason)
				}
				_ = tw.Flush()
			})
		},
	}
}

func newDeliveryFeedback(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "feedback", Short: "部门说推送误报、不归我们、信息不全，按规则计", Args: cobra.NoArgs,
		Example: "  mashang delivery feedback -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var v struct {
				Feedback []struct {
					Rule, Kind, Department string
					Count                  int
				} `json:"feedback"`
			}
			if _, err := s.call(cmd.Context(), http.MethodGet, "/api/v1/feedback", "", nil, &v); err != nil {
				return err
			}
			return s.print(v, func(w io.Writer) {
				if len(v.Feedback) == 0 {
					_, _ = fmt.Fprintln(w, "近 90 天没有反馈。")
				}
				for _, f := range v.Feedback {
					_, _ = fmt.Fprintf(w, "%s  %s  %s  %d 次\n", f.Rule, glossary.In("department", f.Department), glossary.In("feedback", f.Kind), f.Count)
				}
			})
		},
	}
}

func newLane(s *settings, use string, status hub.LaneStatus, short string) *cobra.Command {
	var reason, by string
	c := &cobra.Command{
		Use: use + " 部门", Short: short, Args: cobra.ExactArgs(1),
		Example: "  mashang delivery " + use + " heating --reason 对方系统检修",
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := json.Marshal(api.LaneRequest{Status: status, Reason: reason, By: by})
			if err != nil {
				return err
			}
			var l hub.Lane
			path := "/api/v1/lanes/" + url.PathEscape(args[0])
			if _, err := s.call(cmd.Context(), http.MethodPost, path, "application/json", bytes.NewReader(body), &l); err != nil {
				return err
			}
			return s.print(l, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "%s：%s\n", glossary.In("department", string(l.Department)), glossary.In("lane", string(l.Status)))
			})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "原因；暂停和收尾必填")
	c.Flags().StringVar(&by, "by", "", "谁要求的")
	return c
}
