// Package almanac keeps the calendar that a running hub counts with: the years
// of the city's folder and those that were imported since.
//
// A year that is imported moves the clocks that were provisional (暂定) for
// want of it; a dry run says which, before anything moves. The package does not
// count days (package calendar does) and changes cases by commands only. Start
// with [New].
package almanac

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/calendar"
)

// A Store keeps imported years and finds provisional cases. It is safe for
// concurrent use.
type Store interface {
	// Years returns the imported notices.
	Years(ctx context.Context) ([]calendar.Year, error)
	// SaveYear stores a notice in place of an earlier one of the same year.
	SaveYear(ctx context.Context, y calendar.Year, now time.Time) error
	// Provisional returns up to n open cases with a provisional clock, by
	// number, after the case named after.
	Provisional(ctx context.Context, after hub.CaseID, n int) ([]hub.Case, error)
}

// A Desk carries out commands.
type Desk interface {
	Do(ctx context.Context, id hub.CaseID, cmd hub.Command) (hub.Case, error)
}

// A Base is the calendar of the city's folder.
type Base struct {
	Years    []calendar.Year
	Hours    calendar.Hours // zero: the usual ones
	HalfDays map[string]int
	// Departments have office hours of their own.
	Departments map[hub.DepartmentCode]calendar.Hours
}

// now is what decisions count with.
type now struct {
	calendar *calendar.Calendar
	hours    map[hub.DepartmentCode]hub.Calendar
}

// An Almanac is the calendar in force. It is safe for concurrent use.
type Almanac struct {
	base  Base
	store Store
	clock hub.Clock

	mu    sync.Mutex // guards years
	years map[int]calendar.Year
	cur   atomic.Pointer[now]
}

// New returns the almanac of base; Reload adds what was imported.
func New(base Base, store Store, clock hub.Clock) *Almanac {
	a := &Almanac{base: base, store: store, clock: clock}
	a.use(nil)
	return a
}

// Calendar returns the calendar in force.
func (a *Almanac) Calendar() *calendar.Calendar { return a.cur.Load().calendar }

// Hours returns the calendars of departments with hours of their own.
func (a *Almanac) Hours() map[hub.DepartmentCode]hub.Calendar { return a.cur.Load().hours }

// Reload takes over what another node imported. It is to be called now and
// then.
func (a *Almanac) Reload(ctx context.Context) error {
	years, err := a.store.Years(ctx)
	if err != nil {
		return fmt.Errorf("read imported calendars: %w", err)
	}
	a.use(years)
	return nil
}

func (a *Almanac) use(imported []calendar.Year) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.years = map[int]calendar.Year{}
	for _, y := range slices.Concat(a.base.Years, imported) {
		a.years[y.Year] = y
	}
	a.cur.Store(a.build(a.years))
}

func (a *Almanac) build(years map[int]calendar.Year) *now {
	list := slices.SortedFunc(maps.Values(years), func(x, y calendar.Year) int { return x.Year - y.Year })
	c := calendar.New(list...)
	hours := a.base.Hours
	if hours == (calendar.Hours{}) {
		hours = c.Hours()
	}
	n := &now{calendar: c.With(hours, a.base.HalfDays), hours: map[hub.DepartmentCode]hub.Calendar{}}
	for d, h := range a.base.Departments {
		n.hours[d] = c.With(h, a.base.HalfDays)
	}
	return n
}

// Years returns the notices in force, earliest first.
func (a *Almanac) Years() []calendar.Year {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.SortedFunc(maps.Values(a.years), func(x, y calendar.Year) int { return x.Year - y.Year })
}

// A Move (时限变动) is a clock that an import moves or makes certain.
type Move struct {
	Case        hub.CaseID       `json:"case"`
	Clock       hub.DeadlineKind `json:"clock"`
	From        time.Time        `json:"from"`
	To          time.Time        `json:"to"`
	Provisional bool             `json:"provisional,omitempty"` // still
	// Refused says why the case could not be moved.
	Refused string `json:"refused,omitempty"`
}

