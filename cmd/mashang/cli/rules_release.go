package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/release"
	"github.com/mashang-hub/mashang/rules/bundle"
	"github.com/mashang-hub/mashang/rules/simulate"
)

// ask sends v to the running hub.
func (s *settings) ask(ctx context.Context, path string, v, out any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the request: %w", err)
	}
	_, err = s.call(ctx, http.MethodPost, path, "application/json", bytes.NewReader(body), out)
	return err
}

// remoteReport asks the running hub to judge its own history.
func (s *settings) remoteReport(cmd *cobra.Command, what string, args []string, since string, into texter) error {
	var q struct {
		Versions []release.Version `json:"versions"`
		Since    string            `json:"since"`
	}
	q.Since = since
	for _, a := range args {
		v, err := versionOf(a)
		if err != nil {
			return err
		}
		q.Versions = append(q.Versions, v)
	}
	if err := s.ask(cmd.Context(), "/api/v1/rules/"+what, q, into); err != nil {
		return err
	}
	return s.report(into)
}

// versionOf packs a folder; anything else is the name of a released version.
func versionOf(name string) (release.Version, error) {
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		return release.Version{Ref: name}, nil
	}
	source, err := packFolder(name)
	return release.Version{Source: source}, err
}

func packFolder(dir string) ([]byte, error) {
	v, err := openVersion(dir)
	if err != nil {
		return nil, err
	}
	if _, err := v.load(); err != nil { // mistakes are told before anything travels
		return nil, err
	}
	return bundle.Pack(v.files)
}

func whoami() string { return cmp.Or(os.Getenv("MASHANG_USER"), os.Getenv("USER")) }

// publishFlags are the flags of publish.
type publishFlags struct {
	author, approver, why, to, force string
	places, channels                 []string
	percent                          int
}

func newRulesPublish(s *settings) *cobra.Command {
	var f publishFlags
	c := &cobra.Command{
		Use: "publish 目录|规则集编号", Short: "提交规则、批准上线：草稿 → 影子 → 灰度 → 启用", Args: cobra.ExactArgs(1),
		Long: "给目录就是提交：检查、跑例、与启用版本对比近 30 天历史，结果记录在案，成为草稿。\n" +
			"给规则集编号就是批准：由另一人用 --approver 批准到影子、灰度或启用。提交人和批准人不能是同一人。\n" +
			"同时写 --author 和 --approver 时，两步一次做完。",
		Example: "  mashang rules publish configs/baiyin --author 张三 --why 供暖季增加“地暖”\n" +
			"  mashang rules publish 3f9c21ab --approver 李四 --to shadow\n" +
			"  mashang rules publish 3f9c21ab --approver 李四 --to canary --percent 10 --place 620402\n" +
			"  mashang rules publish 3f9c21ab --approver 李四 --to active",
		RunE: func(cmd *cobra.Command, args []string) error { return s.publish(cmd.Context(), args[0], f) },
	}
	c.Flags().StringVar(&f.author, "author", "", "提交人；不填用 MASHANG_USER 或系统用户名")
	c.Flags().StringVar(&f.approver, "approver", "", "批准人")
	c.Flags().StringVar(&f.why, "why", "", "为什么改")
	c.Flags().StringVar(&f.to, "to", "active", "批准到哪一步：shadow、canary、active")
	c.Flags().StringSliceVar(&f.places, "place", nil, "灰度的地区编码，可多个")
	c.Flags().StringSliceVar(&f.channels, "channel", nil, "灰度的渠道，可多个")
	c.Flags().IntVar(&f.percent, "percent", 0, "灰度的比例，1 到 100，按事项编号固定")
	c.Flags().StringVar(&f.force, "force", "", "关口没有通过也放行的理由（会记录在案）")
	return c
}

