// Package housing is the plugin of the housing office (住建部门): it tells
// property management, building quality, title and resettlement apart, reads
// what each of its offices needs, and files reports by compound.
//
// It refuses to judge a dispute. Start with New.
package housing

import (
	"log/slog"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/reading"
	"github.com/mashang-hub/mashang/plugins/office"
)

// New returns the department, to be configured like a relay.
func New(clock hub.Clock, log *slog.Logger) *office.Department {
	return office.New(clock, log, func(office.Fields) (office.Reader, error) { return newReader(), nil })
}

// Read reads a citizen's words.
func (r *reader) Read(a hub.Alert) office.Reading {
	f := r.facts(a)
	return office.Reading{Facts: f, Group: group(f), Notice: notice(a, f)}
}

// Event passes an early warning on as what it is: one event at one spot.
func (r *reader) Event(a hub.Alert) office.Reading {
	var f reading.Facts
	f.Add("warning", a.Content.Extra[hub.WarningID], "")
	f.Add("spot", a.Content.Extra[hub.WarningSpot], "")
	f.Add("cases", a.Content.Extra[hub.WarningCases], "")
	return office.Reading{Facts: f, Group: a.Content.Extra[hub.WarningSpot], Notice: a.Text}
}

// group is the compound and the office that is asked.
func group(f reading.Facts) string {
	if c := f.Value("compound"); c != "" {
		return c + "·" + f.Value("matter_title")
	}
	return f.Value("matter_title")
}

// notice is what the office reads: where, which office, what, by whom.
func notice(a hub.Alert, f reading.Facts) string {
	place := f.Value("compound")
	if b := f.Value("building"); b != "" {
		place += b + "号楼"
	}
	if place == "" {
		place = a.Content.PlaceText
	}
	since, households, danger := "", "", ""
	if s := f.Value("since"); s != "" {
		since = s + " 起"
	}
	if years := f.Value("years"); years != "" {
		since = "已 " + years + " 年"
	}
	if n := f.Value("households"); n != "" {
		households = n + " 户"
	}
	if d := f.Value("danger"); d != "" {
		danger = "险情：" + d
	}
	return new(office.Slip).Head(f.Value("matter_title"), place, f.Value("issue")).
		Line(danger, f.Value("company"), f.Value("developer"), since, households).Ask(a)
}
