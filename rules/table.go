package rules

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules/formula"
	"github.com/mashang-hub/mashang/rules/lang"
)

// grid compiles a decision table (表格): every row becomes a rule. Of a table
// with 命中: 首行, only the first row that holds counts.
func (c *compiler) grid(s *source, i int) {
	t := &s.Grids[i]
	o := origin{s, t.ID, []any{"表格", i}}
	c.claim(o, t.ID)
	if t.Hit != "" && t.Hit != "首行" && t.Hit != "全部" {
		c.problem(o.to("命中"), "M12", "“命中”只能是 首行 或 全部")
	}
	if len(t.Columns) == 0 || len(t.Rows) == 0 {
		c.problem(o, "M01", "表格没有列或没有行")
	}
	known := c.heads(o, t)
	for j, row := range t.Rows {
		switch {
		case len(row) != len(t.Columns):
			c.problem(o.to("行", j), "M01", "这一行有 %d 格，应有 %d 格", len(row), len(t.Columns))
		case known:
			c.row(o, t, j)
		}
	}
	c.examples(o, t.Examples, hub.RuleID(t.ID))
}

const arrow = "→"

// answering is the name of an answering column.
func answering(head string) (string, bool) {
	name, ok := strings.CutPrefix(strings.TrimSpace(head), arrow)
	return strings.TrimSpace(name), ok
}

// heads checks the names of the columns.
func (c *compiler) heads(o origin, t *gridText) (ok bool) {
	before := len(c.problems)
	answers, asks := tags(reflect.TypeFor[then]()), []string{"含任一", "含全部", "不含", "标题含", "正文含", "辖区"}
	maps.Copy(answers, tags(reflect.TypeFor[clocksText]()))
	for f := formula.Title; f <= formula.Tag; f++ {
		asks = append(asks, f.Name())
	}
	asks = append(append(asks, formula.Numbers()...), formula.Flags()...)
	outs := 0
	for k, head := range t.Columns {
		if name, ok := answering(head); ok {
			outs++
			if _, known := answers[name]; !known {
				c.problem(o.to("列", k), "M02", "没有“%s”这种结果%s", name, meant(name, slices.Collect(maps.Keys(answers))))
			}
			continue
		}
		if !slices.Contains(asks, head) {
			c.problem(o.to("列", k), "M02", "没有“%s”这个字段%s", head, meant(head, asks))
		}
	}
	if outs == 0 && len(t.Columns) > 0 {
		c.problem(o.to("列"), "M01", "没有结果列：结果列的名字以 → 开头，如 → 主办")
	}
	return len(c.problems) == before
}

func meant(name string, among []string) string {
	if m := lang.Closest(name, among); m != "" {
		return "，是不是“" + m + "”？"
	}
	return ""
}

func (c *compiler) row(o origin, t *gridText, j int) {
	at := o.to("行", j)
	r := rule{
		id: hub.RuleID(fmt.Sprintf("%s/%d", t.ID, j+1)), name: t.Name, owner: o.source.Owner, file: o.source.name,
		line: at.line(), priority: t.Priority,
	}
	var answers then
	var clocks clocksText
	var asks, texts []string
	for k, head := range t.Columns {
		if name, ok := answering(head); ok {
			c.cell(at.to(k), &answers, &clocks, name, t.Rows[j][k])
		} else if src := cellCondition(head, t.Rows[j][k], c.voc.Lists); src != "" {
			asks = append(asks, src)
		}
	}
	clocks.Source = cmp.Or(clocks.Source, t.Source)
	r.stage = answers.inferred(clocks)
	c.stage(o, &r, t.Stage)
	if t.Hit != "全部" {
		r.grid, r.specificity = len(c.ids), 1_000_000-j // rows rank in order
	}
	r.yes = formula.AllOf()
	if t.When != "" {
		asks = append([]string{"(" + t.When + ")"}, asks...)
	}
	for _, src := range asks {
		texts = append(texts, src)
		f := c.condition(at, &r, src)
		if f == nil {
			return
		}
		r.yes.Kids = append(r.yes.Kids, f)
	}
	r.when, r.form = strings.Join(texts, " 且 "), r.yes
	c.then(at, &r, &answers)
	c.clocks(at, &r, &clocks)
	c.add(r)
}