func (s *settings) publish(ctx context.Context, what string, f publishFlags) error {
	v, err := versionOf(what)
	if err != nil {
		return err
	}
	var out release.Outcome
	hash := hub.RuleSetHash(what)
	if v.Source != nil {
		in := struct {
			release.Proposal
			release.Version
		}{release.Proposal{Author: cmp.Or(f.author, whoami()), Why: f.why}, v}
		if err := s.ask(ctx, "/api/v1/rules/releases", in, &out); err != nil {
			return err
		}
		hash = out.Release.Hash
	} else if f.approver == "" {
		if strings.Trim(what, "0123456789abcdef") != "" {
			return &exitError{exitUsage, fmt.Errorf("没有目录 %s，也不是规则集编号", what)}
		}
		return hub.Errorf(hub.CodeInvalid, "release.approver_required")
	}
	if f.approver != "" {
		gates := out.Gates
		p := release.Promotion{Hash: hash, To: release.State(f.to), By: f.approver, Why: f.why, Force: f.force}
		p.Scope = scopeOf(f)
		out = release.Outcome{}
		if err := s.ask(ctx, "/api/v1/rules/promote", p, &out); err != nil {
			s.gates(s.errOut, gates)
			return err
		}
	}
	if err := s.print(out, func(w io.Writer) { s.outcome(w, out) }); err != nil {
		return err
	}
	for _, g := range out.Gates {
		if !g.OK && f.force == "" {
			return &exitError{exitFinding, fmt.Errorf("关口“%s”没有通过，改好后再提交", glossary.In("gate", string(g.Gate)))}
		}
	}
	return nil
}

func scopeOf(f publishFlags) release.Scope {
	scope := release.Scope{Percent: f.percent}
	for _, p := range f.places {
		scope.Places = append(scope.Places, hub.PlaceCode(p))
	}
	for _, c := range f.channels {
		scope.Channels = append(scope.Channels, hub.ChannelCode(c))
	}
	return scope
}

func (s *settings) outcome(w io.Writer, out release.Outcome) {
	r := out.Release
	_, _ = fmt.Fprintf(w, "规则集 %s：%s\n", release.Short(r.Hash), glossary.In("release", string(r.State)))
	s.gates(w, out.Gates)
	if r.State == release.Draft {
		_, _ = fmt.Fprintf(w, "请另一人批准：mashang rules publish %s --approver 姓名 --to shadow|canary|active\n", release.Short(r.Hash))
		_, _ = fmt.Fprintf(w, "看完整对比：mashang rules diff active %s --since 30d\n", release.Short(r.Hash))
	}
}

func (s *settings) gates(w io.Writer, gates []release.Gate) {
	for _, g := range gates {
		mark := "✔"
		if !g.OK {
			mark = "✘"
		}
		_, _ = fmt.Fprintf(w, "  %s %s：%s\n", mark, glossary.In("gate", string(g.Gate)), g.Summary)
	}
}

func newRulesRollback(s *settings) *cobra.Command {
	var b release.Rollback
	c := &cobra.Command{
		Use: "rollback [规则集编号]", Short: "撤下刚上线的规则，立即恢复上一版", Args: cobra.MaximumNArgs(1),
		Long:    "有灰度时先撤下灰度；否则恢复上一个启用的版本，或写明的那个启用过的版本。不用批准，但要留名。",
		Example: "  mashang rules rollback --by 李四 --why 误派供热\n  mashang rules rollback 3f9c21ab --by 李四",
		RunE: func(cmd *cobra.Command, args []string) error {
			b.To = hub.RuleSetHash(strings.Join(args, ""))
			b.By = cmp.Or(b.By, whoami())
			var out release.Outcome
			if err := s.ask(cmd.Context(), "/api/v1/rules/rollback", b, &out); err != nil {
				return err
			}
			return s.print(out, func(w io.Writer) {
				if out.Release.State == release.Retired {
					_, _ = fmt.Fprintf(w, "已撤下灰度中的规则集 %s\n", release.Short(out.Release.Hash))
					return
				}
				_, _ = fmt.Fprintf(w, "已恢复规则集 %s\n", release.Short(out.Release.Hash))
			})
		},
	}
	c.Flags().StringVar(&b.By, "by", "", "谁；不填用 MASHANG_USER 或系统用户名")
	c.Flags().StringVar(&b.Why, "why", "回滚", "为什么")
	return c
}

