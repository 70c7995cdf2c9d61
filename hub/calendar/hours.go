package calendar

import (
	"fmt"
	"maps"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// Hours are the office hours (办公时间) of a working day, in minutes after
// midnight. A pause at noon, when there is one, is not worked.
type Hours struct {
	Open, Close         int
	PauseFrom, PauseEnd int
}

// ParseHours reads "08:30-18:00" or, with a pause at noon,
// "08:30-12:00,14:30-18:00".
func ParseHours(s string) (Hours, error) {
	var a, b, c, d, e, f, g, i int
	if n, _ := fmt.Sscanf(s, "%d:%d-%d:%d,%d:%d-%d:%d", &a, &b, &c, &d, &e, &f, &g, &i); n == 8 {
		h := Hours{Open: a*60 + b, PauseFrom: c*60 + d, PauseEnd: e*60 + f, Close: g*60 + i}
		if h.Open < h.PauseFrom && h.PauseFrom < h.PauseEnd && h.PauseEnd < h.Close && h.Close <= 24*60 {
			return h, nil
		}
	} else if n == 4 {
		h := Hours{Open: a*60 + b, Close: c*60 + d}
		if h.Open >= 0 && h.Open < h.Close && h.Close <= 24*60 {
			return h, nil
		}
	}
	return Hours{}, hub.Errorf(hub.CodeInvalid, "calendar.hours", s)
}

// String returns what ParseHours reads.
func (h Hours) String() string {
	at := func(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }
	if h.PauseEnd > 0 {
		return at(h.Open) + "-" + at(h.PauseFrom) + "," + at(h.PauseEnd) + "-" + at(h.Close)
	}
	return at(h.Open) + "-" + at(h.Close)
}

// With returns the calendar with other office hours, as one department may
// keep, and with half days: dates and the minute at which their work ends.
func (c *Calendar) With(h Hours, halfDays map[string]int) *Calendar {
	out := *c
	out.hours, out.half = h, maps.Clone(c.half)
	if out.half == nil {
		out.half = map[int]int{}
	}
	for date, end := range halfDays {
		if t, err := time.Parse(time.DateOnly, date); err == nil {
			out.half[number(t)] = end
		}
	}
	return &out
}

// Hours returns the office hours.
func (c *Calendar) Hours() Hours { return c.hours }

// end returns the minute at which work ends on day.
func (c *Calendar) end(day int) int {
	if m, ok := c.half[day]; ok {
		return m
	}
	return c.hours.Close
}

// stretches lists the worked stretches of day, in minutes.
func (c *Calendar) stretches(day int) [][2]int {
	if !c.works(day) {
		return nil
	}
	h, end := c.hours, c.end(day)
	if h.PauseEnd == 0 || end <= h.PauseFrom {
		return [][2]int{{h.Open, end}}
	}
	if end <= h.PauseEnd {
		return [][2]int{{h.Open, h.PauseFrom}}
	}
	return [][2]int{{h.Open, h.PauseFrom}, {h.PauseEnd, end}}
}

// addWorked returns the moment at which d of office time after start is used
// up.
func (c *Calendar) addWorked(start time.Time, d time.Duration) (due time.Time, provisional bool) {
	start = start.In(c.zone)
	for day := number(start); ; day++ {
		provisional = provisional || !c.known(day)
		for _, s := range c.stretches(day) {
			from, to := c.at(day, minutes(s[0])), c.at(day, minutes(s[1]))
			if from.Before(start) {
				from = start
			}
			if left := to.Sub(from); left >= d {
				return from.Add(d), provisional
			} else if left > 0 {
				d -= left
			}
		}
	}
}

// worked returns the office time between from and to.
func (c *Calendar) worked(from, to time.Time) (d time.Duration, provisional bool) {
	from, to = from.In(c.zone), to.In(c.zone)
	for day, last := number(from), number(to); day <= last; day++ {
		provisional = provisional || !c.known(day)
		for _, s := range c.stretches(day) {
			a, b := c.at(day, minutes(s[0])), c.at(day, minutes(s[1]))
			if a.Before(from) {
				a = from
			}
			if b.After(to) {
				b = to
			}
			if b.After(a) {
				d += b.Sub(a)
			}
		}
	}
	return d, provisional
}

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }
