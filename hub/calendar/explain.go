package calendar

import (
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Line (逐日说明) is one day of the way to a due date.
type Line struct {
	Date    string `json:"date"`
	Weekday string `json:"weekday"` // 周三
	Works   bool   `json:"works"`
	// Holiday is the holiday that makes the day off or a make-up day.
	Holiday string `json:"holiday,omitempty"`
	// Count is how many working days are used up at its end; 0 for the day of
	// start and for other units.
	Count       int  `json:"count,omitempty"`
	Provisional bool `json:"provisional,omitempty"` // its year has not been published
}

// An Explanation says why a due date is what it is, day by day.
type Explanation struct {
	Start       time.Time `json:"start"`
	Budget      string    `json:"budget"`
	Due         time.Time `json:"due"`
	Provisional bool      `json:"provisional,omitempty"`
	Hours       string    `json:"hours"`
	Lines       []Line    `json:"lines"`
}

// explained bounds the days of an explanation.
const explained = 400

// Explain returns how Due counts.
func (c *Calendar) Explain(start time.Time, b hub.Budget) Explanation {
	start = start.In(c.zone)
	due, provisional := c.Due(start, b)
	due = due.In(c.zone)
	e := Explanation{Start: start, Budget: b.String(), Due: due, Provisional: provisional, Hours: c.hours.String()}
	count := 0
	for day, last := number(start), number(due); day <= last && len(e.Lines) < explained; day++ {
		t := c.at(day, 0)
		l := Line{
			Date: t.Format(time.DateOnly), Weekday: weekdayName(t), Works: c.works(day),
			Holiday: c.days[day].Name, Provisional: !c.known(day),
		}
		if b.Unit == hub.WorkingDay && l.Works && day > number(start) {
			count++
			l.Count = count
		}
		e.Lines = append(e.Lines, l)
	}
	return e
}
