package rules

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// clocks reads the 时限 of rule i.
func (c *compiler) clocks(s *source, i int, r *rule) {
	t := &s.Rules[i].Clocks
	line := s.line("$.规则[%d].时限", i)
	budget := func(v string) hub.Budget {
		b, err := hub.ParseBudget(v)
		if err != nil {
			c.problem(s, line, string(r.id), faultf("M27", "看不懂时限“%s”：写成 30分钟、2小时、5个工作日、60日", v))
		}
		return b
	}
	var warn hub.Budget
	if t.Warn != "" {
		warn = budget(t.Warn)
	}
	for _, k := range []struct {
		kind hub.DeadlineKind
		text string
	}{
		{hub.ClockSort, t.Sort},
		{hub.ClockContact, t.Contact},
		{hub.ClockSign, t.Sign},
		{hub.ClockAccept, t.Accept},
		{hub.ClockOnSite, t.OnSite},
		{hub.ClockClose, t.Close},
	} {
		if k.text == "" {
			continue
		}
		a := hub.Allowance{Kind: k.kind, Budget: budget(k.text), Source: t.Source}
		if k.kind == hub.ClockClose {
			a.Warn = warn
		}
		r.clocks = append(r.clocks, a)
	}
}

func (c *compiler) season(s *source) {
	day := func(v string) int {
		t, err := time.Parse("01-02", v)
		if err != nil {
			c.problem(s, s.line("$.采暖期"), "", faultf("M26", "看不懂日期“%s”，写成 10-15", v))
		}
		return int(t.Month())*100 + t.Day()
	}
	c.set.season = season{day(s.Season.From), day(s.Season.To)}
}

// examples keeps the 例 of rule i for Set.Examples.
func (c *compiler) examples(s *source, i int) {
	for j, e := range s.Rules[i].Examples {
		line := s.line("$.规则[%d].例[%d]", i, j)
		m, hit := e.Hit, true
		if m == nil {
			m, hit = e.Miss, false
		}
		if m == nil {
			c.problem(s, line, s.Rules[i].ID, faultf("M23", "例要写“中”或“不中”"))
			continue
		}
		sub, err := m.submission(c.lifter.channel)
		if err != nil {
			c.problem(s, line, s.Rules[i].ID, err)
		}
		x := Example{File: s.name, Line: line, Rule: hub.RuleID(s.Rules[i].ID), Hit: hit, Submission: sub}
		if m.Lead != "" {
			x.Lead = c.department(s, line, s.Rules[i].ID, m.Lead)
		}
		c.set.examples = append(c.set.examples, x)
	}
}

func (m *message) submission(channels map[string]string) (*hub.Submission, error) {
	s := &hub.Submission{Content: hub.Content{Title: m.Title, Text: m.Text}, Place: hub.PlaceCode(m.Place)}
	s.Channel = hub.ChannelCode(m.Channel)
	if code, ok := channels[m.Channel]; ok {
		s.Channel = hub.ChannelCode(code)
	}
	if m.Time == "" {
		return s, nil
	}
	t, err := parseTime(m.Time)
	if err != nil {
		return s, faultf("M26", "看不懂时间“%s”，写成 2026-12-01 09:00", m.Time)
	}
	s.SubmittedAt = t
	return s, nil
}

// parseTime reads the ways in which channels and authors write a time.
func parseTime(v string) (time.Time, error) {
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02",
		"2006/1/2 15:04:05", "2006/1/2 15:04", "2006/1/2", "1/2/06 15:04",
	} {
		if t, err := time.ParseInLocation(layout, v, china()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("time %q has no known layout", v)
}

// table compiles the scoring table i of s.
func (c *compiler) table(s *source, i int) {
	t := &s.Tables[i]
	line := s.line("$.打分[%d]", i)
	x := table{id: hub.RuleID(t.ID), least: t.Least, lead: t.Lead, title: t.Title}
	switch t.Target {
	case "类别":
	case "主办":
		x.route = true
	default:
		c.problem(s, line, t.ID, faultf("M12", "打分的目标只能是 类别 或 主办"))
	}
	if x.title == 0 {
		x.title = 1
	}
	for _, name := range slices.Sorted(maps.Keys(t.Words)) {
		label := name
		if x.route {
			label = string(c.department(s, line, t.ID, name))
		}
		n := int32(len(x.labels))
		x.labels = append(x.labels, label)
		for weight, words := range t.Words[name] {
			for _, w := range words {
				if _, err := c.lifter.keyword(fieldAll, w); err != nil {
					c.problem(s, line, t.ID, err)
					continue
				}
				c.set.scores = append(c.set.scores, score{
					word: c.lifter.atoms.wordID(w), table: int32(len(c.set.tables)), label: n, weight: float64(weight),
				})
			}
		}
	}
	c.set.tables = append(c.set.tables, x)
}

// avoid compiles the guard: accused unit to condition.
func (c *compiler) avoid(s *source) {
	line := s.line("$.回避")
	if c.set.avoid == nil {
		c.set.avoid = map[hub.DepartmentCode]*form{}
	}
	c.set.avoidTo = c.department(s, line, "回避", s.Avoid.Give)
	for name, words := range s.Avoid.Units {
		f, err := c.lifter.nearForm(words, s.Avoid.Acts, s.Avoid.Near)
		if err != nil {
			c.problem(s, line, "回避", err)
			continue
		}
		c.set.avoid[c.department(s, line, "回避", name)] = f
	}
}
