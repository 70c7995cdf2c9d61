package lint

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
)

// rule checks what one rule says.
func (c *checker) rule(r *rules.Rule) {
	row := strings.Contains(string(r.ID), "/")
	if r.Name == "" && !row {
		c.report(r, Hint, "M37", string(r.ID), "没有写名称：解释和统计里只能看到编号")
	}
	if !row {
		for _, src := range []string{r.When, r.Unless} {
			if want := c.set.Format(src); want != src {
				c.report(r, Hint, "M32", src, "不是统一的写法，应写成 %s", want)
				c.last().Fixable = true
			}
		}
	}
	if r.Slow && r.Stage != "deadline" {
		c.slow(r)
	}
	c.effect(r)
	c.clocks(r)
	if !r.To.IsZero() && r.To.Before(time.Now()) {
		c.report(r, Warning, "M29", "失效", "已经在 %s 失效，可以删去", r.To.Format(time.DateOnly))
	}
	c.short(r)
	if strings.Contains(r.When, "不等于") {
		for _, n := range []string{"人数", "金额", "重复次数"} {
			if strings.Contains(r.When, n+" 不等于") {
				c.report(r, Hint, "M04", n+" 不等于", "文中没有写%s时，“%s 不等于”也不成立", n, n)
			}
		}
	}
}

// short reports keywords of one character, all of a rule together.
func (c *checker) short(r *rules.Rule) {
	var words []string
	for _, w := range r.Words {
		if utf8.RuneCountInString(w) == 1 && c.listed(w) == "" && strings.Contains(r.When, `"`+w+`"`) {
			words = append(words, w)
		}
	}
	if len(words) > 0 {
		c.report(r, Warning, "M18", `"`+words[0]+`"`, "只有一个字的关键词容易误中：%s", strings.Join(words, "、"))
	}
}

func (c *checker) last() *Finding { return &c.found[len(c.found)-1] }

// slow tells why the index cannot help with r.
func (c *checker) slow(r *rules.Rule) {
	if strings.Contains(r.When, "匹配") || strings.Contains(r.When, "matches") {
		c.report(r, Warning, "M20", r.When, "正则里没有一定出现的词，每一件都要试一遍，拖慢全部判定")
		return
	}
	if len(r.Words) == 0 && !strings.ContainsAny(r.When, "数额时度") {
		c.report(r, Warning, "M44", r.When, "只有否定的条件，几乎什么都会命中")
	}
}

// effect checks what r does.
func (c *checker) effect(r *rules.Rule) {
	if idle(r) {
		c.report(r, Warning, "M35", string(r.ID), "命中了也什么都不做：“则”和“时限”都是空的")
	}
	if r.Reject != nil && r.Reject.Suggestion == "" {
		c.report(r, Error, "M36", "驳回", "驳回要写“建议”：告诉反映人怎样写才能受理")
	}
	if r.Lead != "" && slices.Contains(r.Co, r.Lead) {
		c.report(r, Warning, "M45", "协办", "主办又写进了协办")
	}
	if r.Stage == "route" && r.Lead == "" && len(r.Co) > 0 {
		c.report(r, Warning, "M48", "协办", "只有协办、没有主办：派单只看主办，这条不起作用")
	}
	if r.Stage == "route" && r.Priority == 0 && !strings.Contains(string(r.ID), "/") {
		c.report(r, Hint, "M40", string(r.ID), "没有写优先：与别的规则一起命中时容易冲突")
	}
}

// idle reports whether r does nothing.
func idle(r *rules.Rule) bool {
	k := r.Class
	tags := len(k.Tags) + len(r.Co) + len(r.Clocks) + len(r.Alert)
	k.Tags = nil
	return reflect.ValueOf(k).IsZero() && tags == 0 && r.Lead == "" && r.Reject == nil && r.Answer == nil && r.StartRung == 0
}

// minutes puts a budget on one scale, a working day as eight hours.
func minutes(b hub.Budget) int {
	return b.N * map[hub.Unit]int{hub.Minute: 1, hub.Hour: 60, hub.Day: 1440, hub.WorkingDay: 480}[b.Unit]
}

func (c *checker) clocks(r *rules.Rule) {
	for _, a := range r.Clocks {
		if a.Kind != hub.ClockClose {
			continue
		}
		if a.Warn.N > 0 && a.Warn.Unit == a.Budget.Unit && a.Warn.N >= a.Budget.N {
			c.report(r, Error, "M34", "预警", "预警提前的时间不短于办结时限，一派单就会预警")
		}
		for _, b := range r.Clocks {
			if b.Kind != hub.ClockClose && b.Budget.N > 0 && (b.Budget.Unit == hub.WorkingDay) == (a.Budget.Unit == hub.WorkingDay) && minutes(b.Budget) > minutes(a.Budget) {
				c.report(r, Warning, "M34", "时限", "前面一步的时限比办结还长")
			}
		}
	}
}

// listed names a word list that has w.
func (c *checker) listed(w string) string {
	for _, l := range c.set.Lists() {
		if slices.Contains(l.Words, w) {
			return l.Name
		}
	}
	return ""
}

