package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/order"
	"github.com/mashang-hub/mashang/hub/oversight"
)

func newOversight(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "oversight", Short: "督办：台账、下达、答复",
		Example: "  mashang oversight list --state overdue\n  mashang oversight order BY7K3M9QXT2F4H --text 三日内办结 --within 3个工作日\n" +
			"  mashang oversight answer BY7K3M9QXT2F4H --text 已办结",
	}
	c.AddCommand(newOrderList(s, "supervised"), newOrder(s, "order", "supervise"), newOrderAnswer(s, "oversight"))
	return c
}

func newInstruction(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "instruction", Short: "批示：对一件事项或一个主题，跟踪到答复",
		Example: "  mashang instruction give BY7K3M9QXT2F4H --text 住建局立即处理\n  mashang instruction topic heating --text 逐户排查 --within 2个工作日\n" +
			"  mashang instruction topics",
	}
	c.AddCommand(newOrderList(s, "instructed"), newOrder(s, "give", "instruct"), newOrderAnswer(s, "instruction"),
		newTopicOrder(s), newTopicOrders(s), newTopicAnswer(s))
	return c
}

func newOrderList(s *settings, kind string) *cobra.Command {
	var state, owner string
	c := &cobra.Command{
		Use: "list", Short: "台账，快到期的在前", Args: cobra.NoArgs,
		Example: "  mashang oversight list --state open\n  mashang instruction list --state overdue --owner housing -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"state": {state}, "kind": {kind}, "owner": {owner}}
			return show(s, cmd, "/api/v1/orders?"+q.Encode(), func(w io.Writer, list api.OrderList) { writeOrders(w, list) })
		},
	}
	c.Flags().StringVar(&state, "state", "", "open 未答复，overdue 超期未答复，answered 已答复；不填为全部")
	c.Flags().StringVar(&owner, "owner", "", "责任部门，如 housing")
	return c
}

func writeOrders(w io.Writer, list api.OrderList) {
	if len(list.Orders) == 0 {
		_, _ = fmt.Fprintln(w, "没有符合条件的督办或批示。")
		return
	}
	tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
	for _, o := range list.Orders {
		word := glossary.In("event", string(o.Kind))
		if o.Grade != "" {
			word = glossary.In("order", string(o.Grade))
		}
		state := "限 " + beijing(o.Due)
		switch {
		case !o.AnsweredAt.IsZero():
			state = "已答复：" + o.Answer
		case o.Overdue:
			state = "超期，" + state
		}
		_, _ = fmt.Fprintf(tw, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n", o.Case, o.ID, word, o.Owner, o.By, o.Text, state)
	}
	_ = tw.Flush()
}

// command sends one command about a case.
func (s *settings) command(cmd *cobra.Command, id string, req order.Request) error {
	body, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("encode the command: %w", err)
	}
	var c hub.Case
	_, err = s.call(cmd.Context(), http.MethodPost, "/api/v1/cases/"+url.PathEscape(id)+"/commands", "application/json", bytes.NewReader(body), &c)
	if err != nil {
		return err
	}
	return s.print(c, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "%s：%d 件督办、批示待答复\n", c.ID, len(c.Orders))
	})
}

func newOrder(s *settings, use, command string) *cobra.Command {
	var text, within, owner, grade string
	c := &cobra.Command{
		Use: use + " 事项编号", Short: map[string]string{"supervise": "督办一件事项，等级逐次加重", "instruct": "对一件事项批示"}[command],
		Args:    cobra.ExactArgs(1),
		Example: "  mashang oversight order BY7K3M9QXT2F4H --text 三日内办结 --grade listed\n  mashang instruction give BY7K3M9QXT2F4H --text 立即处理 --owner housing --within 24小时",
		RunE: func(cmd *cobra.Command, args []string) error {
			req := order.Request{Type: command, Text: text, Department: hub.DepartmentCode(owner), Grade: hub.OrderGrade(grade)}
			if within != "" {
				b, err := hub.ParseBudget(within)
				if err != nil {
					return err
				}
				req.Within = b
			}
			return s.command(cmd, args[0], req)
		},
	}
	c.Flags().StringVar(&text, "text", "", "要求")
	c.Flags().StringVar(&within, "within", "", "答复期限，默认 3个工作日")
	c.Flags().StringVar(&owner, "owner", "", "责任部门，默认牵头部门")
	if command == "supervise" {
		c.Flags().StringVar(&grade, "grade", "", "remind 催办，supervise 督办，listed 挂牌督办，interview 约谈；不填则比未答复的加重一级")
	}
	_ = c.MarkFlagRequired("text")
	return c
}