func newRulesReleases(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "releases", Short: "发布记录：谁、何时、为什么", Args: cobra.NoArgs,
		Example: "  mashang rules releases\n  mashang rules releases -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var v struct {
				Releases []release.Release `json:"releases"`
				Log      []release.Entry   `json:"log"`
			}
			if _, err := s.call(cmd.Context(), http.MethodGet, "/api/v1/rules/releases", "", nil, &v); err != nil {
				return err
			}
			return s.print(v, func(w io.Writer) {
				tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
				for _, r := range v.Releases {
					_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", release.Short(r.Hash),
						glossary.In("release", string(r.State)), r.Author, cmp.Or(r.Approver, "—"), r.Why)
				}
				_ = tw.Flush()
				if len(v.Releases) == 0 {
					_, _ = fmt.Fprintln(w, "还没有发布过规则。")
				}
				for _, e := range v.Log {
					_, _ = fmt.Fprintf(w, "%s  %s  #%d → %s  %s %s\n", e.At.In(hub.China()).Format("01-02 15:04:05"), e.By,
						e.Release, glossary.In("release", string(e.To)), e.Why, e.Forced)
				}
			})
		},
	}
}

func newRulesShadow(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "shadow [规则集编号]", Short: "影子运行的规则与实际判定有什么不同", Args: cobra.MaximumNArgs(1),
		Example: "  mashang rules shadow\n  mashang rules shadow 3f9c21ab -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			var r release.ShadowReport
			q := url.Values{"hash": {strings.Join(args, "")}}
			if _, err := s.call(cmd.Context(), http.MethodGet, "/api/v1/rules/shadow?"+q.Encode(), "", nil, &r); err != nil {
				return err
			}
			return s.print(r, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "规则集 %s 看过 %d 件，%d 件与实际判定相同\n", release.Short(r.Shadow), r.Cases, r.Same)
				for _, m := range r.Matrix {
					_, _ = fmt.Fprintf(w, "  %s → %s  %d 件\n", simulate.Name(m.From), simulate.Name(m.To), m.Cases)
				}
				for _, c := range r.Samples {
					_, _ = fmt.Fprintf(w, "  [%s] 现：%s\n      影子：%s\n", c.Case, simulate.Judge(&c.Before).Why, simulate.Judge(&c.After).Why)
				}
			})
		},
	}
}

func newRulesTail(s *settings) *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "tail", Short: "实时看运行中的码上怎样判定，为什么", Args: cobra.NoArgs,
		Example: "  mashang rules tail\n  mashang rules tail -n 10 -o json | jq .to",
		RunE:    func(cmd *cobra.Command, _ []string) error { return s.tail(cmd.Context(), limit) },
	}
	c.Flags().IntVarP(&limit, "number", "n", 0, "看到这么多件就结束；0 为一直看")
	return c
}

// tail prints decisions as they are made; with -o json one object a line.
func (s *settings) tail(ctx context.Context, limit int) error {
	seen := map[hub.CaseID]bool{}
	after := ""
	for n := 0; ; {
		var page release.JudgedPage
		path := "/api/v1/rules/tail?" + url.Values{"after": {after}}.Encode()
		if _, err := s.call(ctx, http.MethodGet, path, "", nil, &page); err != nil {
			if errors.Is(ctx.Err(), context.Canceled) {
				return nil
			}
			return err
		}
		if after == "" && !s.json() {
			_, _ = fmt.Fprintln(s.errOut, "等待新的判定，按 Ctrl+C 停止。")
		}
		after = page.Next.Format(time.RFC3339Nano)
		for _, j := range page.Decisions {
			if seen[j.Case] {
				continue
			}
			if len(seen) > 10000 {
				clear(seen)
			}
			seen[j.Case] = true
			if err := s.print(j, func(w io.Writer) { writeJudged(w, j) }); err != nil {
				return err
			}
			if n++; n == limit {
				return nil
			}
		}
	}
}

func writeJudged(w io.Writer, j release.Judged) {
	_, _ = fmt.Fprintf(w, "%s  %s  %s  %s\n    %s  [%s]\n", j.At.In(hub.China()).Format("15:04:05"), j.Case, j.Channel,
		cmp.Or(j.Title, "（无标题）"), simulate.Judge(&j.Decision).Why, release.Short(j.Decision.RuleSet))
}
