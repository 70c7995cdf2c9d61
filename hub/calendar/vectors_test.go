package calendar_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/calendar"
)

// The npm package chinese-days keeps the same notices: not one day and not one
// working-day sum of 2020 to 2026 may differ. testdata/chinese-days.mjs makes
// the vectors.
func TestAgreesWithChineseDays(t *testing.T) {
	c := shipped(t)
	f, err := os.Open("testdata/chinese-days.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	days, sums := 0, 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if cells := strings.Fields(lines.Text()); len(cells) == 2 {
			days += sameYear(t, c, cells[0], cells[1])
		} else {
			sums += sameSum(t, c, cells)
		}
	}
	if days != 2557 || sums != 10_000 {
		t.Errorf("compared %d days and %d sums, want 2557 and 10000", days, sums)
	}
}

func sameYear(t *testing.T, c *calendar.Calendar, year, days string) int {
	t.Helper()
	y, err := strconv.Atoi(year)
	if err != nil || !c.Published(y) {
		t.Fatalf("%s is not published: %v", year, err)
	}
	for i, digit := range days {
		noon := time.Date(y, 1, 1+i, 12, 0, 0, 0, c.Zone())
		if works, _ := c.Working(noon); works != (digit == '1') {
			t.Errorf("%s: worked %v, chinese-days says %c", noon.Format(time.DateOnly), works, digit)
		}
	}
	return len(days)
}

func sameSum(t *testing.T, c *calendar.Calendar, cells []string) int {
	t.Helper()
	var v [3]int
	for i, cell := range cells {
		n, err := strconv.ParseInt(cell, 36, 32)
		if err != nil {
			t.Fatal(err)
		}
		v[i] = int(n)
	}
	day := func(n int) time.Time { return time.Date(2020, 1, 1+n, 10, 0, 0, 0, c.Zone()) }
	due, provisional := c.Due(day(v[0]), hub.Budget{N: v[1], Unit: hub.WorkingDay})
	if got, want := due.Format(time.DateOnly), day(v[2]).Format(time.DateOnly); got != want || provisional {
		t.Errorf("%s + %d working days is %s (provisional %v), chinese-days says %s",
			day(v[0]).Format(time.DateOnly), v[1], got, provisional, want)
	}
	return 1
}

// shipped is every year that comes with the demo city.
func shipped(t testing.TB) *calendar.Calendar {
	t.Helper()
	names, err := filepath.Glob("../../configs/baiyin/calendar/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var years []calendar.Year
	for _, name := range names {
		data, err := os.ReadFile(name)
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