func newOrderAnswer(s *settings, parent string) *cobra.Command {
	var text string
	var number int64
	c := &cobra.Command{
		Use: "answer 事项编号", Short: "答复事项上的督办、批示", Args: cobra.ExactArgs(1),
		Example: "  mashang " + parent + " answer BY7K3M9QXT2F4H --text 已办结\n  mashang " + parent + " answer BY7K3M9QXT2F4H --order 7 --text 已派人",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.command(cmd, args[0], order.Request{Type: "answer_demand", Text: text, Order: number})
		},
	}
	c.Flags().StringVar(&text, "text", "", "答复")
	c.Flags().Int64Var(&number, "order", 0, "台账里的序号；不填则答复全部（分属几个部门时须填）")
	_ = c.MarkFlagRequired("text")
	return c
}

func newTopicOrder(s *settings) *cobra.Command {
	var in oversight.Instruction
	var within, place, owner string
	c := &cobra.Command{
		Use: "topic 主题", Short: "对一个主题批示：落到该主题的每件在办事项", Args: cobra.ExactArgs(1),
		Example: "  mashang instruction topic heating --text 逐户排查，每日报告 --within 2个工作日\n  mashang instruction topic wage_arrears --place 620402 --owner labor --text 节前清零",
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Topic, in.Place, in.Owner = args[0], hub.PlaceCode(place), hub.DepartmentCode(owner)
			if within != "" {
				b, err := hub.ParseBudget(within)
				if err != nil {
					return err
				}
				in.Within = b
			}
			var t oversight.TopicOrder
			if err := s.post(cmd, "instructions", in, &t); err != nil {
				return err
			}
			return s.print(t, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "专题批示 %s 已下达到 %d 件在办事项，限 %s 答复\n", t.ID, t.Cases, beijing(t.Due))
			})
		},
	}
	c.Flags().StringVar(&in.Text, "text", "", "批示内容")
	c.Flags().StringVar(&within, "within", "", "答复期限，默认 3个工作日")
	c.Flags().StringVar(&place, "place", "", "只在这个地方，区划代码")
	c.Flags().StringVar(&owner, "owner", "", "责任部门，默认各事项的牵头部门")
	_ = c.MarkFlagRequired("text")
	return c
}

func newTopicOrders(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "topics", Short: "专题批示及其落实", Args: cobra.NoArgs, Example: "  mashang instruction topics -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(s, cmd, "/api/v1/instructions", func(w io.Writer, list api.TopicOrderList) {
				if len(list.Instructions) == 0 {
					_, _ = fmt.Fprintln(w, "还没有专题批示。用 mashang instruction topic 下达。")
				}
				for _, t := range list.Instructions {
					_, _ = fmt.Fprintf(w, "%s %s %s：%s；%d 件中 %d 件未答复，限 %s %s\n", t.ID, t.By, t.Topic, t.Text, t.Cases, t.Open,
						beijing(t.Due), t.Answer)
				}
			})
		},
	}
}

func newTopicAnswer(s *settings) *cobra.Command {
	var text string
	c := &cobra.Command{
		Use: "close 批示编号", Short: "答复专题批示，连同事项上未答复的", Args: cobra.ExactArgs(1),
		Example: "  mashang instruction close z20261124083000.000000 --text 已全部排查",
		RunE: func(cmd *cobra.Command, args []string) error {
			var done api.Done
			if err := s.post(cmd, "instructions/"+url.PathEscape(args[0])+"/answer", api.Reply{Text: text}, &done); err != nil {
				return err
			}
			return s.print(done, func(w io.Writer) { _, _ = fmt.Fprintln(w, "已答复。") })
		},
	}
	c.Flags().StringVar(&text, "text", "", "答复")
	_ = c.MarkFlagRequired("text")
	return c
}
