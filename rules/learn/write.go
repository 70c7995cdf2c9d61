package learn

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mashang-hub/mashang/hub"
)

// longest text of an example, in runes: enough to show what it is about.
const exampleText = 60

// examples finds up to two cases that the words hit and one that is most like
// them without being hit.
func (d *drafter) examples(lead hub.DepartmentCode, words []Word) (hit []Case, miss Case) {
	has := func(title string) bool {
		return slices.ContainsFunc(words, func(w Word) bool { return strings.Contains(title, w.Text) })
	}
	for _, w := range words {
		for _, i := range d.words[w.Text] {
			c := d.cases[i]
			if len(hit) < 2 && slices.Contains(c.Want, lead) && !d.before[i] &&
				!slices.ContainsFunc(hit, func(h Case) bool { return h.Submission == c.Submission }) {
				hit = append(hit, c)
			}
		}
	}
	near := map[rune]bool{}
	for _, w := range words {
		for _, r := range w.Text {
			near[r] = true
		}
	}
	best := -1
	for _, c := range d.cases {
		if slices.Contains(c.Want, lead) || has(c.Title) || has(d.o.Mask(c.Title)) {
			continue
		}
		n := 0
		for _, r := range c.Title {
			if near[r] {
				n++
			}
		}
		if n > best {
			best, miss = n, c
		}
	}
	return hit, miss
}

// write writes a proposal as a rule file in the form that authors use.
func write(p Proposal, hit []Case, miss Case, o Options) string {
	var b strings.Builder
	b.WriteString("# 由 mashang rules draft 从历史归纳；每个词后面是：对的件数、错的件数、多派对的件数。\n")
	for _, w := range p.Words {
		fmt.Fprintf(&b, "#   %s  对 %d  错 %d  多派对 %d  对数几率 %.2f  卡方 %.1f\n", w.Text, w.Right, w.Wrong, w.Gain, w.LogOdds, w.Chi2)
	}
	var quoted []string
	for _, w := range p.Words {
		quoted = append(quoted, strconv.Quote(w.Text))
	}
	fmt.Fprintf(&b, "版本: 1\n负责人: 待定\n规则:\n  - 编号: %s\n    名称: %s\n", p.Rule, "草案："+p.Words[0].Text+"等，"+o.name(p.Department))
	fmt.Fprintf(&b, "    当: 标题含(%s)\n    则: {主办: %s}\n    优先: %d\n    例:\n", strings.Join(quoted, ", "), o.name(p.Department), o.Priority)
	for _, c := range hit {
		fmt.Fprintf(&b, "      - 中: {%s}\n", o.example(c))
	}
	if miss.Submission != nil {
		fmt.Fprintf(&b, "      - 不中: {%s}\n", o.example(miss))
	} else {
		b.WriteString("      - 不中: {标题: 路灯坏了, 正文: 请修}\n")
	}
	return b.String()
}

func (o Options) example(c Case) string {
	text := []rune(strings.Join(strings.Fields(o.Mask(c.Text)), ""))
	if len(text) > exampleText {
		text = append(text[:exampleText:exampleText], '…')
	}
	return "标题: " + strconv.Quote(strings.TrimSpace(o.Mask(c.Title))) + ", 正文: " + strconv.Quote(string(text))
}
