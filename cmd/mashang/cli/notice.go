package cli

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/courier"
	"github.com/mashang-hub/mashang/hub/glossary"
)

func newNotice(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "notice", Short: "个人通知：发给责任人和反映人的短信、应用消息",
		Long: "升级逐级告知责任人，延期、挂账、请补充、办结告知反映人，短信里带查询链接。\n" +
			"方式、模板和免打扰时段在城市目录的 notices.yaml 和 ladder.yaml 里。演示里写到数据目录的 notices 下。",
		Example: "  mashang notice list\n  mashang notice list --status dead\n  mashang notice again BY7K3M9QXT2F4H.4.p0012 --reason 换了手机号",
	}
	c.AddCommand(newNoticeList(s), newNoticeShow(s), newNoticeAgain(s))
	return c
}

func newNoticeList(s *settings) *cobra.Command {
	var status, id, person, to, event string
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "列出个人通知，新的在前；有死信时以 1 退出", Args: cobra.NoArgs,
		Example: "  mashang notice list --case BY7K3M9QXT2F4H\n  mashang notice list --status dead -o json\n  mashang notice list --person p0012",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"status": {status}, "case": {id}, "person": {person}, "to": {to}, "event": {event}, "limit": {strconv.Itoa(limit)}}
			var list api.NoticeList
			if _, err := s.call(cmd.Context(), http.MethodGet, "/api/v1/notices?"+q.Encode(), "", nil, &list); err != nil {
				return err
			}
			if err := s.print(list, func(w io.Writer) { writeNotices(w, list) }); err != nil || list.Counts[courier.Dead] == 0 {
				return err
			}
			return &exitError{exitFinding, fmt.Errorf("有 %d 条通知没有发到，用 mashang notice list --status dead 查看", list.Counts[courier.Dead])}
		},
	}
	c.Flags().StringVar(&status, "status", "", "waiting 待发，sent 已发，dead 死信，nobody 无处可发")
	c.Flags().StringVar(&id, "case", "", "只看这件事项的")
	c.Flags().StringVar(&person, "person", "", "只看发给这个人的，人员编号")
	c.Flags().StringVar(&to, "to", "", "citizen 反映人，staff 责任人")
	c.Flags().StringVar(&event, "event", "", "只看告知这件事的，如 escalated、resolved")
	c.Flags().IntVar(&limit, "limit", 50, "最多多少条")
	return c
}

func writeNotices(w io.Writer, list api.NoticeList) {
	if len(list.Notices) == 0 {
		_, _ = fmt.Fprintln(w, "没有符合条件的个人通知。")
		return
	}
	tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
	for _, n := range list.Notices {
		to := "反映人"
		if n.Person != "" {
			to = fmt.Sprintf("第 %d 级 %s", n.Rung, n.Person)
		}
		_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", n.ID, glossary.In("event", string(n.Event)), to, wayOf(n), noticeState(n), n.Reason)
	}
	_ = tw.Flush()
}

func wayOf(n courier.Notice) string {
	if n.Way < len(n.Ways) {
		return n.Ways[n.Way]
	}
	return ""
}

func noticeState(n courier.Notice) string {
	word := glossary.In("notice", string(n.Status))
	at := n.NextAt
	if n.Status == courier.Sent {
		at = n.SentAt
	}
	if at.IsZero() {
		return word
	}
	word = cmp.Or(word, string(n.Status)) + " " + beijing(at)
	if n.WaitsFor != "" {
		word += "（" + glossary.In("notice", string(n.WaitsFor)) + "）"
	}
	return word
}

func newNoticeShow(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "show 通知编号", Short: "一条通知：发给谁、怎么发、说了什么、为什么没到", Args: cobra.ExactArgs(1),
		Example: "  mashang notice show BY7K3M9QXT2F4H.4.citizen",
		RunE: func(cmd *cobra.Command, args []string) error {
			return show(s, cmd, "/api/v1/notices/"+url.PathEscape(args[0]), func(w io.Writer, n api.NoticeView) {
				writeNotices(w, api.NoticeList{Notices: []courier.Notice{n.Notice}})
				_, _ = fmt.Fprintf(w, "%s %s\n%s\n", n.Name, n.Phone, n.Text)
			})
		},
	}
}

func newNoticeAgain(s *settings) *cobra.Command {
	var req api.AgainRequest
	c := &cobra.Command{
		Use: "again 通知编号", Short: "重发一条没有发到或对方没有收到的通知，从第一种方式开始", Args: cobra.ExactArgs(1),
		Example: "  mashang notice again BY7K3M9QXT2F4H.4.p0012 --reason 换了手机号",
		RunE: func(cmd *cobra.Command, args []string) error {
			var done api.Done
			if err := s.post(cmd, "notices/"+url.PathEscape(args[0])+"/again", req, &done); err != nil {
				return err
			}
			return s.print(done, func(w io.Writer) { _, _ = fmt.Fprintln(w, "已重发。") })
		},
	}
	c.Flags().StringVar(&req.Reason, "reason", "", "为什么重发，记入审计")
	_ = c.MarkFlagRequired("reason")
	return c
}