// An Import (导入结果) is what importing a year does, or would do.
type Import struct {
	Year   int    `json:"year"`
	Days   int    `json:"days"` // that differ from their weekday
	DryRun bool   `json:"dry_run"`
	Checks int    `json:"checked"` // provisional cases that were looked at
	Moves  []Move `json:"moves"`
}

// page is how many cases are looked at in one go.
const page = 500

// Import puts y in force and counts provisional clocks again. A dry run
// changes nothing and says what would move. What an import leaves undone, Finish
// does.
func (a *Almanac) Import(ctx context.Context, y calendar.Year, desk Desk, dry bool) (Import, error) {
	res := Import{Year: y.Year, Days: len(y.Days), DryRun: dry, Moves: []Move{}}
	a.mu.Lock()
	years := maps.Clone(a.years)
	a.mu.Unlock()
	years[y.Year] = y
	next := a.build(years)
	if !dry {
		if err := a.store.SaveYear(ctx, y, a.clock.Now()); err != nil {
			return res, fmt.Errorf("save the calendar of %d: %w", y.Year, err)
		}
		if err := a.Reload(ctx); err != nil {
			return res, err
		}
	}
	return res, a.recount(ctx, next, desk, &res)
}

// Finish counts again what an import left provisional that did not come to its
// end, as when its node died. It is to be called at a start, and returns how
// many clocks it moved.
func (a *Almanac) Finish(ctx context.Context, desk Desk) (int, error) {
	var res Import
	err := a.recount(ctx, a.cur.Load(), desk, &res)
	return len(res.Moves), err
}

// recount counts the clocks of all provisional cases with n.
func (a *Almanac) recount(ctx context.Context, n *now, desk Desk, res *Import) error {
	for after := hub.CaseID(""); ; {
		cases, err := a.store.Provisional(ctx, after, page)
		if err != nil {
			return fmt.Errorf("find provisional cases: %w", err)
		}
		for _, c := range cases {
			after = c.ID
			res.Checks++
			res.Moves = append(res.Moves, a.move(ctx, c, n, desk, res.DryRun)...)
		}
		if len(cases) < page {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// move counts the clocks of one case again.
func (a *Almanac) move(ctx context.Context, c hub.Case, n *now, desk Desk, dry bool) []Move {
	cmd := hub.Redate{By: hub.By{Actor: hub.System()}}
	events, err := hub.Decide(c, cmd, hub.Facts{Calendar: n.calendar, Hours: n.hours}, a.clock.Now())
	if err != nil || len(events) == 0 {
		return nil // closed meanwhile, or still provisional and the same
	}
	refused := ""
	if !dry {
		if _, err := desk.Do(ctx, c.ID, cmd); err != nil {
			refused = err.Error()
		}
	}
	var moves []Move
	for _, d := range events[0].Data.Deadlines {
		was, _ := c.Deadline(d.Kind)
		moves = append(moves, Move{c.ID, d.Kind, was.Due, d.Due, d.Provisional, refused})
	}
	return moves
}

// A Pending (暂定时限) is a provisional clock.
type Pending struct {
	Case  hub.CaseID       `json:"case"`
	Clock hub.DeadlineKind `json:"clock"`
	Due   time.Time        `json:"due"`
}

// Provisional lists provisional clocks of up to n cases.
func (a *Almanac) Provisional(ctx context.Context, n int) ([]Pending, error) {
	cases, err := a.store.Provisional(ctx, "", n)
	if err != nil {
		return nil, fmt.Errorf("find provisional cases: %w", err)
	}
	out := []Pending{}
	for _, c := range cases {
		for _, d := range c.Deadlines {
			if d.Provisional {
				out = append(out, Pending{c.ID, d.Kind, d.Due})
			}
		}
	}
	return out, nil
}
