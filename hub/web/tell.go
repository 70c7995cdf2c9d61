package web

import (
	"fmt"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// tell says what an event adds to its name.
func (s *server) tell(e hub.Event) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	d := e.Data
	if d.Origin != nil {
		add("来自%s", s.Channel(d.Origin.Channel))
	}
	if d.Lead != "" {
		add("牵头：%s", s.Department(d.Lead))
	}
	if len(d.Co) > 0 {
		add("协办：%s", s.DepartmentNames(d.Co))
	}
	if d.Department != "" {
		add("%s", s.Department(d.Department))
	}
	if d.Clock != "" {
		add("%s时限", frame.Word("clock", d.Clock))
	}
	if d.Duty != nil {
		add("%s", dutyText(*d.Duty))
	}
	if d.Extension != nil {
		add("%s，%s", frame.Budget(d.Extension.Budget), d.Extension.Reason)
	}
	if d.Finding != "" {
		add("%s", frame.Word("finding", d.Finding))
	}
	if !d.Due.IsZero() {
		add("%s 前办完", frame.Stamp(d.Due))
	}
	if d.Rating > 0 {
		add("%d 分", d.Rating)
	}
	if d.Into != "" {
		add("并入 %s", d.Into)
	}
	if d.Text != "" {
		add("%s", mask.Text(d.Text))
	}
	return strings.Join(parts, " · ")
}

func dutyText(d hub.Duty) string {
	who := d.Name
	if who == "" {
		who = string(d.Person)
	}
	if who == "" {
		who = "岗位空缺"
	}
	if d.Deputy {
		who += "（代理）"
	}
	return fmt.Sprintf("第%d级责任人：%s", d.Rung, who)
}

// last returns the last attempt, nil when there was none.
func last(as []hub.Attempt) *hub.Attempt {
	if len(as) == 0 {
		return nil
	}
	return &as[len(as)-1]
}
