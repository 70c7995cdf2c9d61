package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/warning"
)

func newWarning(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "warning", Short: "预警：很多来件说的是同一件事",
		Example: "  mashang warning list --open\n  mashang warning show YJ261202A1B2C3",
	}
	c.AddCommand(newWarningList(s), newWarningShow(s), newWarningClose(s))
	return c
}

func newWarningList(s *settings) *cobra.Command {
	var open bool
	c := &cobra.Command{
		Use: "list", Short: "列出预警，新的在前", Args: cobra.NoArgs,
		Example: "  mashang warning list --open -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list api.WarningList
			path := "/api/v1/warnings?open=" + strconv.FormatBool(open)
			if _, err := s.call(cmd.Context(), http.MethodGet, path, "", nil, &list); err != nil {
				return err
			}
			return s.print(list, func(w io.Writer) {
				if len(list.Warnings) == 0 {
					_, _ = fmt.Fprintln(w, "没有预警。")
				}
				for _, v := range list.Warnings {
					state := "进行中"
					if !v.ClosedAt.IsZero() {
						state = "已解除"
					}
					_, _ = fmt.Fprintf(w, "%s  %s  %s  %d 件  %s\n", v.ID, v.OpenedAt.In(hub.China()).Format("01-02 15:04"), state, v.Cases, v.Why)
				}
			})
		},
	}
	c.Flags().BoolVar(&open, "open", false, "只看还没解除的")
	return c
}

func newWarningShow(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "show 预警编号", Short: "为什么报，归集了哪些事项", Args: cobra.ExactArgs(1),
		Example: "  mashang warning show YJ261202A1B2C3 -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return show(s, cmd, "/api/v1/warnings/"+url.PathEscape(args[0]), func(w io.Writer, v api.WarningView) {
				_, _ = fmt.Fprintf(w, "%s  %s\n%s\n", v.ID, v.Spot, v.Why)
				for _, id := range v.Members {
					_, _ = fmt.Fprintln(w, "  ", id)
				}
				if v.Hidden > 0 {
					_, _ = fmt.Fprintf(w, "另有 %d 件不在您的范围内。\n", v.Hidden)
				}
			})
		},
	}
}

func newWarningClose(s *settings) *cobra.Command {
	var req api.ClosingRequest
	c := &cobra.Command{
		Use: "close 预警编号", Short: "解除一个预警，写明理由", Args: cobra.ExactArgs(1),
		Example: "  mashang warning close YJ261202A1B2C3 --reason 管道已修复，全部恢复供热",
		RunE: func(cmd *cobra.Command, args []string) error {
			var v warning.Warning
			if err := s.post(cmd, "warnings/"+url.PathEscape(args[0])+"/close", req, &v); err != nil {
				return err
			}
			return s.print(v, func(w io.Writer) { _, _ = fmt.Fprintf(w, "%s 已解除，共 %d 件。\n", v.ID, v.Cases) })
		},
	}
	c.Flags().StringVar(&req.Reason, "reason", "", "为什么解除")
	_ = c.MarkFlagRequired("reason")
	return c
}
