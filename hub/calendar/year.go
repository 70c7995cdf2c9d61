package calendar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Year is what one yearly notice of the State Council (放假通知) says, in the
// form of the holiday-cn project.
type Year struct {
	Year int `json:"year"`
	// Papers are the addresses of the notices.
	Papers []string `json:"papers"`
	Days   []Day    `json:"days"`
}

// A Day is a day that differs from its weekday: off on a weekday or weekend, or
// a make-up working day (调休) on a weekend.
type Day struct {
	Name  string `json:"name"` // of the holiday
	Date  string `json:"date"` // 2026-02-15
	IsOff bool   `json:"isOffDay"`
}

// Read reads a yearly notice in either form: JSON, or the text of the notice.
func Read(data []byte) (Year, error) {
	if text := bytes.TrimSpace(data); len(text) == 0 || text[0] != '{' {
		return ParseNotice(string(data))
	}
	y, err := Parse(data)
	if err != nil {
		return Year{}, &hub.Error{Code: hub.CodeInvalid, Key: "calendar.malformed", Err: err}
	}
	if len(y.Days) == 0 {
		return Year{}, hub.Errorf(hub.CodeInvalid, "calendar.no_days", y.Year)
	}
	return y, nil
}

// Parse reads a yearly notice in the JSON form of holiday-cn. It refuses days
// that are no dates, that lie outside the year and the December before it, or
// that are named twice with different meanings. A year without days parses: it
// is one that has not been published.
func Parse(data []byte) (Year, error) {
	var y struct {
		Year
		Schema string `json:"$schema"`
		ID     string `json:"$id"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&y); err != nil {
		return Year{}, fmt.Errorf("read calendar year: %w", err)
	}
	seen := make(map[string]bool, len(y.Days))
	for _, day := range y.Days {
		t, err := time.Parse(time.DateOnly, day.Date)
		if err != nil {
			return Year{}, fmt.Errorf("read calendar year %d: %w", y.Year.Year, err)
		}
		before := t.Year() == y.Year.Year-1 && t.Month() == time.December
		if t.Year() != y.Year.Year && !before {
			return Year{}, fmt.Errorf("read calendar year %d: %s belongs to another year", y.Year.Year, day.Date)
		}
		if off, ok := seen[day.Date]; ok && off != day.IsOff {
			return Year{}, fmt.Errorf("read calendar year %d: %s is both off and on", y.Year.Year, day.Date)
		}
		seen[day.Date] = day.IsOff
	}
	return y.Year, nil
}
