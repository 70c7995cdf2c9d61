package frame

import (
	"fmt"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// Word is what name is called in an area of the glossary.
func Word(area string, name any) string { return glossary.In(area, fmt.Sprint(name)) }

// Department is what d is called in this city.
func (f *Frame) Department(d hub.DepartmentCode) string {
	if n := f.Names.Departments[d]; n != "" {
		return n
	}
	return glossary.In("department", string(d))
}

// Channel is what c is called in this city.
func (f *Frame) Channel(c hub.ChannelCode) string {
	if n := f.Names.Channels[c]; n != "" {
		return n
	}
	return glossary.In("channel", string(c))
}

// Place names county, township and village of p.
func (f *Frame) Place(p hub.PlaceCode) string {
	var out []string
	if f.Names.Places != nil {
		for _, part := range []hub.PlaceCode{p.County(), p.Township(), p.Village(), p} {
			n := ""
			if part != "" {
				n = f.Names.Places(part)
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

// DepartmentNames lists what ds are called.
func (f *Frame) DepartmentNames(ds []hub.DepartmentCode) string {
	names := make([]string, len(ds))
	for i, d := range ds {
		names[i] = f.Department(d)
	}
	return strings.Join(names, "、")
}

// Beijing is China's time, without asking for a time zone database.
func Beijing(t time.Time) time.Time { return t.In(hub.China()) }

// Stamp writes a moment in Beijing time, to the second; "—" for none.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return Beijing(t).Format("2006-01-02 15:04:05")
}

// dateStamp writes a day.
func dateStamp(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return Beijing(t).Format("2006-01-02")
}

// dayStamp writes a moment of this year.
func dayStamp(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return Beijing(t).Format("01-02 15:04")
}

// Left says how much time remains until due.
func (f *Frame) Left(due time.Time) string {
	if due.IsZero() {
		return "—"
	}
	d := due.Sub(f.Clock.Now())
	if d < 0 {
		return "已超 " + duration(-d)
	}
	return "剩 " + duration(d)
}

// duration writes a length of time in its two largest units.
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

// Budget writes a length of time as people say it, "" for none.
func Budget(b hub.Budget) string {
	switch {
	case b.Unit == "":
		return ""
	case b.Unit == hub.WorkingDay && b.N == 0:
		return "当日"
	default:
		return fmt.Sprintf("%d%s", b.N, glossary.In("unit", string(b.Unit)))
	}
}

// Actor names who did something.
func (f *Frame) Actor(a hub.Actor) string {
	switch {
	case a.Kind == hub.ActorDepartment && a.ID != "":
		if a.Name != "" {
			return f.Department(hub.DepartmentCode(a.ID)) + " " + a.Name
		}
		return f.Department(hub.DepartmentCode(a.ID))
	case a.Kind == hub.ActorChannel && a.ID != "":
		return f.Channel(hub.ChannelCode(a.ID))
	case a.Kind == hub.ActorCitizen:
		return glossary.In("actor", string(a.Kind))
	case a.Name != "":
		return a.Name
	default:
		return glossary.In("actor", string(a.Kind))
	}
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
