package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/cmd/mashang/city"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
)

func newRules(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "rules", Short: "试规则",
		Example: "  mashang rules run --config configs/baiyin --input 留言.jsonl",
	}
	c.AddCommand(newRulesRun(s), newRulesCheck(s))
	c.AddCommand(newRulesBench(s), newRulesTest(s), newRulesCover(s), newRulesExplain(s), newRulesFields(s), newRulesFmt(s))
	c.AddCommand(newRulesEval(s), newRulesDraft(s), newRulesScore(s))
	c.AddCommand(newRulesDiff(s), newRulesSimulate(s), newRulesPublish(s), newRulesRollback(s), newRulesReleases(s),
		newRulesShadow(s), newRulesTail(s), newRulesExport(s), newRulesImport(s),
		newRulesStudio(s))
	return c
}

// ruleSet loads the rules of a city's folder, or of a folder of rules alone.
func ruleSet(dir string) (*rules.Set, error) {
	if dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "mashang.yaml")); errors.Is(err, fs.ErrNotExist) {
			return rules.Load(os.DirFS(dir), nil)
		}
	}
	c, err := city.Load(cityFS(dir))
	if err != nil {
		return nil, fmt.Errorf("read the city's folder: %w", err)
	}
	var codes []hub.DepartmentCode
	for _, d := range c.Departments {
		codes = append(codes, d.Code)
	}
	return rules.Load(c.Rules, codes, rules.WithCalendar(c.Calendar))
}

func newRulesRun(s *settings) *cobra.Command {
	var config, input string
	c := &cobra.Command{
		Use: "run", Short: "用规则判定一批来件，一行一件", Args: cobra.NoArgs,
		Example: "  mashang rules run --config configs/baiyin --input 留言.jsonl\n  cat 留言.jsonl | mashang rules run --input -",
		RunE: func(*cobra.Command, []string) error {
			set, err := ruleSet(config)
			if err != nil {
				return err
			}
			in := s.in
			if input != "-" {
				f, err := os.Open(input)
				if err != nil {
					return &exitError{exitUsage, err}
				}
				defer func() { _ = f.Close() }()
				in = f
			}
			return rules.Run(set, in, s.out)
		},
	}
	c.Flags().StringVar(&config, "config", "", "城市目录；不填则用内置的白银市")
	c.Flags().StringVar(&input, "input", "-", "来件文件，每行一个 JSON；- 为标准输入")
	return c
}
