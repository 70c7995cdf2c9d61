// Package calendar counts working days as China does: a make-up working day
// (调休) is worked although it is a Saturday or Sunday, a statutory holiday is
// off although it is a weekday, all other days follow the weekday.
//
// Time is that of Asia/Shanghai whatever the machine's zone. A year whose
// notice has not been published is counted by weekdays alone and every date
// that depends on it is provisional (暂定). The package refuses to guess
// holidays. Start with [Parse] and [New].
package calendar

import (
	"slices"
	"time"
	_ "time/tzdata" // the zone must exist on machines without a database

	"github.com/mashang-hub/mashang/hub"
)

// Office hours (办公时间) unless a city or department says otherwise, in minutes
// after midnight.
const (
	opens  = 8*60 + 30
	closes = 18 * 60
)

// A Calendar is a hub.Calendar made of yearly notices. It never changes and is
// safe for concurrent use.
type Calendar struct {
	zone      *time.Location
	published map[int]bool
	days      map[int]Day // by day number
	hours     Hours
	half      map[int]int // the minute at which work ends on a half day
}

var _ hub.Calendar = (*Calendar)(nil)

// New returns a calendar that knows years. A Year without days counts as not
// published; of two notices on one day the later argument holds.
func New(years ...Year) *Calendar {
	c := &Calendar{zone: zone(), published: map[int]bool{}, days: map[int]Day{}, hours: Hours{Open: opens, Close: closes}}
	for _, y := range years {
		if len(y.Days) == 0 {
			continue
		}
		c.published[y.Year] = true
		for _, d := range y.Days {
			if t, err := time.Parse(time.DateOnly, d.Date); err == nil {
				c.days[number(t)] = d
			}
		}
	}
	return c
}

// zone returns Asia/Shanghai; the fixed offset can only be reached when the
// embedded database is damaged.
func zone() *time.Location {
	if z, err := time.LoadLocation("Asia/Shanghai"); err == nil {
		return z
	}
	return time.FixedZone("Asia/Shanghai", 8*60*60)
}

// Zone returns the zone that the calendar counts in.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Published reports whether the holidays of year are known.
func (c *Calendar) Published(year int) bool { return c.published[year] }

// Years returns the published years, earliest first.
func (c *Calendar) Years() []int {
	years := make([]int, 0, len(c.published))
	for y := range c.published {
		years = append(years, y)
	}
	slices.Sort(years)
	return years
}

// Working reports whether the day of t is worked, and the name of the holiday
// that made it differ from its weekday, if any.
func (c *Calendar) Working(t time.Time) (working bool, holiday string) {
	n := number(t.In(c.zone))
	return c.works(n), c.days[n].Name
}

// Open reports whether t lies in the office hours of a working day.
func (c *Calendar) Open(t time.Time) bool {
	t = t.In(c.zone)
	minute := t.Hour()*60 + t.Minute()
	for _, s := range c.stretches(number(t)) {
		if minute >= s[0] && minute < s[1] {
			return true
		}
	}
	return false
}

// Due implements hub.Calendar. Minutes, hours and days run around the clock,
// working hours in office hours only; n working days end with the office hours
// of the n-th working day after the day of start. Zero working days end with
// those of the same working day, or of the next one when start is after hours
// or on a day off.
func (c *Calendar) Due(start time.Time, b hub.Budget) (due time.Time, provisional bool) {
	start = start.In(c.zone)
	switch b.Unit {
	case hub.Minute:
		return start.Add(time.Duration(b.N) * time.Minute), false
	case hub.Hour:
		return start.Add(time.Duration(b.N) * time.Hour), false
	case hub.Day:
		return start.AddDate(0, 0, b.N), false
	case hub.WorkingHour:
		return c.addWorked(start, time.Duration(b.N)*time.Hour)
	case hub.WorkingDay:
	}
	from, n := number(start), b.N
	if n == 0 {
		n = 1
		if start.Hour()*60+start.Minute() < c.end(from) || c.closesAt(start) {
			from-- // today may still be the day
		}
	}
	day, provisional := c.advance(from, n)
	return c.at(day, minutes(c.end(day))), provisional
}

// Shift implements hub.Calendar. Working days move by the number of working
// days after the day of from up to the day of to, and keep the time of day;
// working hours move by the
// office time that passed, the other units by the time that passed.
func (c *Calendar) Shift(due, from, to time.Time, u hub.Unit) (shifted time.Time, provisional bool) {
	if !to.After(from) {
		return due, false
	}
	switch u {
	case hub.WorkingHour:
		passed, guessed := c.worked(from, to)
		shifted, provisional = c.addWorked(due, passed)
		return shifted, provisional || guessed
	case hub.Minute, hub.Hour, hub.Day:
		return due.Add(to.Sub(from)), false
	case hub.WorkingDay:
	}
	n := 0
	last := number(to.In(c.zone))
	for d := number(from.In(c.zone)) + 1; d <= last; d++ {
		provisional = provisional || !c.known(d)
		if c.works(d) {
			n++
		}
	}
	if n == 0 {
		return due, provisional
	}
	due = due.In(c.zone)
	start := number(due)
	day, guessed := c.advance(start, n)
	return c.at(day, due.Sub(c.at(start, 0))), provisional || guessed
}

// closesAt reports whether t is the closing time to the nanosecond, which
// still belongs to the day.
func (c *Calendar) closesAt(t time.Time) bool {
	return t.Equal(c.at(number(t), minutes(c.end(number(t)))))
}

// advance returns the n-th working day after from.
func (c *Calendar) advance(from, n int) (day int, provisional bool) {
	for day = from; n > 0; {
		day++
		provisional = provisional || !c.known(day)
		if c.works(day) {
			n--
		}
	}
	return day, provisional
}

// works reports whether day is worked: make-up before holiday before weekday.
func (c *Calendar) works(day int) bool {
	if d, ok := c.days[day]; ok {
		return !d.IsOff
	}
	weekday := (day + int(time.Thursday)) % 7 // day 0 is a Thursday
	return time.Weekday(weekday) != time.Saturday && time.Weekday(weekday) != time.Sunday
}

func (c *Calendar) known(day int) bool {
	return c.published[time.Unix(int64(day)*86400, 0).UTC().Year()]
}

// at returns the time of day after midnight of day.
func (c *Calendar) at(day int, after time.Duration) time.Time {
	y, m, d := time.Unix(int64(day)*86400, 0).UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, c.zone).Add(after)
}

// number counts the days from 1970-01-01 to the date that t shows.
func number(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}
