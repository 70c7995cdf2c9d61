package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules/formula"
	"github.com/mashang-hub/mashang/rules/lang"
)

// then reads 则 into r.
func (c *compiler) then(o origin, r *rule, t *then) {
	enum := func(f formula.Field, key, v string) string {
		if v == "" {
			return ""
		}
		code, ok := c.lifter.Code(f, v)
		if !ok {
			said := slices.Sorted(maps.Keys(lang.Values(f)))
			c.problem(o.to("则", key), "M12", "“%s”不是%s的取值，只有 %s", v, f.Name(), strings.Join(said, "、"))
		}
		return code
	}
	r.class = hub.Class{
		Category: t.Category, Kind: hub.Kind(enum(formula.Kind, "诉求类型", t.Kind)),
		Urgency: hub.Urgency(enum(formula.Urgency, "紧急程度", t.Urgency)),
		Grade:   hub.Grade(enum(formula.Grade, "难度", t.Grade)),
		Topic:   enum(formula.Topic, "主题", t.Topic), Tags: t.Tags,
	}
	r.lead = c.department(o.to("则", "主办"), t.Lead)
	for i, d := range t.Co {
		r.co = append(r.co, c.department(o.to("则", "协办", i), d))
	}
	for i, d := range t.Alert {
		r.alert = append(r.alert, c.department(o.to("则", "推送", i), d))
	}
	r.rung = hub.Rung(t.Rung)
	if t.Rung < 0 || t.Rung > 7 {
		c.problem(o.to("则", "起始层级"), "M28", "起始层级要在 1 到 7 之间")
	}
	if t.Reject != "" {
		r.reject = &hub.Rejection{Reason: t.Reject, Suggestion: t.Suggest}
	}
	c.reply(o, r, t)
}

// reply reads 答复 and 知识: the text of a knowledge entry answers if the rule
// gives none of its own.
func (c *compiler) reply(o origin, r *rule, t *then) {
	if t.Answer == "" && t.Knowledge == "" {
		return
	}
	text, ok := c.set.knowledge[t.Knowledge]
	if t.Knowledge != "" && c.set.knowledge != nil && !ok {
		c.problem(o.to("则", "知识"), "M33", "知识库里没有“%s”", t.Knowledge)
	}
	if t.Answer != "" {
		text = t.Answer
	}
	if text == "" && c.set.knowledge == nil {
		text = "见知识库 " + t.Knowledge
	}
	r.answer = &hub.Answer{Knowledge: t.Knowledge, Text: text}
}

func (c *compiler) department(o origin, name string) hub.DepartmentCode {
	if name == "" {
		return ""
	}
	code, ok := c.voc.Leads[name]
	if !ok {
		code = name
	}
	if d := hub.DepartmentCode(code); len(c.known) > 0 && !slices.Contains(c.known, d) {
		text := fmt.Sprintf("没有“%s”这个部门", name)
		if m := lang.Closest(name, slices.Collect(maps.Keys(c.voc.Leads))); m != "" {
			text += "，是不是“" + m + "”？"
		}
		c.problem(o, "M24", "%s", text)
	}
	return hub.DepartmentCode(code)
}

// clocks reads 时限 into r.
func (c *compiler) clocks(o origin, r *rule, t *clocksText) {
	budget := func(key, v string) hub.Budget {
		b, err := hub.ParseBudget(v)
		if err != nil {
			c.problem(o.to(key), "M27", "看不懂时限“%s”：写成 30分钟、2小时、5个工作日、60日", v)
		}
		return b
	}
	var warn hub.Budget
	if t.Warn != "" {
		warn = budget("预警", t.Warn)
	}
	for _, k := range []struct {
		kind hub.DeadlineKind
		key  string
		text string
	}{
		{hub.ClockSort, "分拨", t.Sort},
		{hub.ClockContact, "首次联系", t.Contact},
		{hub.ClockSign, "签收", t.Sign},
		{hub.ClockAccept, "受理", t.Accept},
		{hub.ClockOnSite, "到场", t.OnSite},
		{hub.ClockClose, "办结", t.Close},
	} {
		if k.text == "" {
			continue
		}
		a := hub.Allowance{Kind: k.kind, Budget: budget(k.key, k.text), Source: t.Source}
		if k.kind == hub.ClockClose {
			a.Warn = warn
		}
		r.clocks = append(r.clocks, a)
	}
}

// A season (采暖期) runs from one day of the year to another, as month*100+day.
type season struct{ from, to int }

func (s season) holds(t time.Time) bool {
	d := int(t.Month())*100 + t.Day()
	if s.from <= s.to {
		return s.from <= d && d <= s.to
	}
	return d >= s.from || d <= s.to
}

// at says whether t is in the season.
func (s season) at(t time.Time) string {
	if t.IsZero() {
		return "没有时间"
	}
	not := "不"
	if s.holds(t.In(hub.China())) {
		not = ""
	}
	return fmt.Sprintf("%s %s在 %02d-%02d～%02d-%02d 内", t.In(hub.China()).Format(time.DateOnly), not,
		s.from/100, s.from%100, s.to/100, s.to%100)
}

func (c *compiler) season(s *source) {
	day := func(key, v string) int {
		t, err := time.Parse("01-02", v)
		if err != nil {
			c.problem(origin{source: s, path: []any{"采暖期", key}}, "M26", "看不懂日期“%s”，写成 10-15", v)
		}
		return int(t.Month())*100 + t.Day()
	}
	c.set.season = season{day("起", s.Season.From), day("止", s.Season.To)}
}

// examples keeps the 例 of the rule at o.
func (c *compiler) examples(o origin, list []example, id hub.RuleID) {
	for j, e := range list {
		at := o.to("例", j)
		m, hit := e.Hit, true
		if m == nil {
			m, hit = e.Miss, false
		}
		if m == nil {
			c.problem(at, "M23", "例要写“中”或“不中”")
			continue
		}
		sub, err := m.Submission(c.voc.Channels, c.voc.Places)
		if err != nil {
			c.problem(at, "M26", "%s", err.Error())
		}
		x := Example{File: o.source.name, Line: at.line(), Rule: id, Hit: hit, Submission: sub}
		if m.Lead != "" {
			x.Lead = c.department(at, m.Lead)
		}
		c.set.examples = append(c.set.examples, x)
	}
}

// Submission is m as a channel would hand it in; channels and places are what
// authors call their codes.
func (m *Message) Submission(channels, places map[string]string) (*hub.Submission, error) {
	s := &hub.Submission{Content: hub.Content{Title: m.Title, Text: m.Text, Extra: m.Extra}}
	s.Channel, s.Place = hub.ChannelCode(m.Channel), hub.PlaceCode(m.Place)
	if code, ok := channels[m.Channel]; ok {
		s.Channel = hub.ChannelCode(code)
	}
	if code, ok := places[m.Place]; ok {
		s.Place = hub.PlaceCode(code)
	}
	if m.Time == "" {
		return s, nil
	}
	t, err := ParseTime(m.Time)
	if err != nil {
		return s, fmt.Errorf("看不懂时间“%s”，写成 2026-12-01 09:00", m.Time)
	}
	s.SubmittedAt = t
	return s, nil
}

// ParseTime reads the ways in which channels and authors write a time.
func ParseTime(v string) (time.Time, error) {
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02",
		"2006/1/2 15:04:05", "2006/1/2 15:04", "2006/1/2", "1/2/06 15:04",
	} {
		if t, err := time.ParseInLocation(layout, v, hub.China()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("time %q has no known layout", v)
}
