package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/petition"
)

func newPetition(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "petition", Short: "信访：给信访人的文书",
		Example: "  mashang petition notice BY7K3M9QXT2F4H --kind accept > 受理告知书.txt",
	}
	c.AddCommand(newPetitionNotice(s))
	return c
}

func newPetitionNotice(s *settings) *cobra.Command {
	var o api.NoticeOrder
	var kind string
	c := &cobra.Command{
		Use: "notice 事项编号", Short: "写告知书：accept 受理、refuse 不予受理、extend 延期、opinion 处理意见", Args: cobra.ExactArgs(1),
		Example: "  mashang petition notice BY7K3M9QXT2F4H --kind accept\n" +
			"  mashang petition notice BY7K3M9QXT2F4H --kind refuse --text 同一事项已由市信访局受理\n" +
			"  mashang petition notice BY7K3M9QXT2F4H --kind opinion --text 工资已全部发放 --basis 《保障农民工工资支付条例》第三条",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Kind = petition.Kind(kind)
			body, err := json.Marshal(o)
			if err != nil {
				return err
			}
			var n petition.Notice
			path := "/api/v1/cases/" + url.PathEscape(args[0]) + "/notice"
			if _, err := s.call(cmd.Context(), http.MethodPost, path, "application/json", bytes.NewReader(body), &n); err != nil {
				return err
			}
			return s.print(n, func(w io.Writer) { _, _ = fmt.Fprint(w, n.Text) })
		},
	}
	c.Flags().StringVar(&kind, "kind", "accept", "文书：accept、refuse、extend、opinion")
	c.Flags().StringVar(&o.Text, "text", "", "不予受理或延期的理由，或处理意见")
	c.Flags().StringVar(&o.Basis, "basis", "", "处理意见依据的法律法规和政策")
	c.Flags().StringVar(&o.Office, "office", "", "落款单位；不写为牵头部门")
	return c
}
