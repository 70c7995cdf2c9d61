package cli

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/audit"
)

func newAudit(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "audit", Short: "查看和核验审计记录",
		Example: "  mashang audit list --actor zhang\n  mashang audit verify\n  mashang audit verify --checkpoints /mnt/elsewhere/checkpoints.jsonl --key 审计.pub",
	}
	c.AddCommand(newAuditList(s), newAuditVerify(s))
	return c
}

func newAuditList(s *settings) *cobra.Command {
	var actor, action, object string
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "列出审计记录，新的在前", Args: cobra.NoArgs,
		Example: "  mashang audit list --action personal.\n  mashang audit list --object BY7K3M9QXT2F4H -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"actor": {actor}, "action": {action}, "object": {object}, "limit": {strconv.Itoa(limit)}}
			return show(s, cmd, "/api/v1/audit?"+q.Encode(), func(w io.Writer, list api.AuditList) { writeAudit(w, list.Records) })
		},
	}
	c.Flags().StringVar(&actor, "actor", "", "只看这个账号做的")
	c.Flags().StringVar(&action, "action", "", "只看以此开头的操作，如 case. 或 login.")
	c.Flags().StringVar(&object, "object", "", "只看这个对象的，如事项编号")
	c.Flags().IntVar(&limit, "limit", 50, "最多多少条")
	return c
}

func writeAudit(w io.Writer, list []audit.Entry) {
	if len(list) == 0 {
		_, _ = fmt.Fprintln(w, "没有符合条件的审计记录。")
		return
	}
	tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
	for _, e := range list {
		_, _ = fmt.Fprintf(tw, "%d\t%s\t%s %s\t%s\t%s\t%v\n", e.ID, e.At.In(hub.China()).Format("2006-01-02 15:04:05"),
			e.Actor.Kind, e.Actor.ID, e.Action, e.Object, e.Data)
	}
	_ = tw.Flush()
}

func newAuditVerify(s *settings) *cobra.Command {
	var file, keyFile string
	c := &cobra.Command{
		Use: "verify", Short: "核验审计链和每件事项的经过，指出第一条被改、被删的记录", Args: cobra.NoArgs,
		Long: "先沿哈希链核对每一条审计记录，再逐件核对事项经过的哈希链。检查点另存在别处时，用 --checkpoints 和 --key 带来，\n" +
			"末尾被截断也能发现。有问题时退出码是 1。",
		Example: "  mashang audit verify\n  mashang audit verify --checkpoints checkpoints.jsonl --key audit.pub -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			req, err := verifyRequest(file, keyFile)
			if err != nil {
				return err
			}
			var v verified
			if err := s.verifyChains(cmd, req, &v); err != nil {
				return err
			}
			if err := s.verifyHistories(cmd, &v); err != nil {
				return err
			}
			if err := s.print(v, func(w io.Writer) { writeVerdict(w, v) }); err != nil {
				return err
			}
			if !v.OK {
				return &exitError{exitFinding, fmt.Errorf("审计记录与写入时不符")}
			}
			return nil
		},
	}
	c.Flags().StringVar(&file, "checkpoints", "", "另存的检查点文件；不填用码上自己的")
	c.Flags().StringVar(&keyFile, "key", "", "检查点的公钥文件，一行一把；不填用各节点登记的")
	return c
}

func verifyRequest(file, keyFile string) (api.VerifyRequest, error) {
	var req api.VerifyRequest
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return req, &exitError{exitUsage, err}
		}
		if req.Checkpoints, err = audit.ParseCheckpoints(data); err != nil {
			return req, err
		}
		// The last ones tell all that matters: each covers all before it.
		req.Checkpoints = req.Checkpoints[max(0, len(req.Checkpoints)-25):]
	}
	if keyFile != "" {
		data, err := os.ReadFile(keyFile)
		if err != nil {
			return req, &exitError{exitUsage, err}
		}
		req.Key = string(data)
	}
	return req, nil
}

// verified is what was found in the audit and in the histories of all cases.
type verified struct {
	api.Verdict
	Histories audit.Histories `json:"histories"`
}

// verifyChains follows the audit's chains one after another, each in a request
// of its own: however long the audit is, none takes long.
func (s *settings) verifyChains(cmd *cobra.Command, req api.VerifyRequest, v *verified) error {
	v.OK = true
	for chain := range audit.Shards {
		var part api.Verdict
		if err := s.post(cmd, "audit/verify?chain="+strconv.Itoa(chain), req, &part); err != nil {
			return err
		}
		v.OK, v.Records, v.Checkpoints, v.BadMark = v.OK && part.OK, v.Records+part.Records, part.Checkpoints, part.BadMark
		if v.FirstBad == nil {
			v.FirstBad = part.FirstBad
		}
		s.progress("第 %d 条链（共 %d 条）：%d 条记录", chain+1, audit.Shards, part.Records)
	}
	return nil
}

// verifyHistories follows the histories of all cases, batch by batch.
func (s *settings) verifyHistories(cmd *cobra.Command, v *verified) error {
	for {
		var h audit.Histories
		if err := s.post(cmd, "audit/histories?after="+url.QueryEscape(string(v.Histories.Next)), nil, &h); err != nil {
			return err
		}
		v.Histories.Cases += h.Cases
		v.Histories.Events += h.Events
		v.Histories.Erased += h.Erased
		s.progress("事项经过：已核验 %d 件", v.Histories.Cases)
		v.Histories.Next, v.Histories.FirstBad = h.Next, h.FirstBad
		if h.FirstBad != nil {
			v.OK, v.Histories.Next = false, ""
		}
		if v.Histories.Next == "" {
			return nil
		}
	}
}

func writeVerdict(w io.Writer, v verified) {
	reasons := map[string]string{
		"changed": "内容被改", "missing": "被删除", "order": "链头不符", "tail_cut": "末尾被截断", "rewritten": "从这里起被重写",
		audit.CaseMissing: "所在的事项整行被删除",
	}
	if m := v.BadMark; m != nil {
		why := map[string]string{audit.MarkForged: "签名不对，可能被改过", audit.MarkUnknown: "由没有登记的公钥签名"}
		_, _ = fmt.Fprintf(w, "%s 的检查点（公钥 %s）%s。\n", m.At.In(hub.China()).Format("2006-01-02 15:04:05"), m.KeyID, why[m.Reason])
	}
	if f := v.FirstBad; f != nil {
		_, _ = fmt.Fprintf(w, "审计链第一处破损：第 %d 链第 %d 条（编号 %d）%s。\n", f.Shard, f.Seq, f.ID, reasons[f.Reason])
	} else {
		_, _ = fmt.Fprintf(w, "审计完好：%d 条记录，核对了 %d 个检查点。\n", v.Records, v.Checkpoints)
	}
	if f := v.Histories.FirstBad; f != nil {
		_, _ = fmt.Fprintf(w, "事项经过第一处破损：%s 第 %d 条%s。\n", f.Case, f.Seq, reasons[f.Reason])
	} else {
		_, _ = fmt.Fprintf(w, "事项经过完好：%d 件事项，%d 条经过，其中 %d 条的文字已按保存期限删除。\n",
			v.Histories.Cases, v.Histories.Events, v.Histories.Erased)
	}
}
