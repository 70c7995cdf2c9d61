package simulate

import (
	"fmt"
	"io"
	"strings"

	"github.com/mashang-hub/mashang/hub/glossary"
)

// A printer writes lines and stops at the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// listed is how many rows of a list are printed.
const listed = 12

// WriteText prints d for people.
func (d *Diff) WriteText(w io.Writer) error {
	p := &printer{w: w}
	p.line("对比 %s → %s", short(string(d.Before)), short(string(d.After)))
	p.line("历史 %d 件，用时 %.2f 秒；有变化 %d 件（%.2f%%），换部门 %d 件", d.Cases, float64(d.TookMS)/1000,
		d.Changed, 100*share(d.Changed, d.Cases), d.Rerouted)
	p.line("新能派出 %d 件，新转分拨岗 %d 件；未定 %d→%d 件，冲突 %d→%d 件", d.NewlyDecided, d.NewlyUndecided,
		d.Undecided.Before, d.Undecided.After, d.Conflicts.Before, d.Conflicts.After)
	if d.Changed == 0 && d.Cases > 0 {
		p.line("两个版本对这批历史的判定完全一样。")
	}
	p.moves("去向变化（原去向 → 新去向）", d.Matrix, Name)
	p.loads("各部门工作量", d.Load, Name)
	if len(d.Deadlines) > 0 {
		p.line("\n时限变化：变短 %d 个，变长 %d 个", d.DeadlinesShorter, d.DeadlinesLonger)
		for _, m := range d.Deadlines[:min(listed, len(d.Deadlines))] {
			p.line("  %s  %s → %s  %d 件", glossary.In("clock", string(m.Kind)), Budget(m.From), Budget(m.To), m.Cases)
		}
	}
	p.moves("类别变化", d.Categories, same)
	p.moves("诉求类型变化", d.Kinds, in("kind"))
	p.moves("紧急程度变化", d.Urgencies, in("urgency"))
	p.moves("主题变化", d.Topics, same)
	p.moves("难度变化", d.Grades, in("grade"))
	p.loads("规则胜出次数", d.Rules, same)
	p.samples("样例", d.Samples)
	p.grams(d.Ngrams)
	return p.err
}

// WriteText prints r for people.
func (r *Report) WriteText(w io.Writer) error {
	p := &printer{w: w}
	p.line("规则集 %s，历史 %d 件，用时 %.2f 秒", short(string(r.RuleSet)), r.Cases, float64(r.TookMS)/1000)
	if r.Cases == 0 {
		p.line("这段时间没有事项。")
		return p.err
	}
	p.line("派出 %d 件（%.1f%%），转分拨岗 %d 件，其中冲突 %d 件", r.Decided, 100*r.Share, r.Undecided, r.Conflicts)
	if r.Known > 0 {
		p.line("知道实际去向的 %d 件中，%d 件一致（%.1f%%）", r.Known, r.Same, 100*share(r.Same, r.Known))
	}
	p.counts("各部门工作量", r.Load, Name)
	p.moves("与实际不同（实际 → 规则）", r.Matrix, Name)
	p.counts("类别", r.Categories, same)
	p.counts("诉求类型", r.Kinds, in("kind"))
	p.counts("紧急程度", r.Urgencies, in("urgency"))
	if len(r.Deadlines) > 0 {
		p.line("\n时限")
	}
	for _, c := range r.Deadlines[:min(listed, len(r.Deadlines))] {
		p.line("  %s  %s  %d 件", glossary.In("clock", string(c.Kind)), Budget(c.Budget), c.Cases)
	}
	p.counts("胜出的规则", r.Rules, same)
	p.samples("要人看的样例", r.Samples)
	p.grams(r.Ngrams)
	return p.err
}

func same(s string) string { return s }

func in(area string) func(string) string {
	return func(s string) string { return glossary.In(area, s) }
}

func short(hash string) string { return hash[:min(12, len(hash))] }

func (p *printer) moves(title string, list []Move, name func(string) string) {
	if len(list) == 0 {
		return
	}
	p.line("\n%s", title)
	for _, m := range list[:min(listed, len(list))] {
		p.line("  %s → %s  %d 件", first(name(m.From), "空"), first(name(m.To), "空"), m.Cases)
	}
	p.more(len(list))
}

func (p *printer) loads(title string, list []Load, name func(string) string) {
	if len(list) == 0 {
		return
	}
	p.line("\n%s", title)
	for _, l := range list[:min(listed, len(list))] {
		p.line("  %s  %d → %d  (%+d)", name(l.Department), l.Before, l.After, l.Change)
	}
	p.more(len(list))
}

func (p *printer) counts(title string, list []Count, name func(string) string) {
	p.line("\n%s", title)
	for _, c := range list[:min(listed, len(list))] {
		p.line("  %s  %d 件", first(name(c.Value), "空"), c.Cases)
	}
	p.more(len(list))
}

func (p *printer) more(n int) {
	if n > listed {
		p.line("  …另有 %d 行，用 -o json 看全部", n-listed)
	}
}

func (p *printer) samples(title string, list []Sample) {
	if len(list) == 0 {
		return
	}
	p.line("\n%s", title)
	for _, s := range list {
		p.line("  [%s] %s", s.ID, first(s.Title, "（无标题）"))
		if len(s.Changes) > 0 {
			p.line("      %s", strings.Join(s.Changes, "；"))
		}
		if s.Before != nil {
			p.line("      原：%s", s.Before.Why)
		}
		p.line("      现：%s", s.After.Why)
	}
}

func (p *printer) grams(list []Gram) {
	if len(list) == 0 {
		return
	}
	words := make([]string, len(list))
	for i, g := range list {
		words[i] = fmt.Sprintf("%s %d", g.Text, g.Cases)
	}
	p.line("\n没有规则命中的事项里常见的词（可考虑加进词库）\n  %s", strings.Join(words, "  "))
}
