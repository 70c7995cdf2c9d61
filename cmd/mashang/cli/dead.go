package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/cmd/mashang/channels"
	"github.com/mashang-hub/mashang/hub"
)

func newDead(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "dead", Short: "死信：没能收下的原文，查看、修复、重投",
		Example: "  mashang dead list\n  mashang dead show 3 > 原文.xml\n  mashang dead repair 3 改好.xml\n  mashang dead replay 3",
	}
	c.AddCommand(newDeadList(s), newDeadShow(s), newDeadRepair(s), newDeadReplay(s))
	return c
}

func newDeadList(s *settings) *cobra.Command {
	var code string
	var limit, offset int
	c := &cobra.Command{
		Use: "list", Short: "列出死信，新的在前", Args: cobra.NoArgs,
		Example: "  mashang dead list --channel chengjian\n  mashang dead list -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"channel": {code}, "limit": {strconv.Itoa(limit)}, "offset": {strconv.Itoa(offset)}}
			var v struct {
				Total   int                   `json:"total"`
				Letters []channels.LetterView `json:"letters"`
			}
			if _, err := s.call(cmd.Context(), http.MethodGet, "/api/v1/dead?"+q.Encode(), "", nil, &v); err != nil {
				return err
			}
			return s.print(v, func(w io.Writer) {
				if len(v.Letters) == 0 {
					_, _ = fmt.Fprintln(w, "没有死信。")
					return
				}
				tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
				for _, l := range v.Letters {
					_, _ = fmt.Fprintf(tw, "%d\t%s\t%s%s\t×%d\t%s\t%s\n", l.ID, l.LastAt.In(hub.China()).Format("01-02 15:04:05"), l.Channel, map[bool]string{true: l.Stage}[l.Channel == ""], l.Seen, l.Key, l.Reason)
				}
				_ = tw.Flush()
				_, _ = fmt.Fprintf(w, "共 %d 封。\n", v.Total)
			})
		},
	}
	c.Flags().StringVar(&code, "channel", "", "只看这个渠道")
	c.Flags().IntVar(&limit, "limit", 50, "最多列出多少封")
	c.Flags().IntVar(&offset, "offset", 0, "跳过多少封")
	return c
}

func newDeadShow(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "显示一封死信的原因和原文", Args: cobra.ExactArgs(1),
		Example: "  mashang dead show 3\n  mashang dead show 3 -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return show(s, cmd, "/api/v1/dead/"+url.PathEscape(args[0]), func(w io.Writer, v channels.LetterView) {
				_, _ = fmt.Fprintf(s.errOut, "渠道 %s  编号 %s  类型 %s  来过 %d 次  原因 %s\n", v.Channel, v.Key, v.MediaType, v.Seen, v.Reason)
				_, _ = fmt.Fprintln(w, v.Payload)
			})
		},
	}
}

func newDeadRepair(s *settings) *cobra.Command {
	var media string
	c := &cobra.Command{
		Use: "repair ID FILE", Short: "用改好的内容换掉原文（- 为标准输入），然后用 replay 重投", Args: cobra.ExactArgs(2),
		Example: "  mashang dead repair 3 改好.xml && mashang dead replay 3\n  mashang dead show 3 | sed 's/&/和/g' | mashang dead repair 3 - --media-type 'text/xml; charset=utf-8'",
		RunE: func(cmd *cobra.Command, args []string) error {
			var data []byte
			var err error
			if args[1] == "-" {
				data, err = io.ReadAll(s.in)
			} else {
				data, err = os.ReadFile(args[1])
			}
			if err != nil {
				return &exitError{exitUsage, err}
			}
			var v map[string]any
			if _, err := s.call(cmd.Context(), http.MethodPut, "/api/v1/dead/"+url.PathEscape(args[0]), media, bytes.NewReader(data), &v); err != nil {
				return err
			}
			return s.print(v, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "已换成 %d 字节的新内容。重投：mashang dead replay %s\n", len(data), args[0])
			})
		},
	}
	c.Flags().StringVar(&media, "media-type", "", "新内容的类型；不填则与原来相同")
	return c
}

func newDeadReplay(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "replay ID...", Short: "重投死信；收下以后它就不在死信里了", Args: cobra.MinimumNArgs(1),
		Example: "  mashang dead replay 3\n  mashang dead replay 3 4 5 -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, id := range args {
				var v struct {
					ID       int64    `json:"id"`
					Replayed bool     `json:"replayed"`
					Accepted []answer `json:"accepted"`
				}
				if _, err := s.call(cmd.Context(), http.MethodPost, "/api/v1/dead/"+url.PathEscape(id)+"/replay", "", nil, &v); err != nil {
					return fmt.Errorf("死信 %s: %w", id, err)
				}
				if err := s.print(v, func(w io.Writer) {
					_, _ = fmt.Fprintf(w, "死信 %s 已重投", id)
					for _, a := range v.Accepted {
						_, _ = fmt.Fprintf(w, "，事项 %s", a.Tracking)
					}
					_, _ = fmt.Fprintln(w, "。")
				}); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func jsonBody(v any) io.Reader {
	var b bytes.Buffer
	_ = json.NewEncoder(&b).Encode(v) // maps of plain values
	return &b
}
