package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/cmd/mashang/app"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/rules/learn"
)

// scoreFlags say where the scores come from.
type scoreFlags struct{ feedback, from, dsn, since, save string }

func newRulesScore(s *settings) *cobra.Command {
	var f scoreFlags
	c := &cobra.Command{
		Use: "score", Short: "每条规则的成绩：退单、改派和部门反馈的误报、不归我们、信息不全", Args: cobra.NoArgs,
		Long: "向运行中的码上要；也可以用 --postgres 直接读库，用 --from 给一份去向（事件，或 rule、lead、final、sent_back），\n" +
			"或用 --feedback 给以前用 --save 存下的成绩，不用联网。\n" +
			"退单、改派、误报、不归我们的算错，信息不全而没有错的算半件；成绩＝（没错的件数－半件）÷件数×100，最差的在前。\n" +
			fmt.Sprintf("准确率 80%% 以上保留，10%% 以下停用，其余调整；不足 %d 件的标“样本少”，排在最后，不下结论。", learn.Few),
		Example: "  mashang rules score --since 90d\n  mashang rules score --since 30d --save 成绩.jsonl\n" +
			"  mashang rules score --feedback 成绩.jsonl\n  mashang rules score --from 去向.jsonl -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.read(cmd.Context(), s)
			if err == nil && f.save != "" {
				err = saveScores(f.save, r.Rules)
			}
			if err != nil {
				return err
			}
			return s.report(scores{r})
		},
	}
	c.Flags().StringVar(&f.feedback, "feedback", "", "存下的成绩文件，每行一条规则；不用联网")
	c.Flags().StringVar(&f.from, "from", "", "去向文件，每行一个 JSON")
	c.Flags().StringVar(&f.dsn, "postgres", os.Getenv("MASHANG_POSTGRES"), "PostgreSQL 连接串")
	c.Flags().StringVar(&f.since, "since", "365d", "只看最近这段时间收到的事项，如 90d；对文件不起作用")
	c.Flags().StringVar(&f.save, "save", "", "另把成绩存成文件，供 --feedback 用")
	return c
}

func (f *scoreFlags) read(ctx context.Context, s *settings) (app.RuleScores, error) {
	if f.feedback != "" && f.from != "" {
		return app.RuleScores{}, &exitError{exitUsage, errors.New("--feedback 和 --from 只写一个")}
	}
	if file := f.feedback + f.from; file != "" {
		return f.file(file)
	}
	b, err := hub.ParseBudget(f.since)
	if err != nil {
		return app.RuleScores{}, &exitError{exitUsage, fmt.Errorf("--since 写成 90d：%w", err)}
	}
	if f.dsn == "" {
		var r app.RuleScores
		_, err := s.call(ctx, http.MethodGet, "/api/v1/rules/feedback?since="+url.QueryEscape(f.since), "", nil, &r)
		return r, err
	}
	db, err := postgres.Open(ctx, f.dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		return app.RuleScores{}, &exitError{exitUnreachable, err}
	}
	defer db.Close()
	return app.ScoreRules(ctx, db, time.Now().Add(-b.Length()))
}

// file reads scores or outcomes.
func (f *scoreFlags) file(name string) (r app.RuleScores, err error) {
	in, err := os.Open(name)
	if err != nil {
		return r, &exitError{exitUsage, err}
	}
	defer func() { _ = in.Close() }()
	if f.from != "" {
		list, err := learn.ReadOutcomes(in)
		return app.RuleScores{Cases: len(list), Rules: learn.Score(list, nil)}, err
	}
	r.Rules, err = learn.ReadScores(in)
	for _, k := range r.Rules {
		r.Cases += k.Cases
	}
	return r, err
}

func saveScores(name string, list []learn.RuleScore) error {
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	return errors.Join(learn.WriteScores(out, list), out.Close())
}

// scores is the report of rules score.
type scores struct{ app.RuleScores }

// WriteText writes the scores as a table, with the cases behind the numbers.
func (r scores) WriteText(w io.Writer) error {
	if len(r.Rules) == 0 {
		_, err := fmt.Fprintln(w, "这段时间里没有规则派出的事项。")
		return err
	}
	name := map[learn.Verdict]string{learn.Keep: "保留", learn.Tune: "调整", learn.Retire: "停用", learn.TooFew: "样本少"}
	_, errs := fmt.Fprintf(w, "共 %d 件由规则派出\n%-24s %6s %6s %6s %6s %6s %6s %8s %16s %6s  %s\n", r.Cases,
		"规则", "件数", "退单", "改派", "误报", "不归我们", "信息不全", "准确率", "95% 区间", "成绩", "结论")
	for _, k := range r.Rules {
		to := ""
		if len(k.Goes) > 0 {
			to = fmt.Sprintf("，多改派到 %s（%d）", k.Goes[0].To, k.Goes[0].Cases)
		}
		_, err := fmt.Fprintf(w, "%-24s %6d %6d %6d %6d %6d %6d %7.1f%% %6.1f%%–%.1f%% %6.1f  %s%s\n%s",
			k.Rule, k.Cases, k.SentBack, k.Rerouted, k.FalseAlarm, k.NotOurs, k.TooThin,
			100*k.Precision, 100*k.Low, 100*k.High, k.Score, name[k.Verdict], to, behind(k.Against))
		errs = errors.Join(errs, err)
	}
	return errs
}

// shown is how many cases are named behind each number.
const shown = 5

// behind names the cases that speak against a rule, a line for each reason.
func behind(list []learn.Against) string {
	var text strings.Builder
	for _, why := range []learn.Why{learn.BySendingBack, learn.ByRerouting, learn.FalseAlarm, learn.NotOurs, learn.TooThin} {
		var ids []string
		for _, a := range list {
			if a.Why == why && a.Case != "" {
				ids = append(ids, string(a.Case))
			}
		}
		if len(ids) == 0 {
			continue
		}
		more := ""
		if len(ids) > shown {
			more = fmt.Sprintf(" 等 %d 件", len(ids))
		}
		fmt.Fprintf(&text, "    %s：%s%s\n", reason(why), strings.Join(ids[:min(len(ids), shown)], "、"), more)
	}
	return text.String()
}

func reason(why learn.Why) string {
	switch why {
	case learn.BySendingBack:
		return "退单"
	case learn.ByRerouting:
		return "改派"
	case learn.FalseAlarm, learn.NotOurs, learn.TooThin:
	}
	return glossary.In("feedback", string(why))
}