// cell stores an answer.
func (c *compiler) cell(o origin, t *then, clocks *clocksText, name, v string) {
	if v = strings.TrimSpace(v); v == "" || v == "*" || v == "-" {
		return
	}
	target := reflect.ValueOf(clocks).Elem()
	i, ok := tags(target.Type())[name]
	if !ok {
		target = reflect.ValueOf(t).Elem()
		if i, ok = tags(target.Type())[name]; !ok {
			return
		}
	}
	f := target.Field(i)
	switch f.Kind() {
	case reflect.Slice:
		f.Set(reflect.ValueOf(splitCell(v)))
	case reflect.Int:
		n, err := strconv.Atoi(v)
		if err != nil {
			c.problem(o, "M03", "“%s”要写整数，不能写“%s”", name, v)
		}
		f.SetInt(int64(n))
	default:
		f.SetString(v)
	}
}

func splitCell(v string) []string {
	var out []string
	for _, p := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(",，、;；", r) }) {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// cellCondition writes what a cell asks as a condition, "" if anything will do.
func cellCondition(head, cell string, lists map[string][]string) string {
	cell = strings.TrimSpace(cell)
	not, positive := "", cell
	for _, n := range []string{"非", "！", "!"} {
		if rest, ok := strings.CutPrefix(cell, n); ok {
			not, positive = "非 ", strings.TrimSpace(rest)
		}
	}
	parts := splitCell(positive)
	switch {
	case cell == "" || cell == "*":
		return ""
	case slices.Contains(formula.Flags(), head):
		if slices.Contains([]string{"否", "不", "×"}, cell) || not != "" {
			return "非 " + head + "()"
		}
		return head + "()"
	case slices.Contains(formula.Numbers(), head):
		return not + "(" + numberCell(head, positive) + ")"
	}
	for i, p := range parts {
		if _, list := lists[p]; !list || !strings.Contains(head, "含") {
			parts[i] = strconv.Quote(p)
		}
	}
	inside := strings.Join(parts, ", ")
	switch {
	case strings.Contains(head, "含") || head == "辖区":
		return not + head + "(" + inside + ")"
	case head == "标题" || head == "正文" || head == "全文":
		return not + map[string]string{"标题": "标题含", "正文": "正文含", "全文": "含任一"}[head] + "(" + inside + ")"
	}
	return not + "(" + head + " 属于 [" + inside + "])"
}

// numberCell reads "30", ">=30" and "10-30".
func numberCell(head, cell string) string {
	cell = strings.NewReplacer("～", "-", "~", "-", "—", "-", " ", "").Replace(cell)
	if from, to, ok := strings.Cut(cell, "-"); ok && from != "" {
		return head + " >= " + from + " 且 " + head + " <= " + to
	}
	if strings.ContainsAny(cell[:1], "<>=!") || strings.ContainsAny(cell, "大小≥≤＞＜等") {
		return head + " " + cell
	}
	return head + " == " + cell
}

// table compiles the scoring table i of s.
func (c *compiler) table(s *source, i int) {
	t := &s.Tables[i]
	o := origin{s, t.ID, []any{"打分", i}}
	x := table{id: hub.RuleID(t.ID), least: t.Least, lead: t.Lead, title: t.Title}
	switch t.Target {
	case "类别":
	case "主办":
		x.route = true
	default:
		c.problem(o.to("目标"), "M12", "打分的目标只能是 类别 或 主办")
	}
	if x.title == 0 {
		x.title = 1
	}
	for _, name := range slices.Sorted(maps.Keys(t.Words)) {
		label := name
		if x.route {
			label = string(c.department(o.to("词", name), name))
		}
		n := int32(len(x.labels))
		x.labels = append(x.labels, label)
		for _, weight := range slices.Sorted(maps.Keys(t.Words[name])) {
			for _, w := range t.Words[name][weight] {
				if f := lang.CheckWord(w); f != nil {
					c.problem(o.to("词", name), f.Code, "%s", f.Text)
					continue
				}
				c.scores = append(c.scores, score{
					word: c.lifter.Atoms.WordID(w), table: int32(len(c.set.tables)), label: n, weight: float64(weight),
				})
			}
		}
	}
	c.set.tables = append(c.set.tables, x)
}
