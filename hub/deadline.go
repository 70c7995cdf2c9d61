package hub

import (
	"strconv"
	"strings"
	"time"
)

// A Unit is the unit of a Budget.
type Unit string

// The units. A working day follows the State Council's calendar with its
// make-up days (调休); a day is a calendar day.
const (
	Minute      Unit = "m"
	Hour        Unit = "h"
	Day         Unit = "d"
	WorkingDay  Unit = "wd"
	WorkingHour Unit = "wh" // counts in office hours only
)

// A Budget (期限) is an amount of time as rules and regulations state it:
// 30 minutes, 2 hours, 5 working days, 60 calendar days. Zero working days
// means the end of the same working day.
type Budget struct {
	N    int
	Unit Unit
}

// ParseBudget reads "30m", "2h", "60d", "5wd" or the Chinese forms 30分钟,
// 2小时, 60日, 5个工作日, 当日.
func ParseBudget(s string) (Budget, error) {
	s = strings.ReplaceAll(strings.TrimSpace(s), " ", "")
	if s == "当日" {
		return Budget{0, WorkingDay}, nil
	}
	i := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if i <= 0 {
		return Budget{}, Errorf(CodeInvalid, "budget.invalid", s)
	}
	unit, ok := unitOf(s[i:])
	n, err := strconv.Atoi(s[:i])
	if !ok || err != nil || n > 3650*24*60 {
		return Budget{}, Errorf(CodeInvalid, "budget.invalid", s)
	}
	return Budget{n, unit}, nil
}

// unitOf reads a unit. It is asked for every clock of every case that is read.
func unitOf(s string) (Unit, bool) {
	switch s {
	case "m", "分", "分钟":
		return Minute, true
	case "h", "小时", "个小时":
		return Hour, true
	case "d", "日", "天", "个自然日", "自然日":
		return Day, true
	case "wd", "工作日", "个工作日":
		return WorkingDay, true
	case "wh", "工作小时", "个工作小时":
		return WorkingHour, true
	}
	return "", false
}

// String returns the short form, such as "5wd".
func (b Budget) String() string { return strconv.Itoa(b.N) + string(b.Unit) }

// Length is b without regard to any calendar: a working day counts as the 24
// hours that it takes of a week of five. It serves to compare budgets, never
// to set a clock.
func (b Budget) Length() time.Duration {
	n := time.Duration(b.N)
	switch b.Unit {
	case Minute:
		return n * time.Minute
	case Hour:
		return n * time.Hour
	case WorkingHour:
		return n * 3 * time.Hour
	case WorkingDay:
		if n == 0 {
			return 8 * time.Hour
		}
		return n * 24 * time.Hour * 7 / 5
	default:
		return n * 24 * time.Hour
	}
}

// MarshalText returns the short form.
func (b Budget) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads what ParseBudget reads.
func (b *Budget) UnmarshalText(text []byte) error {
	v, err := ParseBudget(string(text))
	*b = v
	return err
}

// A Calendar counts working time.
//
// Its methods are pure and safe for concurrent use.
type Calendar interface {
	// Due returns the moment at which b, started at start, is used up.
	// provisional (暂定) is true when it runs into a year whose holidays have
	// not been published.
	Due(start time.Time, b Budget) (due time.Time, provisional bool)
	// Shift moves due by the time between from and to, counted in u: what a
	// clock gains that stood still from from to to.
	Shift(due, from, to time.Time, u Unit) (shifted time.Time, provisional bool)
}

// A DeadlineKind (时限类型) names one of a case's independent clocks.
type DeadlineKind string

// The clocks of a case.
const (
	ClockSort    DeadlineKind = "sort"    // 分拨: the sorting desk routes it
	ClockContact DeadlineKind = "contact" // 首次联系
	ClockSign    DeadlineKind = "sign"    // 签收
	ClockAccept  DeadlineKind = "accept"  // 受理告知
	ClockOnSite  DeadlineKind = "on_site" // 到场
	ClockVerify  DeadlineKind = "verify"  // 核查
	ClockPart    DeadlineKind = "part"    // 协办: the part of a case that is due first
	ClockClose   DeadlineKind = "close"   // 办结
	ClockReply   DeadlineKind = "reply"   // the citizen's answer to a question
	ClockReview  DeadlineKind = "review"  // 挂账复核: a suspended case comes back
	ClockAnswer  DeadlineKind = "answer"  // reply to a supervision or instruction
	ClockClimb   DeadlineKind = "climb"   // next rung of the ladder
	ClockRemind  DeadlineKind = "remind"  // 催办 at the top of the ladder
	ClockArchive DeadlineKind = "archive" // 归档
)

// An Allowance is a clock that a policy gives a case: how long, and how much
// earlier a warning is due (zero N: none).
type Allowance struct {
	Kind   DeadlineKind `json:"kind"`
	Budget Budget       `json:"budget"`
	Warn   Budget       `json:"warn,omitzero"`
	Source string       `json:"source,omitempty"` // law, standard or city practice
}

// A Deadline (时限) is one open clock of a case.
type Deadline struct {
	Kind   DeadlineKind `json:"kind"`
	Budget Budget       `json:"budget,omitzero"`
	Start  time.Time    `json:"start"`
	Due    time.Time    `json:"due"`
	// WarnAt is when a warning is due; zero when none is or it was given.
	WarnAt   time.Time `json:"warn_at,omitzero"`
	PausedAt time.Time `json:"paused_at,omitzero"` // zero while it runs
	// Pauses are the times that it stood and was moved by.
	Pauses      []Pause `json:"pauses,omitempty"`
	Provisional bool    `json:"provisional,omitempty"`
	// Epoch counts settings of this clock, so that a late firing of an older
	// setting is recognised and ignored.
	Epoch int `json:"epoch"`
}

// A Pause (停钟) is a time during which a clock stood.
type Pause struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// FireAt returns when the hub must act on d next: the warning or the due time.
// ok is false while d is paused.
func (d Deadline) FireAt() (at time.Time, ok bool) {
	switch {
	case !d.PausedAt.IsZero():
		return time.Time{}, false
	case !d.WarnAt.IsZero():
		return d.WarnAt, true
	default:
		return d.Due, true
	}
}
