package calendar_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/calendar"
	"pgregory.net/rapid"
)

// baiyin is the calendar that ships with the demo city.
func baiyin(t testing.TB) *calendar.Calendar {
	t.Helper()
	var years []calendar.Year
	for _, name := range []string{"2025", "2026"} {
		data, err := os.ReadFile("../../configs/baiyin/calendar/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		y, err := calendar.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		years = append(years, y)
	}
	return calendar.New(years...)
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", s, time.FixedZone("", 8*60*60))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The vectors where counting weekends or holidays alone goes wrong.
func TestDueOverHolidays(t *testing.T) {
	c := baiyin(t)
	for _, v := range []struct {
		start string
		n     int
		want  string
	}{
		{"2026-09-30", 5, "2026-10-13"},
		{"2026-09-18", 5, "2026-09-24"},
		{"2026-02-13", 5, "2026-02-27"},
		{"2026-04-30", 5, "2026-05-11"},
		{"2026-05-08", 3, "2026-05-12"},
		{"2026-01-01", 1, "2026-01-04"}, // a Sunday
		{"2025-09-30", 5, "2025-10-14"},
	} {
		due, provisional := c.Due(at(t, v.start+" 10:00"), hub.Budget{N: v.n, Unit: hub.WorkingDay})
		if want := at(t, v.want+" 18:00"); !due.Equal(want) || provisional {
			t.Errorf("%s + %dwd = %v (provisional %v), want %v", v.start, v.n, due, provisional, want)
		}
	}
}

func TestDue(t *testing.T) {
	c := baiyin(t)
	for _, v := range []struct{ start, budget, want string }{
		{"2026-11-23 11:40", "30m", "2026-11-23 12:10"},
		{"2026-11-23 23:40", "2h", "2026-11-24 01:40"},
		{"2026-11-23 11:40", "60d", "2027-01-22 11:40"},
		{"2026-11-23 11:40", "当日", "2026-11-23 18:00"},
		{"2026-11-23 06:00", "0wd", "2026-11-23 18:00"},
		{"2026-11-23 18:00", "0wd", "2026-11-23 18:00"},
		{"2026-11-23 18:01", "0wd", "2026-11-24 18:00"},
		{"2026-11-21 10:00", "0wd", "2026-11-23 18:00"}, // Saturday
		{"2026-02-14 10:00", "0wd", "2026-02-14 18:00"}, // make-up Saturday
		{"2026-02-14 20:00", "0wd", "2026-02-24 18:00"}, // then Spring Festival
	} {
		b, err := hub.ParseBudget(v.budget)
		if err != nil {
			t.Fatal(err)
		}
		due, provisional := c.Due(at(t, v.start), b)
		if !due.Equal(at(t, v.want)) || provisional {
			t.Errorf("%s + %s = %v (provisional %v), want %s", v.start, v.budget, due, provisional, v.want)
		}
	}
}

func TestUnpublishedYearIsProvisional(t *testing.T) {
	c := baiyin(t)
	due, provisional := c.Due(at(t, "2026-12-30 10:00"), hub.Budget{N: 5, Unit: hub.WorkingDay})
	if !provisional || !due.Equal(at(t, "2027-01-06 18:00")) {
		t.Errorf("due = %v, provisional %v", due, provisional)
	}
	if _, provisional = c.Due(at(t, "2026-12-30 10:00"), hub.Budget{N: 1, Unit: hub.WorkingDay}); provisional {
		t.Error("a date inside a published year is provisional")
	}
	if c.Published(2027) || !c.Published(2026) {
		t.Errorf("published: %v", c.Years())
	}
}

func TestWorkingDaysOfPublishedYears(t *testing.T) {
	c := baiyin(t)
	for _, year := range c.Years() {
		n := 0
		for d := time.Date(year, 1, 1, 12, 0, 0, 0, c.Zone()); d.Year() == year; d = d.AddDate(0, 0, 1) {
			if w, _ := c.Working(d); w {
				n++
			}
		}
		if n != 248 {
			t.Errorf("%d has %d working days, want 248", year, n)
		}
	}
}

func TestOpen(t *testing.T) {
	c := baiyin(t)
	for s, want := range map[string]bool{
		"2026-11-23 08:29": false, "2026-11-23 08:30": true, "2026-11-23 17:59": true,
		"2026-11-23 18:00": false, "2026-11-22 10:00": false, "2026-10-01 10:00": false, "2026-10-10 10:00": true,
	} {
		if got := c.Open(at(t, s)); got != want {
			t.Errorf("Open(%s) = %v", s, got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for in, want := range map[string]string{
		`{"year":2026,"days":[{"name":"x","date":"2026-02-30","isOffDay":true}]}`:            "2026-02-30",
		`{"year":2026,"days":[{"name":"x","date":"2025-02-03","isOffDay":true}]}`:            "another year",
		`{"year":2026,"days":[{"date":"2026-02-03","isOffDay":true},{"date":"2026-02-03"}]}`: "both",
		`{"year":2026,"holidays":[]}`: "unknown field",
	} {
		if _, err := calendar.Parse([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%s): %v, want %q", in, err, want)
		}
	}
}

func moment(t *rapid.T, label string) time.Time {
	return time.Unix(rapid.Int64Range(1735660800, 1796054400).Draw(t, label), 0) // 2025, 2026
}

func TestProperties(t *testing.T) {
	c := baiyin(t)
	rapid.Check(t, func(t *rapid.T) {
		a, b := moment(t, "a"), moment(t, "b")
		if b.Before(a) {
			a, b = b, a
		}
		unit := rapid.SampledFrom([]hub.Unit{hub.Minute, hub.Hour, hub.Day, hub.WorkingDay, hub.WorkingHour}).Draw(t, "unit")
		n := hub.Budget{N: rapid.IntRange(0, 40).Draw(t, "n"), Unit: unit}
		dueA, _ := c.Due(a, n)
		dueB, _ := c.Due(b, n)
		if dueB.Before(dueA) {
			t.Fatalf("a later start is due earlier: %v, %v", dueA, dueB)
		}
		if more, _ := c.Due(a, hub.Budget{N: n.N + 1, Unit: unit}); more.Before(dueA) {
			t.Fatalf("a larger budget is due earlier: %v, %v", dueA, more)
		}
		if unit == hub.WorkingDay {
			if w, _ := c.Working(dueA); !w || dueA.Before(a) {
				t.Fatalf("due %v of %v", dueA, a)
			}
		}
		if same, _ := c.Shift(dueA, b, b, unit); !same.Equal(dueA) {
			t.Fatalf("no pause moved the due time to %v", same)
		}
		// A clock that stands still from its start on ends as if started later.
		if moved, _ := c.Shift(dueA, a, b, unit); n.N > 0 && !moved.Equal(dueB) {
			t.Fatalf("shifted %v, want %v", moved, dueB)
		}
	})
}
