package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/layout"
	"github.com/mashang-hub/mashang/rules/ruletest"
	"github.com/mashang-hub/mashang/rules/tell"
)

// configFlag adds --config.
func configFlag(c *cobra.Command, config *string) *cobra.Command {
	c.Flags().StringVar(config, "config", "", "城市目录或规则目录；不填则用内置的白银市")
	return c
}

// openSet opens and loads the rules of a folder.
func openSet(dir string) (version, *rules.Set, error) {
	v, err := openVersion(dir)
	if err != nil {
		return v, nil, err
	}
	set, err := v.load()
	return v, set, err
}

func newRulesTest(s *settings) *cobra.Command {
	var config, junit string
	c := &cobra.Command{
		Use: "test", Short: "运行规则旁边的测试：例和 *_test.yaml", Args: cobra.NoArgs,
		Example: "  mashang rules test\n  mashang rules test --config configs/baiyin --junit 规则测试.xml\n  mashang rules test -o json",
		RunE: func(*cobra.Command, []string) error {
			v, set, err := openSet(config)
			if err != nil {
				return err
			}
			r, err := ruletest.Run(v.files, set)
			if err != nil {
				return err
			}
			if err := writeJUnit(junit, r); err != nil {
				return err
			}
			if err := s.print(r, r.Write); err != nil {
				return err
			}
			if r.Failed > 0 {
				return &exitError{exitFinding, fmt.Errorf("%d 个规则测试没有通过", r.Failed)}
			}
			return nil
		},
	}
	c.Flags().StringVar(&junit, "junit", "", "另写一份 JUnit XML 到这个文件")
	return configFlag(c, &config)
}

func writeJUnit(name string, r ruletest.Report) error {
	if name == "" {
		return nil
	}
	f, err := os.Create(name)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	return errors.Join(r.JUnit(f), f.Close())
}

func newRulesCover(s *settings) *cobra.Command {
	var config string
	var least float64
	c := &cobra.Command{
		Use: "cover", Short: "测试覆盖了哪些规则、条件和表格行", Args: cobra.NoArgs,
		Long:    "不用索引，用全部测试逐条判断：每条规则有没有命中过、没命中过，每个条件成立过、不成立过没有，表格的每行命中过没有。",
		Example: "  mashang rules cover\n  mashang rules cover --config configs/baiyin --min 90\n  mashang rules cover -o json",
		RunE: func(*cobra.Command, []string) error {
			v, set, err := openSet(config)
			if err != nil {
				return err
			}
			r, err := ruletest.Cover(v.files, set)
			if err != nil {
				return err
			}
			if err := s.print(r, r.Write); err != nil {
				return err
			}
			if got := min(r.Rules.Percent, r.Clauses.Percent); got < least {
				return &exitError{exitFinding, fmt.Errorf("覆盖 %.1f%%，低于 %.1f%%", got, least)}
			}
			return nil
		},
	}
	c.Flags().Float64Var(&least, "min", 0, "规则和条件的覆盖低于这个百分数就算失败")
	return configFlag(c, &config)
}

func newRulesExplain(s *settings) *cobra.Command {
	var config, at string
	m := rules.Message{}
	c := &cobra.Command{
		Use: "explain [事项编号]", Short: "一件事为什么这样判定，差一点命中的是哪条", Args: cobra.MaximumNArgs(1),
		Long: "写事项编号，就由运行中的码上用当时的规则集解释；再写 --config，就用那个目录里的规则解释；用 --text 就判定写出来的话。\n每个条件前的 ✔ 表示成立，✘ 表示不成立，后面是看到了什么。",
		Example: "  mashang rules explain BY7K3M9QXT2F4H\n  mashang rules explain --text 小区暖气冰凉三天了 --time \"2026-12-01 09:00\"\n" +
			"  mashang rules explain --title 家里冷 --text 暖气不热 --channel 热线 -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && config == "" {
				return s.explainCase(cmd, args[0])
			}
			_, set, err := openSet(config)
			if err != nil {
				return err
			}
			var sub *hub.Submission
			switch {
			case len(args) == 1:
				sub, err = s.submissionOf(cmd, args[0])
			case m.Title == "" && m.Text == "":
				err = &exitError{exitUsage, errors.New("要写事项编号，或者 --text、--title")}
			default:
				m.Time = at
				voc := set.Vocabulary()
				if sub, err = m.Submission(voc.Channels, voc.Places); err != nil {
					err = &exitError{exitUsage, err}
				}
			}
			if err != nil {
				return err
			}
			e := set.Explain(sub)
			return s.print(e, func(w io.Writer) { tell.Explanation(w, set, &e) })
		},
	}
	c.Flags().StringVar(&m.Title, "title", "", "标题")
	c.Flags().StringVar(&m.Text, "text", "", "正文")
	c.Flags().StringVar(&m.Channel, "channel", "", "渠道，如 热线、qr")
	c.Flags().StringVar(&m.Place, "place", "", "地区，如 白银区、620402")
	c.Flags().StringVar(&at, "time", time.Now().Format("2006-01-02 15:04"), "提交时间")
	return configFlag(c, &config)
}

// explainCase lets the hub explain a case by the rule set that decided it.
func (s *settings) explainCase(cmd *cobra.Command, id string) error {
	return show(s, cmd, "/api/v1/rules/explain/"+url.PathEscape(id), func(w io.Writer, v map[string]any) { _, _ = fmt.Fprint(w, v["text"]) })
}

// submissionOf asks the hub for a case.
func (s *settings) submissionOf(cmd *cobra.Command, id string) (*hub.Submission, error) {
	var v struct {
		hub.Content
		Channel     hub.ChannelCode `json:"channel"`
		Place       hub.PlaceCode   `json:"place"`
		SubmittedAt time.Time       `json:"submitted_at"`
		OpenedAt    time.Time       `json:"opened_at"`
	}
	if _, err := s.call(cmd.Context(), http.MethodGet, "/api/v1/cases/"+url.PathEscape(id), "", nil, &v); err != nil {
		return nil, err
	}
	sub := &hub.Submission{Content: v.Content, Channel: v.Channel, Place: v.Place, SubmittedAt: v.SubmittedAt}
	if sub.SubmittedAt.IsZero() {
		sub.SubmittedAt = v.OpenedAt
	}
	return sub, nil
}

func newRulesFields(s *settings) *cobra.Command {
	var config string
	c := &cobra.Command{
		Use: "fields", Short: "条件里能写的字段、函数和词库", Args: cobra.NoArgs,
		Example: "  mashang rules fields\n  mashang rules fields --config configs/baiyin -o json",
		RunE: func(*cobra.Command, []string) error {
			_, set, err := openSet(config)
			if err != nil {
				return err
			}
			l := tell.Fields(set)
			return s.print(l, l.Write)
		},
	}
	return configFlag(c, &config)
}

// formatted is the outcome of rules fmt.
type formatted struct {
	Checked int      `json:"checked"`
	Changed []string `json:"changed"` // files that were, or would be, written
}

func newRulesFmt(s *settings) *cobra.Command {
	var config string
	var check bool
	c := &cobra.Command{
		Use: "fmt", Short: "把规则文件改成统一的写法，注释不动", Args: cobra.NoArgs,
		Long:    "条件改用中文连接词、半角标点，规则里各项按固定次序；注释不动，意思不变。写两遍和写一遍一样。",
		Example: "  mashang rules fmt --config configs/baiyin\n  mashang rules fmt --config configs/baiyin --check",
		RunE: func(*cobra.Command, []string) error {
			dir, set, err := folderOf(config)
			if err != nil {
				return err
			}
			out, err := formatAll(dir, set, check)
			if err != nil {
				return err
			}
			err = s.print(out, func(w io.Writer) {
				for _, f := range out.Changed {
					_, _ = fmt.Fprintln(w, f)
				}
				_, _ = fmt.Fprintf(w, "看了 %d 个文件，%d 个不是统一的写法。\n", out.Checked, len(out.Changed))
			})
			if err == nil && check && len(out.Changed) > 0 {
				return &exitError{exitFinding, fmt.Errorf("%d 个文件不是统一的写法：去掉 --check 就会改好", len(out.Changed))}
			}
			return err
		},
	}
	c.Flags().BoolVar(&check, "check", false, "只看不改，有要改的就算失败")
	return configFlag(c, &config)
}

// folderOf finds the folder of rule files on disk.
func folderOf(config string) (string, *rules.Set, error) {
	if config == "" {
		return "", nil, &exitError{exitUsage, errors.New("要用 --config 写明目录：内置的白银市不能改")}
	}
	v, err := openVersion(config)
	if err != nil {
		return "", nil, err
	}
	set, _, err := rules.Inspect(v.files, v.known, v.outside()...)
	if isCity(config) {
		config = filepath.Join(config, "rules")
	}
	return config, set, err
}

func formatAll(dir string, set *rules.Set, check bool) (formatted, error) {
	out := formatted{Changed: []string{}}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".yaml" && filepath.Ext(name) != ".yml" ||
			strings.HasSuffix(strings.TrimSuffix(name, filepath.Ext(name)), "_test") {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		want, err := layout.Format(data, set.Format)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		out.Checked++
		if string(want) == string(data) {
			return nil
		}
		out.Changed = append(out.Changed, name)
		if check {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(name, want, info.Mode().Perm())
	})
	return out, err
}
