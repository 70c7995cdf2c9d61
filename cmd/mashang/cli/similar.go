package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/glossary"
)

func newCaseSimilar(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "similar 事项编号", Short: "可能是同一件事的事项，供并案参考", Args: cobra.ExactArgs(1),
		Example: "  mashang case similar BY7K3M9QXT2F4H",
		RunE: func(cmd *cobra.Command, args []string) error {
			var list api.SimilarList
			path := "/api/v1/cases/" + url.PathEscape(args[0]) + "/similar"
			if _, err := s.call(cmd.Context(), http.MethodGet, path, "", nil, &list); err != nil {
				return err
			}
			return s.print(list, func(w io.Writer) {
				if len(list.Similar) == 0 {
					_, _ = fmt.Fprintln(w, "没有像同一件事的事项。")
				}
				for _, v := range list.Similar {
					_, _ = fmt.Fprintf(w, "%.2f  %s  %s  %s  %s（%s）\n", v.Score, v.ID, v.Channel, glossary.Zh(string(v.Status)),
						v.Title, strings.Join(v.Reasons, "、"))
				}
			})
		},
	}
}

func newCaseMerge(s *settings) *cobra.Command {
	var into, text string
	c := &cobra.Command{
		Use: "merge 事项编号", Short: "并案：并入另一件，反映人各自的编号和回访不变", Args: cobra.ExactArgs(1),
		Example: "  mashang case merge BY7K3M9QXT2F4H --into BY2F4H7K3M9QXT --text 同一小区停暖",
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := json.Marshal(map[string]string{"type": "merge", "into": into, "text": text})
			if err != nil {
				return err
			}
			var c hub.Case
			path := "/api/v1/cases/" + url.PathEscape(args[0]) + "/commands"
			if _, err := s.call(cmd.Context(), http.MethodPost, path, "application/json", bytes.NewReader(body), &c); err != nil {
				return err
			}
			return s.print(c, func(w io.Writer) { _, _ = fmt.Fprintf(w, "%s 已并入 %s。\n", c.ID, c.Into) })
		},
	}
	c.Flags().StringVar(&into, "into", "", "并入哪一件（必填）")
	c.Flags().StringVar(&text, "text", "同一事项", "理由")
	_ = c.MarkFlagRequired("into")
	return c
}
