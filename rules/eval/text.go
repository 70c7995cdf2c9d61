package eval

import (
	"fmt"
	"io"
	"strings"
)

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "评测 %d 件", r.Cases)
	if r.Missing > 0 {
		fmt.Fprintf(&b, "，另有 %d 条标注找不到来件", r.Missing)
	}
	b.WriteString("\n")
	r.Category.write(&b, "一级分类")
	r.Departments.write(&b, "主办部门")
	r.writeRules(&b)
	if len(r.Worst) > 0 {
		b.WriteString("\n最有把握却判错的\n")
	}
	for _, m := range r.Worst {
		fmt.Fprintf(&b, "  %s  %s 应为 %s，判成 %s", m.ID, m.Asked, m.Want, m.Got)
		if m.Rule != "" {
			fmt.Fprintf(&b, "（%s）", m.Rule)
		}
		fmt.Fprintf(&b, "  %s\n", m.Title)
	}
	if f := r.Folds; f != nil {
		fmt.Fprintf(&b, "\n交叉验证（%d 折，词表分值只用其余各折重新学）：一级分类 %d/%d = %.1f%%；分值不重学时 %.1f%%\n",
			f.Folds, f.Right, f.Labelled, 100*f.Accuracy, 100*f.AsWritten)
		fmt.Fprintf(&b, "最严的算法（除这一件外没人用过的词一律不计分）：%d/%d = %.1f%%\n", f.StrictRight, f.Labelled, 100*f.Strict)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (m *Measure) write(b *strings.Builder, name string) {
	if m == nil {
		return
	}
	fmt.Fprintf(b, "\n%s：判定 %d/%d = %.1f%%，判定中正确 %d = %.1f%%\n",
		name, m.Decided, m.Labelled, 100*m.DecidedShare, m.Right, 100*m.Accuracy)
	fmt.Fprintf(b, "  %-20s %6s %6s %8s %8s\n", "类", "应有", "判入", "查准率", "查全率")
	for _, c := range m.Classes {
		fmt.Fprintf(b, "  %-20s %6d %6d %7.1f%% %7.1f%%\n", c.Name, c.Labelled, c.Said, 100*c.Precision, 100*c.Recall)
	}
	for i, c := range m.Confusion {
		if i == 12 {
			fmt.Fprintf(b, "  … 另有 %d 种混淆，见 -o json\n", len(m.Confusion)-i)
			break
		}
		got := c.Got
		if got == "" {
			got = "（分拨岗）"
		}
		fmt.Fprintf(b, "  %s → %s  %d 件\n", c.Want, got, c.Cases)
	}
}

func (r *Report) writeRules(b *strings.Builder) {
	said := false
	for _, k := range r.Rules {
		if k.Wrong == 0 {
			break
		}
		if !said {
			b.WriteString("\n判错过主办的规则\n")
			said = true
		}
		fmt.Fprintf(b, "  %-24s 对 %d 错 %d\n", k.Rule, k.Right, k.Wrong)
	}
}
