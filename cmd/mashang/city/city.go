// Package city reads a city folder: its name, ladder, departments, places,
// posts, calendar, policy and, for demonstrations, invented cases.
//
// Reading is strict: an unknown field, a post at a place that is not there or a
// ladder with a gap is refused with the file's name, because a city that starts
// half-configured answers citizens wrongly. It does not read rules and channels
// but hands their folders on. Start with [Load].
package city

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"sync"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/almanac"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/hub/daily"
	"github.com/mashang-hub/mashang/hub/notice"
	"github.com/mashang-hub/mashang/hub/warning"
)

// DefaultPolicy is the key in City.Policy for channels without their own.
const DefaultPolicy hub.ChannelCode = "default"

// A City (城市) is all that the hub is told about the city that it serves.
type City struct {
	Code        hub.PlaceCode
	Name        string
	Prefix      string // of case numbers, such as BY
	Ladder      hub.Ladder
	Departments []Department
	Policy      map[hub.ChannelCode][]hub.Allowance
	Places      []hub.Place // parents before children
	Posts       []Post
	Calendar    *calendar.Calendar
	Almanac     almanac.Base // what Calendar is made of
	Extension   map[hub.ChannelCode]hub.ExtensionRule
	SendBack    hub.SendBackRule
	Demo        []DemoCase
	// Knowledge holds the answers of the knowledge base by number.
	Knowledge map[string]string
	// Warnings says when many reports are one event.
	Warnings []warning.Policy
	Citizen  Citizen
	// Alarms is the department that is told, by its own way, when another's
	// endpoint fails; "" is nobody.
	Alarms hub.DepartmentCode
	// Digest is when departments get the list of their open cases; nil for
	// never. Shares are the files that others get.
	Digest *daily.Time
	Shares []Share
	// Egress lists the private networks that outgoing calls may reach.
	Egress []netip.Prefix

	// Rules and Channels are the folders of rule sets and channels; nil when
	// the city has none.
	Rules, Channels fs.FS

	// Telling is how people are told one by one.
	Telling Telling

	once   sync.Once // guards the two below
	byCode map[hub.PlaceCode]hub.Place
	byName map[string][]hub.Place
}

// A Department (部门) is a hub.Department with the configuration that its
// plugin reads.
type Department struct {
	hub.Department
	Short  string          // 供热
	Hours  string          // office hours of its own, "" for the city's
	Config json.RawMessage // never nil
	// PluginDir is the folder of its plugin; "" is a built-in one.
	PluginDir string
	// Notices is which of its alerts are gathered or muted.
	Notices notice.Policy
	// Check says in what time it checks its cases one by one; its zero value
	// is a department that does not.
	Check hub.CheckRule
}

// A Citizen (市民) says what citizens may do after their case was closed.
type Citizen struct {
	// ReopenDays is how long they may have it opened again.
	ReopenDays int `yaml:"reopen_days"`
	// VisitPercent is how many of a hundred are visited (回访抽样).
	VisitPercent int `yaml:"visit_percent"`
}

// A Post (责任岗位) says which person holds which rung of which place.
type Post struct {
	Post   string
	Rung   hub.Rung
	Place  hub.PlaceCode
	Person hub.PersonID
	Name   string
	Phone  string
}

// Allowances returns the policy of channel, or the default one.
func (c *City) Allowances(channel hub.ChannelCode) []hub.Allowance {
	if p, ok := c.Policy[channel]; ok {
		return p
	}
	return c.Policy[DefaultPolicy]
}

// Extend returns the extension rule of channel, or the default one.
func (c *City) Extend(channel hub.ChannelCode) hub.ExtensionRule {
	if r, ok := c.Extension[channel]; ok {
		return r
	}
	return c.Extension[DefaultPolicy]
}

// Checks says which departments check their cases one by one.
func (c *City) Checks() map[hub.DepartmentCode]hub.CheckRule {
	out := map[hub.DepartmentCode]hub.CheckRule{}
	for _, d := range c.Departments {
		if d.Check.Within.N > 0 {
			out[d.Code] = d.Check
		}
	}
	return out
}

// Load reads the city folder fsys and checks that its parts fit together. The
// error joins all mistakes found, each with its file.
func Load(fsys fs.FS) (*City, error) {
	c := &City{}
	err := errors.Join(
		c.loadSettings(fsys), c.loadLadder(fsys), c.loadDepartments(fsys),
		c.loadPlaces(fsys), c.loadPosts(fsys), c.loadCalendar(fsys), c.loadDemo(fsys), c.loadWarnings(fsys), c.loadKnowledge(fsys),
		c.loadTelling(fsys),
	)
	if err != nil {
		return nil, fmt.Errorf("load city: %w", err)
	}
	c.Rules, c.Channels = folder(fsys, "rules"), folder(fsys, "channels")
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("load city: %w", err)
	}
	return c, nil
}

// folder returns the folder name of fsys, nil when there is none.
func folder(fsys fs.FS, name string) fs.FS {
	if info, err := fs.Stat(fsys, name); err != nil || !info.IsDir() {
		return nil
	}
	sub, err := fs.Sub(fsys, name)
	if err != nil {
		return nil
	}
	return sub
}
