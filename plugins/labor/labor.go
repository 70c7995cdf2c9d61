// Package labor is the plugin of the labour inspection (劳动监察): it reads who
// owes wages, to how many, how much and for how long, files reports by
// employer, and asks for the third rung at once when many workers or a
// gathering are at stake.
//
// It refuses to judge who is right. Start with New.
package labor

import (
	"log/slog"
	"strconv"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/reading"
	"github.com/mashang-hub/mashang/plugins/office"
)

// CriticalWorkers is the number of unpaid workers from which on a case is
// critical.
const CriticalWorkers = 30

// New returns the department, to be configured with a relay's configuration
// and critical_workers.
func New(clock hub.Clock, log *slog.Logger) *office.Department {
	return office.New(clock, log, func(f office.Fields) (office.Reader, error) {
		critical := CriticalWorkers
		if err := f.Take("critical_workers", &critical); err != nil {
			return nil, err
		}
		if critical < 1 {
			return nil, hub.Errorf(hub.CodeInvalid, "labor.critical_workers", "want at least 1")
		}
		return newReader(critical), nil
	})
}

// Read reads a citizen's words.
func (r *reader) Read(a hub.Alert) office.Reading {
	f := r.facts(a)
	why := r.critical(f)
	return office.Reading{Facts: f, Group: group(f), Critical: why != "", Why: why, Notice: notice(a, f, why)}
}

// Event passes an early warning on as what it is.
func (r *reader) Event(a hub.Alert) office.Reading {
	var f reading.Facts
	f.Add("warning", a.Content.Extra[hub.WarningID], "")
	f.Add("spot", a.Content.Extra[hub.WarningSpot], "")
	f.Add("cases", a.Content.Extra[hub.WarningCases], "")
	return office.Reading{Facts: f, Group: a.Content.Extra[hub.WarningSpot], Notice: a.Text}
}

// critical says why the third rung is to be told at once, "" if it is not: a
// gathering, or many who are owed wages. A crowd without arrears is none.
func (r *reader) critical(f reading.Facts) string {
	if g := f.Value("gathering"); g != "" {
		return "有聚集苗头：" + g
	}
	if n, err := strconv.ParseFloat(f.Value("workers"), 64); err == nil && f.Value("matter") == arrears && n >= float64(r.least) {
		return "涉及 " + reading.Amount(n) + " 人"
	}
	return ""
}

// group is the employer, or the site where it is not named.
func group(f reading.Facts) string {
	if e := f.Value("employer"); e != "" {
		return e
	}
	return f.Value("site")
}

// notice is what an inspector reads: who owes how many how much since when.
func notice(a hub.Alert, f reading.Facts, why string) string {
	owes := []string{}
	if n := f.Value("workers"); n != "" {
		owes = append(owes, n+" 人")
	}
	if n, err := strconv.ParseFloat(f.Value("amount"), 64); err == nil {
		owes = append(owes, yuan(n))
	}
	if n := f.Value("months"); n != "" {
		owes = append(owes, n+" 个月")
	}
	if s := f.Value("since"); s != "" {
		owes = append(owes, s+" 起")
	}
	who := f.Value("employer")
	if s := f.Value("site"); s != "" {
		who = strings.TrimSpace(who + " " + s)
	}
	if who == "" {
		who = "用人单位未写明"
	}
	urgent := ""
	if why != "" {
		urgent = "特急：" + why
	}
	return new(office.Slip).Head(f.Value("matter"), who).Line(owes...).Line(urgent).Ask(a)
}

// yuan writes an amount of money as people say it.
func yuan(n float64) string {
	if n >= 1e4 {
		return strconv.FormatFloat(n/1e4, 'f', -1, 64) + " 万元"
	}
	return reading.Amount(n) + " 元"
}
