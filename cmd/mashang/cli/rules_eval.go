package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/rules/eval"
)

// evalFlags are the flags of rules eval.
type evalFlags struct {
	config, input                 string
	labels                        []string
	folds                         int
	category, department, decided float64
}

func newRulesEval(s *settings) *cobra.Command {
	var f evalFlags
	c := &cobra.Command{
		Use: "eval", Short: "用有标准答案的来件评测规则：准确率、混淆矩阵、最差的错", Args: cobra.NoArgs,
		Long: "标注文件一行一件：JSON（id、category、departments，或留言编号、一级分类），或“编号、制表符、部门代码”（多个部门用逗号隔开，都算对）。\n" +
			"标注里没有正文时用 --input 给来件。--folds 10 另做十折交叉验证：每一折的词表分值只用其余各折重新学。\n" +
			"达不到 --min-category、--min-department、--min-decided 时退出码为 1。",
		Example: "  mashang rules eval --labels 已分类.jsonl --folds 10\n" +
			"  mashang rules eval --labels 承办部门.tsv --input 留言.jsonl --min-department 0.9 --min-decided 0.85 -o json",
		RunE: func(*cobra.Command, []string) error { return f.run(s) },
	}
	c.Flags().StringVar(&f.config, "config", "", "城市目录或规则目录；不填则用内置的白银市")
	c.Flags().StringArrayVar(&f.labels, "labels", nil, "标注文件，可以写多个")
	c.Flags().StringVar(&f.input, "input", "", "来件文件，每行一个 JSON；标注自带正文时不用")
	c.Flags().IntVar(&f.folds, "folds", 0, "交叉验证的折数，0 为不做")
	c.Flags().Float64Var(&f.category, "min-category", 0, "一级分类准确率至少，如 0.9")
	c.Flags().Float64Var(&f.department, "min-department", 0, "判定了主办的来件中正确的至少")
	c.Flags().Float64Var(&f.decided, "min-decided", 0, "判定了主办的来件至少占")
	_ = c.MarkFlagRequired("labels")
	return c
}

func (f *evalFlags) run(s *settings) error {
	v, err := openVersion(f.config)
	if err != nil {
		return err
	}
	set, err := v.load()
	if err != nil {
		return err
	}
	labels, cases, err := readLabelled(f.labels, f.input)
	if err != nil {
		return err
	}
	r := eval.Evaluate(set, labels, cases, mask.Text)
	if f.folds > 0 {
		if r.Folds, err = eval.Folds(v.files, v.known, labels, f.folds); err != nil {
			return err
		}
	}
	if err := s.report(r); err != nil {
		return err
	}
	return f.judge(r)
}

// judge compares the report with what was asked for.
func (f *evalFlags) judge(r *eval.Report) error {
	switch c, d := r.Category, r.Departments; {
	case f.category > 0 && (c == nil || c.Accuracy < f.category):
		return &hub.Error{Code: hub.CodeInvalid, Key: "rules.below", Args: []any{"一级分类准确率", f.category}}
	case f.department > 0 && (d == nil || d.Accuracy < f.department):
		return &hub.Error{Code: hub.CodeInvalid, Key: "rules.below", Args: []any{"主办准确率", f.department}}
	case f.decided > 0 && (d == nil || d.DecidedShare < f.decided):
		return &hub.Error{Code: hub.CodeInvalid, Key: "rules.below", Args: []any{"判定比例", f.decided}}
	}
	return nil
}

// readLabelled reads the answers of all files and the cases, if any; an answer
// without a text gets that of the case with its number.
func readLabelled(files []string, input string) ([]eval.Label, []*hub.Submission, error) {
	var labels []eval.Label
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, &exitError{exitUsage, err}
		}
		l, err := eval.ReadLabels(f)
		_ = f.Close()
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		labels = append(labels, l...)
	}
	if input == "" {
		return labels, nil, nil
	}
	f, err := os.Open(input)
	if err != nil {
		return nil, nil, &exitError{exitUsage, err}
	}
	defer func() { _ = f.Close() }()
	cases, err := eval.ReadCases(f)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", input, err)
	}
	return labels, cases, nil
}
