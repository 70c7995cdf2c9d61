package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/order"
)

func newCaseParts(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "parts 事项编号", Short: "联动办理：各部门的任务、时限、进展和结果", Args: cobra.ExactArgs(1),
		Example: "  mashang case parts BY7K3M9QXT2F4H -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			var c hub.Case
			if _, err := s.call(cmd.Context(), http.MethodGet, "/api/v1/cases/"+url.PathEscape(args[0]), "", nil, &c); err != nil {
				return err
			}
			return s.printParts(c)
		},
	}
}

// printParts prints who handles c, and how far they are.
func (s *settings) printParts(c hub.Case) error {
	if c.Assignments == nil {
		c.Assignments = []hub.Assignment{}
	}
	return s.print(c.Assignments, func(w io.Writer) {
		if len(c.Assignments) == 0 {
			_, _ = fmt.Fprintln(w, "还没有派给部门。")
		}
		for _, a := range c.Assignments {
			_, _ = fmt.Fprintf(w, "%s（%s） %s\n", glossary.In("department", string(a.Department)), glossary.In("role", string(a.Role)), standing(a))
			for _, line := range [][2]string{{"任务", a.Task}, {"进展", a.Progress}, {"结果", a.Result}} {
				if line[1] != "" {
					_, _ = fmt.Fprintf(w, "  %s：%s\n", line[0], line[1])
				}
			}
		}
	})
}

// standing says how far a part is.
func standing(a hub.Assignment) string {
	state := "未签收"
	switch {
	case !a.DoneAt.IsZero():
		state = "已办完"
	case !a.SignedAt.IsZero():
		state = "在办"
	}
	if a.Finding != "" {
		state += "，核查" + glossary.In("finding", string(a.Finding))
	}
	if !a.Due.IsZero() && a.DoneAt.IsZero() {
		state += "，限 " + beijing(a.Due)
	}
	return state
}

func newCaseTask(s *settings) *cobra.Command {
	var text, department, within string
	c := &cobra.Command{
		Use: "task 事项编号", Short: "分工：写明一个部门办什么、何时办完", Args: cobra.ExactArgs(1),
		Example: "  mashang case task BY7K3M9QXT2F4H --department urban --text 拆除占压管线的棚子 --within 2个工作日",
		RunE: func(cmd *cobra.Command, args []string) error {
			req := order.Request{Type: "task", Department: hub.DepartmentCode(department), Text: text}
			if within != "" {
				b, err := hub.ParseBudget(within)
				if err != nil {
					return err
				}
				req.Within = b
			}
			return s.part(cmd, args[0], req)
		},
	}
	c.Flags().StringVar(&department, "department", "", "哪个承办部门，如 urban")
	c.Flags().StringVar(&text, "text", "", "要它办什么")
	c.Flags().StringVar(&within, "within", "", "多长时间内办完，如 2个工作日；不填则随事项的时限")
	_ = c.MarkFlagRequired("department")
	_ = c.MarkFlagRequired("text")
	return c
}

func newCaseVerify(s *settings) *cobra.Command {
	var text, department, finding string
	c := &cobra.Command{
		Use: "verify 事项编号", Short: "反馈核查结果：属实、部分属实、不属实", Args: cobra.ExactArgs(1),
		Example: "  mashang case verify BY7K3M9QXT2F4H --department heating --finding confirmed\n" +
			"  mashang case verify BY7K3M9QXT2F4H --department labor --finding unfounded --text 工资已于11月20日发放",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.part(cmd, args[0], order.Request{
				Type: "verify", Department: hub.DepartmentCode(department), Finding: hub.Finding(finding), Text: text,
			})
		},
	}
	c.Flags().StringVar(&department, "department", "", "哪个部门；只代表一个部门的账号可不填")
	c.Flags().StringVar(&finding, "finding", "", "confirmed 属实，partly 部分属实，unfounded 不属实")
	c.Flags().StringVar(&text, "text", "", "核查到的情况；属实的可不填")
	_ = c.MarkFlagRequired("finding")
	return c
}

// part sends a command about one department's part and prints all parts.
func (s *settings) part(cmd *cobra.Command, id string, req order.Request) error {
	var c hub.Case
	if err := s.post(cmd, "cases/"+url.PathEscape(id)+"/commands", req, &c); err != nil {
		return err
	}
	return s.printParts(c)
}
