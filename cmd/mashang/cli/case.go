package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
)

func newCase(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "case", Short: "查看事项，分工，反馈核查结果",
		Example: "  mashang case list\n  mashang case show BY7K3M9QXT2F4H\n  mashang case history BY7K3M9QXT2F4H\n  mashang case parts BY7K3M9QXT2F4H",
	}
	c.AddCommand(newCaseList(s), newCaseShow(s), newCaseHistory(s), newCaseSimilar(s), newCaseMerge(s), newCaseParts(s), newCaseTask(s), newCaseVerify(s))
	return c
}

// caseList is the answer of the list.
type caseList struct {
	Total int           `json:"total"`
	Cases []hub.Summary `json:"cases"`
}

func newCaseList(s *settings) *cobra.Command {
	var status, department, channel string
	var limit, offset int
	c := &cobra.Command{
		Use: "list", Short: "列出事项，新的在前", Args: cobra.NoArgs,
		Example: "  mashang case list --status sorting\n  mashang case list --department heating --limit 20 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"limit": {strconv.Itoa(limit)}, "offset": {strconv.Itoa(offset)}}
			for k, v := range map[string]string{"status": status, "department": department, "channel": channel} {
				if v != "" {
					q.Set(k, v)
				}
			}
			return show(s, cmd, "/api/v1/cases?"+q.Encode(), func(w io.Writer, list caseList) { writeCases(w, list) })
		},
	}
	c.Flags().StringVar(&status, "status", "", "只看这个状态，如 sorting、assigned、resolved")
	c.Flags().StringVar(&department, "department", "", "只看这个牵头部门，如 heating")
	c.Flags().StringVar(&channel, "channel", "", "只看这个渠道，如 qr")
	c.Flags().IntVar(&limit, "limit", 50, "最多列出多少件")
	c.Flags().IntVar(&offset, "offset", 0, "跳过多少件")
	return c
}

func writeCases(w io.Writer, list caseList) {
	if len(list.Cases) == 0 {
		_, _ = fmt.Fprintln(w, "没有符合条件的事项。")
		return
	}
	tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
	for _, c := range list.Cases {
		_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", c.ID, glossary.Zh(string(c.Status)),
			glossary.In("channel", string(c.Channel)), glossary.In("department", string(c.Lead())), c.Title)
	}
	_ = tw.Flush()
	_, _ = fmt.Fprintf(w, "共 %d 件，列出 %d 件。\n", list.Total, len(list.Cases))
}

func newCaseShow(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "show 事项编号", Short: "显示一件事项", Args: cobra.ExactArgs(1),
		Example: "  mashang case show BY7K3M9QXT2F4H -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return show(s, cmd, "/api/v1/cases/"+url.PathEscape(args[0]), func(w io.Writer, raw json.RawMessage) { writeCase(w, raw) })
		},
	}
}

func newCaseHistory(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "history 事项编号", Short: "显示一件事项的经过", Args: cobra.ExactArgs(1),
		Example: "  mashang case history BY7K3M9QXT2F4H",
		RunE: func(cmd *cobra.Command, args []string) error {
			var v struct {
				Events []hub.Event `json:"events"`
			}
			if _, err := s.call(cmd.Context(), http.MethodGet, "/api/v1/cases/"+url.PathEscape(args[0])+"/events", "", nil, &v); err != nil {
				return err
			}
			return s.print(v, func(w io.Writer) {
				for _, e := range v.Events {
					_, _ = fmt.Fprintf(w, "%3d  %s  %s  %s  %s\n", e.Seq, e.At.In(hub.China()).Format("01-02 15:04:05"),
						happened(e), actor(e.By), e.Data.Text)
				}
			})
		},
	}
}

// happened names an event; a supervision by how grave it is.
func happened(e hub.Event) string {
	if e.Type == hub.Supervised && e.Data.Order != nil && e.Data.Order.Grade != "" {
		return glossary.In("order", string(e.Data.Order.Grade))
	}
	return glossary.Zh(string(e.Type))
}

// caseShown is what a person wants to know of a case at a glance.
type caseShown struct {
	ID          hub.CaseID       `json:"id"`
	Status      hub.Status       `json:"status"`
	Channel     hub.ChannelCode  `json:"channel"`
	Title       string           `json:"title"`
	Text        string           `json:"text"`
	Place       hub.PlaceCode    `json:"place"`
	Class       hub.Class        `json:"class"`
	Rung        int              `json:"rung"`
	OpenedAt    time.Time        `json:"opened_at"`
	ClosedAt    time.Time        `json:"closed_at"`
	Assignments []hub.Assignment `json:"assignments"`
	Deadlines   []hub.Deadline   `json:"deadlines"`
}

func writeCase(w io.Writer, raw json.RawMessage) {
	var c caseShown
	if err := json.Unmarshal(raw, &c); err != nil {
		_, _ = fmt.Fprintln(w, string(raw)) // a newer hub: show it as it is
		return
	}
	line := func(name, text string) {
		if text != "" {
			_, _ = fmt.Fprintf(w, "%s　%s\n", name, text)
		}
	}
	line("编号", string(c.ID))
	line("状态", glossary.Zh(string(c.Status)))
	line("渠道", glossary.In("channel", string(c.Channel)))
	line("标题", c.Title)
	line("正文", c.Text)
	line("地点", string(c.Place))
	line("类别", strings.Join(slices.DeleteFunc([]string{c.Class.Category, glossary.Zh(string(c.Class.Kind)), glossary.Zh(string(c.Class.Urgency))},
		func(s string) bool { return s == "" }), "、"))
	for _, a := range c.Assignments {
		line(glossary.In("role", string(a.Role)), glossary.In("department", string(a.Department))+"，"+standing(a))
	}
	for _, d := range c.Deadlines {
		line("时限", glossary.In("clock", string(d.Kind))+" "+beijing(d.Due)+" 前")
	}
	if c.Rung > 0 {
		line("层级", fmt.Sprintf("第 %d 级", c.Rung))
	}
	line("收件", beijing(c.OpenedAt))
	if !c.ClosedAt.IsZero() {
		line("办结", beijing(c.ClosedAt))
	}
}

// actor names who did something, in Chinese where there is a word.
func actor(a hub.Actor) string {
	return strings.TrimSpace(glossary.In("actor", string(a.Kind)) + " " + glossary.In(string(a.Kind), a.ID))
}
