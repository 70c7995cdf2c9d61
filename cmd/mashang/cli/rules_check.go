package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules/lint"
)

// checkFlags are the flags of rules check.
type checkFlags struct {
	config, history, page string
	fix, strict           bool
}

func newRulesCheck(s *settings) *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use: "check", Short: "检查规则能否上线，哪里写错、多余或者危险", Args: cobra.NoArgs,
		Long: "一次列出所有问题，写明文件、行、列，用箭头指出是哪几个字，并说怎么改。错误会挡住上线，警告和提示不会。\n" +
			"永远不会成立、永远不被采用的规则是证明出来的；常常冲突的规则用 --history 的历史来数。\n每个编号有一页说明：--explain M07。",
		Example: "  mashang rules check --config configs/baiyin\n  mashang rules check --explain M07\n" +
			"  mashang rules check --config configs/baiyin --fix\n  mashang rules check --config configs/baiyin --history 历史.jsonl --strict -o json",
		RunE: func(*cobra.Command, []string) error {
			if f.page != "" {
				text, err := lint.Page(f.page)
				if err != nil {
					return err
				}
				return s.print(map[string]string{"code": f.page, "page": text}, func(w io.Writer) { _, _ = io.WriteString(w, text) })
			}
			return s.check(&f)
		},
	}
	c.Flags().StringVar(&f.history, "history", "", "历史来件，每行一个 JSON，用来数规则重叠和词的多少")
	c.Flags().StringVar(&f.page, "explain", "", "显示一个编号的说明，如 M07")
	c.Flags().BoolVar(&f.fix, "fix", false, "改好能放心改的：多余的词、不统一的写法")
	c.Flags().BoolVar(&f.strict, "strict", false, "有警告也算失败")
	return configFlag(c, &f.config)
}

func (s *settings) check(f *checkFlags) error {
	v, err := openVersion(f.config)
	if err != nil {
		return err
	}
	var past []*hub.Submission
	if f.history != "" {
		cases, err := readHistory(f.history, s.in)
		if err != nil {
			return err
		}
		for i := range cases {
			past = append(past, &cases[i].Submission)
		}
	}
	r, err := lint.Folder(v.files, v.known, past, v.outside()...)
	if err == nil && f.fix {
		if err = fixFolder(f.config, r.Findings); err == nil {
			r, err = lint.Folder(v.files, v.known, past, v.outside()...)
		}
	}
	if err != nil {
		return err
	}
	if err := s.print(r, func(w io.Writer) { writeFindings(w, &r) }); err != nil {
		return err
	}
	if !r.OK || f.strict && r.Warnings > 0 {
		return &exitError{exitFinding, fmt.Errorf("规则有 %d 个错误、%d 个警告", r.Errors, r.Warnings)}
	}
	return nil
}

func writeFindings(w io.Writer, r *lint.Report) {
	names := map[lint.Severity]string{lint.Error: "错误", lint.Warning: "警告", lint.Hint: "提示"}
	for _, x := range r.Findings {
		_, _ = fmt.Fprintf(w, "%s %s\n", names[x.Severity], x.String())
		if caret := x.Caret(); caret != "" {
			_, _ = fmt.Fprintln(w, caret)
		}
		if x.Instead != "" {
			_, _ = fmt.Fprintf(w, "  改成：%s\n", x.Instead)
		}
	}
	if r.OK {
		_, _ = fmt.Fprintf(w, "规则检查通过：%d 条，%d 个警告，%d 个提示，规则集 %s\n", r.Rules, r.Warnings, r.Hints, r.RuleSet)
		return
	}
	_, _ = fmt.Fprintf(w, "规则检查没有通过：%d 个错误，%d 个警告，%d 个提示。每个编号的说明：mashang rules check --explain 编号\n", r.Errors, r.Warnings, r.Hints)
}

// fixFolder mends the files of a folder on disk.
func fixFolder(config string, found []lint.Finding) error {
	dir, set, err := folderOf(config)
	if err != nil {
		return err
	}
	byFile := map[string][]lint.Finding{}
	for _, x := range found {
		byFile[x.File] = append(byFile[x.File], x)
	}
	for name, list := range byFile {
		path := filepath.Join(dir, filepath.FromSlash(name))
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("mend %s: %w", name, err)
		}
		text, n, err := lint.Fix(set, data, list)
		if err != nil {
			return fmt.Errorf("mend %s: %w", name, err)
		}
		if n == 0 {
			continue
		}
		if err := os.WriteFile(path, text, 0o644); err != nil { //nolint:gosec // a text that its author edits
			return fmt.Errorf("mend %s: %w", name, err)
		}
	}
	return nil
}
