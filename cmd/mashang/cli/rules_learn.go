package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/rules/learn"
)

// draftFlags are the flags of rules draft.
type draftFlags struct {
	config, from, write string
	labels              []string
	least               int
	precision           float64
}

func newRulesDraft(s *settings) *cobra.Command {
	var f draftFlags
	c := &cobra.Command{
		Use: "draft", Short: "从判错、改派的来件归纳规则草案，引擎先验证再给人看", Args: cobra.NoArgs,
		Long: "来件一行一个 JSON，department 写最后承办的部门；或用 --labels 另给标准答案。\n" +
			"只看规则判错或没判的来件；每个词至少出现在 --min 件不同的来件里，并列出它多派对几件。\n" +
			"草案先在全部来件上试跑，弄错的比弄对的多就不推荐。--write 把推荐的草案写进目录，一个部门一个文件，由人改定后再用。",
		Example: "  mashang rules draft --from 改派.jsonl\n  mashang rules draft --from 留言.jsonl --labels 承办部门.tsv --write 草案/ -o json",
		RunE:    func(*cobra.Command, []string) error { return f.run(s) },
	}
	c.Flags().StringVar(&f.config, "config", "", "城市目录或规则目录；不填则用内置的白银市")
	c.Flags().StringVar(&f.from, "from", "", "来件文件")
	c.Flags().StringArrayVar(&f.labels, "labels", nil, "标注文件；来件自带 department 时不用")
	c.Flags().StringVar(&f.write, "write", "", "把推荐的草案写进这个目录")
	c.Flags().IntVar(&f.least, "min", 3, "一个词至少出现在几件来件里，不少于 3")
	c.Flags().Float64Var(&f.precision, "precision", 0.85, "一个词命中的来件里派对的至少占")
	_ = c.MarkFlagRequired("from")
	return c
}

func (f *draftFlags) run(s *settings) error {
	v, err := openVersion(f.config)
	if err != nil {
		return err
	}
	cases, err := f.cases()
	if err != nil {
		return err
	}
	list, err := learn.Draft(v.files, v.known, cases, learn.Options{Min: f.least, Precision: f.precision, Mask: mask.Text})
	if err != nil {
		return err
	}
	if err := f.save(list); err != nil {
		return err
	}
	return s.report(drafts{Proposals: list, Cases: len(cases)})
}

// cases joins the messages with their answers.
func (f *draftFlags) cases() ([]learn.Case, error) {
	files := f.labels
	if len(files) == 0 {
		files = []string{f.from}
	}
	labels, cases, err := readLabelled(files, f.from)
	if err != nil {
		return nil, err
	}
	want := map[string][]hub.DepartmentCode{}
	for _, l := range labels {
		want[l.ID] = l.Departments
	}
	var out []learn.Case
	for _, c := range cases {
		if w := want[c.ExternalID]; len(w) > 0 {
			out = append(out, learn.Case{Submission: c, Want: w})
		}
	}
	if len(out) == 0 {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "rules.no_answers", Args: []any{f.from}}
	}
	return out, nil
}

// save writes the accepted proposals.
func (f *draftFlags) save(list []learn.Proposal) error {
	if f.write == "" {
		return nil
	}
	if err := os.MkdirAll(f.write, 0o750); err != nil {
		return fmt.Errorf("make the folder of drafts: %w", err)
	}
	for _, p := range list {
		if !p.Accepted {
			continue
		}
		if err := os.WriteFile(filepath.Join(f.write, string(p.Rule)+".yaml"), []byte(p.YAML), 0o600); err != nil {
			return fmt.Errorf("write draft: %w", err)
		}
	}
	return nil
}

// drafts is the report of rules draft.
type drafts struct {
	Cases     int              `json:"cases"`
	Proposals []learn.Proposal `json:"proposals"`
}

// WriteText writes the proposals for people.
func (d drafts) WriteText(w io.Writer) error {
	if len(d.Proposals) == 0 {
		_, err := fmt.Fprintf(w, "看了 %d 件：没有哪个词能多派对三件以上，不提草案。\n", d.Cases)
		return err
	}
	var errs error
	for _, p := range d.Proposals {
		mark := "推荐"
		if !p.Accepted {
			mark = "不推荐"
		}
		_, err := fmt.Fprintf(w, "%s  %s：%s\n%s\n", mark, p.Rule, p.Reason, p.YAML)
		errs = errors.Join(errs, err)
	}
	return errs
}
