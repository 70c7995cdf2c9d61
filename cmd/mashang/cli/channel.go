package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/adapters/all"
	"github.com/mashang-hub/mashang/adapters/lint"
	"github.com/mashang-hub/mashang/cmd/mashang/channels"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/channel"
)

func newChannel(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "channel", Short: "接入渠道：新建、检查、监听、查看、换密钥",
		Example: "  mashang channel new --template webhook-json --code chengjian --name 城建热线 --sample 样例.json --config /etc/mashang/baiyin\n" +
			"  mashang channel check --config /etc/mashang/baiyin\n  mashang channel listen chengjian\n  mashang channel tail chengjian",
	}
	c.AddCommand(newChannelList(s), newChannelNew(s), newChannelCheck(s), newChannelListen(s), newChannelTail(s),
		newChannelRotate(s), newChannelReceive(s), newChannelSchema(s))
	return c
}

func newChannelList(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "列出渠道和近况", Args: cobra.NoArgs,
		Example: "  mashang channel list\n  mashang channel list -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var v struct {
				Channels []channels.View `json:"channels"`
			}
			if _, err := s.call(cmd.Context(), http.MethodGet, "/api/v1/channels", "", nil, &v); err != nil {
				return err
			}
			return s.print(v, func(w io.Writer) {
				if len(v.Channels) == 0 {
					_, _ = fmt.Fprintln(w, "还没有渠道。新建一个：mashang channel new")
					return
				}
				tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
				_, _ = fmt.Fprintln(tw, "代码\t名称\t方式\t状态\t收下\t重复\t不收\t死信\t地址")
				for _, c := range v.Channels {
					_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\n", c.Code, c.Name, c.Kind,
						map[bool]string{true: "启用", false: "停用"}[c.Enabled], c.Counts.Accepted, c.Counts.Duplicate, c.Counts.Refused, c.Letters, c.Push)
				}
				_ = tw.Flush()
			})
		},
	}
}

func newChannelSchema(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "输出渠道文件的 JSON Schema，供编辑器补全和检查", Args: cobra.NoArgs,
		Example: "  mashang channel schema > channel.schema.json",
		RunE: func(*cobra.Command, []string) error {
			s.output = "json"
			return s.print(lint.Schema(all.Registry()), nil)
		},
	}
}

func newChannelListen(s *settings) *cobra.Command {
	var once bool
	c := &cobra.Command{
		Use: "listen CODE", Short: "开一个 120 秒的测试地址：看原文、映射和派单，不存任何东西", Args: cobra.ExactArgs(1),
		Example: "  mashang channel listen chengjian\n  mashang channel listen chengjian --once -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			var t channels.Test
			if _, err := s.call(cmd.Context(), http.MethodPost, "/api/v1/channels/"+url.PathEscape(args[0])+"/listen", "", nil, &t); err != nil {
				return err
			}
			_, _ = fmt.Fprintf(s.errOut, "测试地址 %s%s，到 %s 为止。密钥与生产相同；不存任何东西。\n", s.url, t.Path, t.Until.In(hub.China()).Format("15:04:05"))
			return s.hits(cmd, &t, once)
		},
	}
	c.Flags().BoolVar(&once, "once", false, "收到第一条就结束")
	return c
}

// hits prints what comes to a test address until it closes.
func (s *settings) hits(cmd *cobra.Command, t *channels.Test, once bool) error {
	for next, open := 0, true; open; {
		var v struct {
			Hits []channels.Hit `json:"hits"`
			Next int            `json:"next"`
			Open bool           `json:"open"`
		}
		if _, err := s.call(cmd.Context(), http.MethodGet, fmt.Sprintf("/api/v1/listen/%s?after=%d&wait=20", t.Token, next), "", nil, &v); err != nil {
			return err
		}
		next, open = v.Next, v.Open
		for _, h := range v.Hits {
			if err := s.print(h, func(w io.Writer) { writeHit(w, h) }); err != nil {
				return err
			}
			if once {
				return nil
			}
		}
	}
	_, _ = fmt.Fprintln(s.errOut, "监听结束。")
	return nil
}

func writeHit(w io.Writer, h channels.Hit) {
	_, _ = fmt.Fprintf(w, "%s  %s  答复 %d\n原文 %s\n", h.At.In(hub.China()).Format("15:04:05"), h.MediaType, h.Status, h.Raw)
	if h.Error != "" {
		_, _ = fmt.Fprintln(w, "不收", h.Error)
	}
	for _, it := range h.Items {
		for _, k := range []string{"external_id", "title", "text", "submitted_at", "name", "phone", "place", "place_text", "kind", "urgency"} {
			if v := fmt.Sprint(it.Mapped[k]); v != "" && v != "<nil>" {
				_, _ = fmt.Fprintf(w, "  %-12s %s\n", k, v)
			}
		}
		_, _ = fmt.Fprintf(w, "  派单 → %s %v（%s %s %s）\n", it.Department, it.Co, it.Category, it.Topic, it.Urgency)
	}
	_, _ = fmt.Fprintln(w)
}

