package office

import (
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/reading"
)

// A Reading (研判结果) is what a department made of an alert.
type Reading struct {
	Facts reading.Facts
	// Group is what belongs together goes under: a building, an employer.
	Group string
	// Critical asks for the third rung at once, and Why says so to people.
	Critical bool
	Why      string
	// Notice is what the department's people read on a phone.
	Notice string
}

// A Slip (短讯) is put together line by line; empty parts are left out.
type Slip struct{ lines []string }

// Head is the first line: the office in brackets, then where and what.
func (s *Slip) Head(office string, parts ...string) *Slip {
	s.lines = append(s.lines, "【"+office+"】"+join(" ", parts))
	return s
}

// Line adds a line of parts.
func (s *Slip) Line(parts ...string) *Slip {
	if line := join("，", parts); line != "" {
		s.lines = append(s.lines, line)
	}
	return s
}

// Ask is the last line: what is asked, by when, and whom to call. Telephone
// numbers are left to the console, because groups have many readers.
func (s *Slip) Ask(a hub.Alert) string {
	who := "反映人见工作台"
	switch r := a.Content.Reporter; {
	case r.Anonymous:
		who = "匿名反映"
	case len(r.Phone) >= 4:
		who = "联系反映人（尾号" + r.Phone[len(r.Phone)-4:] + "，全号见工作台）"
	}
	ask := ""
	if by, ok := a.CheckBy(); ok {
		ask = stamp(by) + " 前核查，反馈属实、部分属实或不属实；不归我们的退单"
	} else if !a.Due.IsZero() {
		ask = stamp(a.Due) + " 前办结"
	}
	return strings.Join(s.Line(who, ask).lines, "\n")
}

func join(sep string, parts []string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, sep)
}

// stamp writes a moment of this year in Beijing time.
func stamp(t time.Time) string { return t.In(hub.China()).Format("01-02 15:04") }
