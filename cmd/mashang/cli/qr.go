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

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/poster"
)

const qrPath = "/api/v1/qr-codes"

func newQR(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "qr", Short: "民情码：发码、停用、换码、印张",
		Example: "  mashang qr issue 点位.csv\n  mashang qr sheets --out 印张 --base https://ms.example.gov.cn\n" +
			"  mashang qr renew 42 --reason 海报破损\n  mashang qr misuse",
	}
	c.AddCommand(newQRIssue(s), newQRList(s), newQREnd(s, "revoke", "停用一个码，扫码的人会看到说明"),
		newQREnd(s, "renew", "换一个新码，墙上旧的那张随即失效"), newQRMisuse(s), newQRSheets(s))
	return c
}

func newQRIssue(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "issue 点位.csv", Short: "给清单里的点位发码；已有码的不变", Args: cobra.ExactArgs(1),
		Long:    "清单是 UTF-8 的 CSV，三列：地点（区划代码）、类型（单位、楼栋、三十户）、点位（如 朝阳小区3号楼）。\n有一行不对就整份不发，一次列出错在哪几行。",
		Example: "  mashang qr issue 点位.csv\n  printf '620402001001,楼栋,朝阳小区3号楼\\n' | mashang qr issue -",
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := s.read(args[0])
			if err != nil {
				return err
			}
			var got api.Issued
			if _, err := s.call(cmd.Context(), http.MethodPost, qrPath, "text/csv", bytes.NewReader(body), &got); err != nil {
				return err
			}
			return s.print(got, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "新发 %d 个码，%d 个点位原来就有。\n", got.Issued, got.Known)
			})
		},
	}
}

// read returns the contents of a file, or of the standard input for "-".
func (s *settings) read(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(s.in)
	}
	return os.ReadFile(name)
}

func newQRList(s *settings) *cobra.Command {
	var place, kind string
	var after, limit int
	var live bool
	c := &cobra.Command{
		Use: "list", Short: "列出码，按编号", Args: cobra.NoArgs,
		Example: "  mashang qr list --place 620402001 --live\n  mashang qr list --after 1000 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"place": {place}, "kind": {kind}, "live": {strconv.FormatBool(live)}, "after": {strconv.Itoa(after)}, "limit": {strconv.Itoa(limit)}}
			return show(s, cmd, qrPath+"?"+q.Encode(), func(w io.Writer, list api.PosterList) { writeCodes(w, list) })
		},
	}
	c.Flags().StringVar(&place, "place", "", "只看这个地点以内的，如 620402001")
	c.Flags().StringVar(&kind, "kind", "", "只看这一类：office 单位、building 楼栋、households 三十户")
	c.Flags().BoolVar(&live, "live", false, "不看停用的")
	c.Flags().IntVar(&after, "after", 0, "从这个编号之后")
	c.Flags().IntVar(&limit, "limit", 50, "最多列出多少个")
	return c
}

func writeCodes(w io.Writer, list api.PosterList) {
	if len(list.Codes) == 0 {
		_, _ = fmt.Fprintln(w, "没有符合条件的码。用 mashang qr issue 点位.csv 发码。")
		return
	}
	tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
	for _, c := range list.Codes {
		state := "有效"
		if !c.Live() {
			state = "停用：" + c.Reason
		}
		_, _ = fmt.Fprintf(tw, "%d\t%s\t%s\t%s\t%s\n", c.Number, poster.Group(c.Token), c.Address, c.Label, state)
	}
	_ = tw.Flush()
	if list.Next != "" {
		_, _ = fmt.Fprintf(w, "后面还有，接着看：--after %s\n", list.Next)
	}
}

func newQREnd(s *settings, verb, short string) *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use: verb + " 编号", Short: short, Args: cobra.ExactArgs(1),
		Long:    short + "。编号可以是序号，也可以是海报上印的那串字符。",
		Example: "  mashang qr " + verb + " 42 --reason 楼已拆除\n  mashang qr " + verb + " 00042-1-7K3M-9QXT --reason 海报被人覆盖",
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := json.Marshal(api.Reason{Reason: reason})
			if err != nil {
				return err
			}
			var got api.Poster
			path := qrPath + "/" + url.PathEscape(args[0]) + "/" + verb
			if _, err := s.call(cmd.Context(), http.MethodPost, path, "application/json", bytes.NewReader(body), &got); err != nil {
				return err
			}
			return s.print(got, func(w io.Writer) { writeCodes(w, api.PosterList{Codes: []api.Poster{got}}) })
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "理由（必填）")
	_ = c.MarkFlagRequired("reason")
	return c
}

func newQRMisuse(s *settings) *cobra.Command {
	var hours, places int
	c := &cobra.Command{
		Use: "misuse", Short: "哪些码在多个地点被使用，疑似翻拍或错贴", Args: cobra.NoArgs,
		Long:    "扫码的人可以改地点；一个码短时间里被改到多个地点，多半是被翻拍转发，或者贴错了地方。有发现时退出码为 1。",
		Example: "  mashang qr misuse --hours 24 --places 3 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"hours": {strconv.Itoa(hours)}, "places": {strconv.Itoa(places)}}
			var list api.MisuseList
			if _, err := s.call(cmd.Context(), http.MethodGet, qrPath+"/misuse?"+q.Encode(), "", nil, &list); err != nil {
				return err
			}
			err := s.print(list, func(w io.Writer) {
				if len(list.Misused) == 0 {
					_, _ = fmt.Fprintln(w, "没有发现。")
				}
				for _, m := range list.Misused {
					_, _ = fmt.Fprintf(w, "%d号码（%s %s）：%d 个地点，%d 次，最近 %s\n", m.Number, m.Place, m.Label,
						len(m.Places), m.Times, m.LastAt.In(hub.China()).Format("01-02 15:04"))
				}
			})
			if err == nil && len(list.Misused) > 0 {
				err = &exitError{exitFinding, hub.Errorf(hub.CodeConflict, "qr_code.misused", len(list.Misused))}
			}
			return err
		},
	}
	c.Flags().IntVar(&hours, "hours", 24, "看最近多少小时")
	c.Flags().IntVar(&places, "places", 3, "几个地点起算")
	return c
}
