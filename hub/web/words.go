package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/mask"
)

func word(area string, name any) string { return glossary.In(area, fmt.Sprint(name)) }

func (s *server) departmentName(d hub.DepartmentCode) string {
	if n := s.names.Departments[d]; n != "" {
		return n
	}
	return glossary.In("department", string(d))
}

func (s *server) channelName(c hub.ChannelCode) string {
	if n := s.names.Channels[c]; n != "" {
		return n
	}
	return glossary.In("channel", string(c))
}

// placeName names county, township and village of p.
func (s *server) placeName(p hub.PlaceCode) string {
	var out []string
	if s.names.Places != nil {
		for _, part := range []hub.PlaceCode{p.County(), p.Township(), p.Village(), p} {
			n := ""
			if part != "" {
				n = s.names.Places(part)
			}
			if n != "" && (len(out) == 0 || out[len(out)-1] != n) {
				out = append(out, n)
			}
		}
	}
	if len(out) == 0 {
		return string(p)
	}
	return strings.Join(out, " ")
}

func (s *server) departmentNames(ds []hub.DepartmentCode) string {
	names := make([]string, len(ds))
	for i, d := range ds {
		names[i] = s.departmentName(d)
	}
	return strings.Join(names, "、")
}

// beijing is China's time, without asking for a time zone database.
func beijing(t time.Time) time.Time { return t.In(time.FixedZone("CST", 8*3600)) }

func stamp(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return beijing(t).Format("2006-01-02 15:04:05")
}

func dayStamp(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return beijing(t).Format("01-02 15:04")
}

// left says how much time remains until due.
func (s *server) left(due time.Time) string {
	if due.IsZero() {
		return "—"
	}
	d := due.Sub(s.clock.Now())
	if d < 0 {
		return "已超 " + duration(-d)
	}
	return "剩 " + duration(d)
}

func duration(d time.Duration) string {
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	switch {
	case days > 0 && hours > 0:
		return fmt.Sprintf("%d天%d小时", days, hours)
	case days > 0:
		return fmt.Sprintf("%d天", days)
	case hours > 0 && minutes > 0:
		return fmt.Sprintf("%d小时%d分", hours, minutes)
	case hours > 0:
		return fmt.Sprintf("%d小时", hours)
	case minutes > 0:
		return fmt.Sprintf("%d分钟", minutes)
	default:
		return "不到1分钟"
	}
}

func budgetText(b hub.Budget) string {
	switch {
	case b.Unit == "":
		return ""
	case b.Unit == hub.WorkingDay && b.N == 0:
		return "当日"
	default:
		return fmt.Sprintf("%d%s", b.N, glossary.In("unit", string(b.Unit)))
	}
}

func (s *server) actorName(a hub.Actor) string {
	switch {
	case a.Kind == hub.ActorDepartment && a.ID != "":
		if a.Name != "" {
			return s.departmentName(hub.DepartmentCode(a.ID)) + " " + a.Name
		}
		return s.departmentName(hub.DepartmentCode(a.ID))
	case a.Kind == hub.ActorChannel && a.ID != "":
		return s.channelName(hub.ChannelCode(a.ID))
	case a.Kind == hub.ActorCitizen:
		return glossary.In("actor", string(a.Kind))
	case a.Name != "":
		return a.Name
	default:
		return glossary.In("actor", string(a.Kind))
	}
}

// tell says what an event adds to its name.
func (s *server) tell(e hub.Event) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	d := e.Data
	if d.Origin != nil {
		add("来自%s", s.channelName(d.Origin.Channel))
	}
	if d.Lead != "" {
		add("牵头：%s", s.departmentName(d.Lead))
	}
	if len(d.Co) > 0 {
		add("协办：%s", s.departmentNames(d.Co))
	}
	if d.Department != "" {
		add("%s", s.departmentName(d.Department))
	}
	if d.Clock != "" {
		add("%s时限", word("clock", d.Clock))
	}
	if d.Duty != nil {
		add("%s", dutyText(*d.Duty))
	}
	if d.Extension != nil {
		add("%s，%s", budgetText(d.Extension.Budget), d.Extension.Reason)
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
		who += "（代班）"
	}
	return fmt.Sprintf("第%d级责任人：%s", d.Rung, who)
}

// tone gives the colour of a status; the word always stands beside it.
func tone(x any) string {
	switch x {
	case hub.StatusResolved, hub.StatusAnswered, hub.StatusArchived, hub.DeliveryDone:
		return "good"
	case hub.StatusSorting, hub.StatusWaiting, hub.StatusSuspended, hub.DeliveryPending:
		return "wait"
	case hub.StatusRejected, hub.DeliveryDead, hub.UrgencyCritical, hub.UrgencyUrgent:
		return "bad"
	case hub.StatusMerged:
		return "mute"
	}
	return "busy"
}

// last returns the last attempt, nil when there was none.
func last(as []hub.Attempt) *hub.Attempt {
	if len(as) == 0 {
		return nil
	}
	return &as[len(as)-1]
}
