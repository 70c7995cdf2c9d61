// Package heating is the plugin of the heating office (供热部门): it reads where
// it is cold, how cold, since when and who suffers, files reports under the
// heat station or building, and passes on the hub's early warnings as outages.
//
// It counts nothing itself: whether many reports are one outage is for package
// hub/warning to say, which forgets nothing. Start with New.
package heating

import (
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/reading"
	"github.com/mashang-hub/mashang/plugins/office"
)

// ColdBelow is the room temperature that a home must have: 18 ℃.
const ColdBelow = 18

// New returns the department, to be configured with a relay's configuration
// and cold_below, the room temperature below which a home is cold.
func New(clock hub.Clock, log *slog.Logger) *office.Department {
	return office.New(clock, log, func(f office.Fields) (office.Reader, error) {
		below := float64(ColdBelow)
		if err := f.Take("cold_below", &below); err != nil {
			return nil, err
		}
		if below < 5 || below > 30 {
			return nil, hub.Errorf(hub.CodeInvalid, "heating.cold_below")
		}
		return newReader(below), nil
	})
}

// Read reads a citizen's words.
func (r *reader) Read(a hub.Alert) office.Reading {
	f := r.facts(a)
	return office.Reading{Facts: f, Group: group(f), Notice: notice(a, f)}
}

// Event presents an early warning as the outage that it is.
func (r *reader) Event(a hub.Alert) office.Reading {
	w := a.Content.Extra
	var f reading.Facts
	f.Add("outage", strconv.FormatBool(w[hub.WarningStep] != hub.WarningClosed), "")
	f.Add("warning", w[hub.WarningID], "")
	f.Add("spot", w[hub.WarningSpot], "")
	f.Add("cases", w[hub.WarningCases], "")
	return office.Reading{Facts: f, Group: w[hub.WarningSpot], Notice: a.Text}
}

// group is the heat station, or the compound and building.
func group(f reading.Facts) string {
	if s := f.Value("station"); s != "" {
		return s
	}
	return where(f, "compound", "building")
}

// where puts the named facts of a place into words.
func where(f reading.Facts, keys ...string) string {
	var out strings.Builder
	for _, k := range keys {
		if v := f.Value(k); v != "" {
			out.WriteString(v + map[string]string{"building": "号楼", "unit": "单元"}[k])
		}
	}
	return out.String()
}

// notice is what the crew on duty reads: where, what, since when, who suffers.
func notice(a hub.Alert, f reading.Facts) string {
	place := where(f, "compound", "building", "unit", "room")
	if s := f.Value("station"); s != "" {
		place += "（" + s + "）"
	}
	if place == "" {
		place = a.Content.PlaceText
	}
	temperature, lasting, who := "", "", ""
	if t := f.Value("temperature"); t != "" {
		temperature = "室内 " + t + " 度"
	}
	if day, err := time.Parse(time.DateOnly, f.Value("since")); err == nil {
		lasting = day.Format("01-02") + " 起"
	}
	if v := f.Value("vulnerable"); v != "" {
		who = "家有" + v
	}
	households := f.Value("households")
	if households != "" {
		households = "约 " + households + " 户"
	}
	trouble := f.Value("trouble")
	if trouble == "" {
		trouble = "供热"
	}
	return new(office.Slip).Head("供热", place, trouble).
		Line(temperature, lasting, f.Value("scope"), households, who).Ask(a)
}