func newChannelTail(s *settings) *cobra.Command {
	var outcome string
	var follow bool
	var limit int
	c := &cobra.Command{
		Use: "tail [CODE]", Short: "看生产地址上实际收到了什么（个人信息已遮盖）", Args: cobra.MaximumNArgs(1),
		Example: "  mashang channel tail\n  mashang channel tail chengjian --outcome refused --follow=false -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			q := url.Values{"outcome": {outcome}, "limit": {strconv.Itoa(limit)}}
			if len(args) > 0 {
				q.Set("channel", args[0])
			}
			for wait := "0"; ; wait = "20" {
				q.Set("wait", wait)
				var v struct {
					Arrivals []channels.Arrival `json:"arrivals"`
					Next     int64              `json:"next"`
				}
				if _, err := s.call(cmd.Context(), http.MethodGet, "/api/v1/traffic?"+q.Encode(), "", nil, &v); err != nil {
					return err
				}
				for _, a := range v.Arrivals {
					if err := s.print(a, func(w io.Writer) { writeArrival(w, a) }); err != nil {
						return err
					}
				}
				if !follow {
					if len(v.Arrivals) == 0 {
						_, _ = fmt.Fprintln(s.errOut, "还没有收到过。")
					}
					return nil
				}
				q.Set("after", strconv.FormatInt(v.Next, 10))
			}
		},
	}
	c.Flags().StringVar(&outcome, "outcome", "", "只看这种结果：accepted、duplicate、refused、denied、unavailable")
	c.Flags().BoolVarP(&follow, "follow", "f", true, "一直看下去")
	c.Flags().IntVar(&limit, "limit", 100, "先列出最近多少条")
	return c
}

func writeArrival(w io.Writer, a channels.Arrival) {
	_, _ = fmt.Fprintf(w, "%s  %-10s %-11s %3d %6.1fms %s", a.At.In(hub.China()).Format("15:04:05.000"), a.Channel, a.Outcome, a.Status, a.TookMS, a.Error)
	for _, it := range a.Items {
		_, _ = fmt.Fprintf(w, "  %s→%s %s%s", it.ExternalID, it.Tracking, it.Title, it.Error)
	}
	_, _ = fmt.Fprintln(w)
}

func newChannelRotate(s *settings) *cobra.Command {
	var promote, revoke bool
	c := &cobra.Command{
		Use: "rotate CODE", Short: "换密钥：新旧两把同时有效，确认对方换好后再提升", Args: cobra.ExactArgs(1),
		Example: "  mashang channel rotate chengjian           # 生成新密钥，只显示这一次\n" +
			"  mashang channel rotate chengjian --promote # 提升：旧密钥立即失效\n  mashang channel rotate chengjian --revoke  # 作废还没提升的新密钥",
		RunE: func(cmd *cobra.Command, args []string) error {
			step := map[bool]string{promote: "promote", revoke: "revoke"}[true]
			var v struct {
				Channel string        `json:"channel"`
				Key     string        `json:"key,omitempty"`
				Keys    []channel.Key `json:"keys"`
			}
			path := "/api/v1/channels/" + url.PathEscape(args[0]) + "/keys?step=" + step
			if _, err := s.call(cmd.Context(), http.MethodPost, path, "", nil, &v); err != nil {
				return err
			}
			return s.print(v, func(w io.Writer) {
				switch step {
				case "promote":
					_, _ = fmt.Fprintln(w, "已提升：只有新密钥有效。")
				case "revoke":
					_, _ = fmt.Fprintln(w, "已作废还没提升的新密钥。")
				default:
					_, _ = fmt.Fprintf(w, "新密钥（只显示这一次）：%s\n旧密钥仍有效。对方换好以后运行 mashang channel rotate %s --promote\n", v.Key, v.Channel)
				}
				for _, k := range v.Keys {
					_, _ = fmt.Fprintf(w, "  %s  %s  %s\n", map[string]string{"next": "新", "current": "现用"}[k.State], k.Hint, beijing(k.MadeAt))
				}
			})
		},
	}
	c.Flags().BoolVar(&promote, "promote", false, "提升新密钥，旧的失效")
	c.Flags().BoolVar(&revoke, "revoke", false, "作废还没提升的新密钥")
	c.MarkFlagsMutuallyExclusive("promote", "revoke")
	return c
}

func newReplay(s *settings) *cobra.Command {
	var from, to, code string
	var dry bool
	c := &cobra.Command{
		Use: "replay", Short: "重放一段时间里收下的来件：已立案的跳过，没立案的补上", Args: cobra.NoArgs,
		Example: "  mashang replay --from 2026-11-23T09:00:00+08:00 --to 2026-11-23T10:00:00+08:00 --dry-run\n  mashang replay --from '2026-11-23 09:00' --to '2026-11-23 10:00' --channel hotline -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err1 := moment(from)
			b, err2 := moment(to)
			if err1 != nil || err2 != nil {
				return &exitError{exitUsage, fmt.Errorf("时间写成 2026-11-23T09:00:00+08:00 或 '2026-11-23 09:00'")}
			}
			var rep channels.Replay
			body := jsonBody(map[string]any{"channel": code, "from": a, "to": b, "dry_run": dry})
			if _, err := s.call(cmd.Context(), http.MethodPost, "/api/v1/replay", "application/json", body, &rep); err != nil {
				return err
			}
			return s.print(rep, func(w io.Writer) {
				if dry {
					_, _ = fmt.Fprintf(w, "将重放 %d 条，其中 %d 条已有案件（跳过），%d 条补上。\n", rep.Found, rep.Existing, rep.Missing)
					return
				}
				_, _ = fmt.Fprintf(w, "重放 %d 条：%d 条已有案件（跳过），补上 %d 条。\n", rep.Found, rep.Existing, rep.Replayed)
			})
		},
	}
	c.Flags().StringVar(&from, "from", "", "起点（含）")
	c.Flags().StringVar(&to, "to", "", "终点（不含）")
	c.Flags().StringVar(&code, "channel", "", "只重放这个渠道")
	c.Flags().BoolVar(&dry, "dry-run", false, "只数一数，不重放")
	_ = c.MarkFlagRequired("from")
	_ = c.MarkFlagRequired("to")
	return c
}

// moment reads a time on the command line; without a zone it is China's.
func moment(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	var err error
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		var t time.Time
		if t, err = time.ParseInLocation(layout, text, hub.China()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, err
}
