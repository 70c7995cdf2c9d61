package warnings

import (
	"time"

	"github.com/mashang-hub/mashang/hub/warning"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// A chart is the number of reports of a spot day by day, as plain SVG: a bar
// for each day, darker from the day on which the warning was opened.
type chart struct {
	Bars          []bar
	Width, Height int
	Most          int     // the highest bar
	Usual         float64 // reports a day before the warning
}

// A bar is one day.
type bar struct {
	warning.Count
	X, Y, W, H int
	Now        bool // from the day of the warning on
}

// The measures of a chart, in units of its view box.
const (
	barWidth  = 16
	barGap    = 4
	barHeight = 120
	maxDays   = 45
)

// newChart draws counts from since on to the last count, or to the day on which
// the warning was opened where that is later.
func newChart(counts []warning.Count, opened, since time.Time) chart {
	byDay := map[string]int{}
	last, c := day(opened), chart{Height: barHeight}
	for _, n := range counts {
		byDay[key(n.Day)] = n.N
		c.Most = max(c.Most, n.N)
		if d := day(n.Day); d.After(last) {
			last = d
		}
	}
	first := day(since)
	if earliest := last.AddDate(0, 0, 1-maxDays); first.Before(earliest) {
		first = earliest
	}
	before, days := 0, 0
	for d := first; !d.After(last); d = d.AddDate(0, 0, 1) {
		b := bar{Count: warning.Count{Day: d, N: byDay[key(d)]}, X: len(c.Bars) * (barWidth + barGap), W: barWidth, Now: !d.Before(day(opened))}
		if c.Most > 0 {
			b.H = b.N * barHeight / c.Most
		}
		if b.N > 0 {
			b.H = max(b.H, 2)
		}
		b.Y = barHeight - b.H
		if !b.Now {
			before, days = before+b.N, days+1
		}
		c.Bars = append(c.Bars, b)
	}
	c.Width = len(c.Bars) * (barWidth + barGap)
	if days > 0 {
		c.Usual = float64(before*10/days) / 10
	}
	return c
}

// day is the first moment of t's day in Beijing.
func day(t time.Time) time.Time {
	b := frame.Beijing(t)
	return time.Date(b.Year(), b.Month(), b.Day(), 0, 0, 0, 0, b.Location())
}

func key(t time.Time) string { return frame.Beijing(t).Format(time.DateOnly) }
