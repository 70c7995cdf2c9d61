package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/notice"
)

func newSilence(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "silence", Short: "静默：一段时间里不推送，要写谁设的、原因、何时结束",
		Example: "  mashang silence list\n  mashang silence add place=~620402001.* topic=heating --for 2h --reason 换热站检修 --by 王科长\n  mashang silence end 3",
	}
	c.AddCommand(newSilenceList(s), newSilenceAdd(s), newSilenceEnd(s))
	return c
}

func newSilenceList(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "列出静默和各压着多少条；明细见 delivery list --status muted", Args: cobra.NoArgs,
		Example: "  mashang silence list -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(s, cmd, "/api/v1/silences", func(w io.Writer, v api.SilenceList) {
				if len(v.Silences) == 0 {
					_, _ = fmt.Fprintln(w, "没有静默。")
				}
				for _, si := range v.Silences {
					_, _ = fmt.Fprintf(w, "%d  %v  %s：%s  至 %s  压着 %d 条\n", si.ID, si.Matchers, si.Author, si.Reason,
						beijing(si.EndsAt), si.Muted)
				}
			})
		},
	}
}

func newSilenceAdd(s *settings) *cobra.Command {
	var length time.Duration
	var reason, by string
	c := &cobra.Command{
		Use: "add 匹配条件...", Short: "设静默，条件都满足的推送先压着", Args: cobra.MinimumNArgs(1),
		Long:    "条件写作 标签=值、标签!=值、标签=~模式、标签!~模式；标签有 department、event、role、topic、category、kind、urgency、place、tag、case。",
		Example: "  mashang silence add place=620402001001 topic=heating --for 2h --reason 换热站检修 --by 王科长",
		RunE: func(cmd *cobra.Command, args []string) error {
			req := api.SilenceRequest{Reason: reason, Author: by, EndsAt: time.Now().Add(length)}
			for _, a := range args {
				m, err := notice.ParseMatcher(a)
				if err != nil {
					return &exitError{exitUsage, fmt.Errorf("%s", sentence(err))}
				}
				req.Matchers = append(req.Matchers, m)
			}
			body, err := json.Marshal(req)
			if err != nil {
				return err
			}
			var si notice.Silence
			if _, err := s.call(cmd.Context(), http.MethodPost, "/api/v1/silences", "application/json", bytes.NewReader(body), &si); err != nil {
				return err
			}
			return s.print(si, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "静默 %d 已设，至 %s。\n", si.ID, beijing(si.EndsAt))
			})
		},
	}
	c.Flags().DurationVar(&length, "for", time.Hour, "多久，如 2h；最长 31 天")
	c.Flags().StringVar(&reason, "reason", "", "原因")
	c.Flags().StringVar(&by, "by", "", "谁设的；不填则是登录的人")
	_ = c.MarkFlagRequired("reason")
	return c
}

func newSilenceEnd(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "end 编号", Short: "结束静默，压着的推送随即送出", Args: cobra.ExactArgs(1),
		Example: "  mashang silence end 3",
		RunE: func(cmd *cobra.Command, args []string) error {
			var v api.SilenceEnded
			if _, err := s.call(cmd.Context(), http.MethodDelete, "/api/v1/silences/"+url.PathEscape(args[0]), "", nil, &v); err != nil {
				return err
			}
			return s.print(v, func(w io.Writer) { _, _ = fmt.Fprintf(w, "静默 %d 已结束。\n", v.ID) })
		},
	}
}