func (c *checker) listFinding(l *rules.List, s Severity, code, needle, text string) {
	c.found = append(c.found, Finding{
		Problem:  rules.Problem{File: l.File, Line: l.Line, Code: code, Text: "词库“" + l.Name + "”：" + text},
		Severity: s, needle: needle, list: l.Name,
	})
}

// lists checks the word lists.
func (c *checker) lists() {
	lists := c.set.Lists()
	owner := map[string]*rules.List{}
	for i := range lists {
		l := &lists[i]
		if len(l.Used) == 0 && !included(lists, l) {
			c.listFinding(l, Warning, "M21", l.Name, "没有规则用它")
		}
		c.words(l)
		for _, w := range l.Words {
			if o := owner[w]; o != nil && o != l && c.leads(o) != "" && c.leads(l) != "" && c.leads(o) != c.leads(l) {
				c.listFinding(l, Warning, "M16", w, "“"+w+"”也在词库“"+o.Name+"”里，两边派给不同的部门")
			}
			owner[w] = l
		}
	}
}

// included reports whether another list has all words of l.
func included(lists []rules.List, l *rules.List) bool {
	return slices.ContainsFunc(lists, func(o rules.List) bool {
		return o.Name != l.Name && len(o.Words) > len(l.Words) && len(o.Used) > 0 &&
			!slices.ContainsFunc(l.Words, func(w string) bool { return !slices.Contains(o.Words, w) })
	})
}

// leads is the department to which the rules of a list send, "" if several.
func (c *checker) leads(l *rules.List) hub.DepartmentCode {
	lead := hub.DepartmentCode("")
	for _, id := range l.Used {
		i, ok := c.at[id]
		if !ok || c.rules[i].Lead == "" || lead != "" && lead != c.rules[i].Lead {
			return ""
		}
		lead = c.rules[i].Lead
	}
	return lead
}

func (c *checker) words(l *rules.List) {
	seen := map[string]bool{}
	for _, w := range l.Words {
		switch {
		case seen[w]:
			c.listFinding(l, Hint, "M19", w, "“"+w+"”写了两遍")
			c.last().Fixable = true
		case utf8.RuneCountInString(w) == 1:
			c.listFinding(l, Warning, "M18", w, "“"+w+"”只有一个字，容易误中")
		case strings.ContainsFunc(w, func(r rune) bool { return unicode.IsSpace(r) || r == '　' || r >= '！' && r <= '～' }):
			c.listFinding(l, Warning, "M47", w, "“"+w+"”里有空格或全角符号，来件里多半不会这样写")
		}
		seen[w] = true
	}
	if !c.anyOf(l) {
		return
	}
	for _, w := range l.Words {
		for _, v := range l.Words {
			if v != w && strings.Contains(w, v) {
				c.listFinding(l, Hint, "M15", w, "“"+w+"”多余：有“"+v+"”就够了")
				c.last().Fixable = true
				break
			}
		}
	}
}

// anyOf reports whether a list is used only where one of its words suffices.
func (c *checker) anyOf(l *rules.List) bool {
	use := regexp.MustCompile(`(含任一|不含|标题含|正文含)\([^()]*` + regexp.QuoteMeta(l.Name))
	for _, id := range l.Used {
		i, ok := c.at[id]
		if !ok {
			return false
		}
		text := c.set.Format(c.rules[i].When) + " " + c.set.Format(c.rules[i].Unless)
		if strings.Count(text, l.Name) != len(use.FindAllString(text, -1)) {
			return false
		}
	}
	return len(l.Used) > 0
}

// examples checks that rules have both kinds, without personal data.
func (c *checker) examples() {
	personal := regexp.MustCompile(`1[3-9]\d{9}|\d{17}[\dXx]`)
	count := map[hub.RuleID][2]int{}
	for _, e := range c.set.Examples() {
		n := count[e.Rule]
		if e.Hit {
			n[0]++
		} else {
			n[1]++
		}
		count[e.Rule] = n
		if m := personal.FindString(e.Submission.Title + " " + e.Submission.Text); m != "" {
			c.found = append(c.found, Finding{
				Problem:  rules.Problem{File: e.File, Line: e.Line, Code: "M31", Rule: string(e.Rule), Text: "例里有手机号或身份证号，请换成编的"},
				Severity: Error, needle: m,
			})
		}
	}
	for i := range c.rules {
		r := &c.rules[i]
		id, row, table := strings.Cut(string(r.ID), "/")
		if table && row != "1" {
			continue
		}
		if n := count[hub.RuleID(id)]; n[0] == 0 || n[1] == 0 {
			c.report(r, Hint, "M23", string(r.ID), "例要有“中”也要有“不中”，现在有 %d 个中、%d 个不中", n[0], n[1])
		}
	}
}

// whole checks the set as a whole.
func (c *checker) whole() {
	routes := slices.ContainsFunc(c.rules, func(r rules.Rule) bool { return r.Stage == "route" })
	if routes && !c.set.HasDefault() {
		r := c.rules[0]
		c.report(&r, Hint, "M14", "", "没有写“默认”：没有规则命中的事没有类别")
		c.last().Rule = ""
	}
}
