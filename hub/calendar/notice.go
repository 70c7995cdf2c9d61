package calendar

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

var (
	titleYear = regexp.MustCompile(`关于(\d{4})年`)
	anyYear   = regexp.MustCompile(`(\d{4})年`)
	aside     = regexp.MustCompile(`[（(][^（）()]*[)）]`)
	section   = regexp.MustCompile(`^\s*[一二三四五六七八九十]+、\s*([^：:，,。]{2,12})[：:](.*)$`)
	papers    = regexp.MustCompile(`https?://\S+`)
	// A date, or a range of dates, each with or without year and month.
	dates = regexp.MustCompile(`(?:(\d{4})年)?(?:(\d{1,2})月)?(\d{1,2})日(?:(?:至|—|-|－|到)(?:(\d{4})年)?(?:(\d{1,2})月)?(\d{1,2})日)?`)
)

// ParseNotice reads the text of a yearly notice (国务院办公厅关于某年部分节假日安排的
// 通知) as it is pasted from the government's page. An address in the text is
// kept as the paper. It refuses a text that names no year or no day off, and
// days whose weekday, where the notice says it, is another one.
func ParseNotice(text string) (Year, error) {
	year := titleYear.FindStringSubmatch(text)
	if year == nil {
		year = anyYear.FindStringSubmatch(text)
	}
	if year == nil {
		return Year{}, hub.Errorf(hub.CodeInvalid, "calendar.no_year")
	}
	y := Year{Papers: papers.FindAllString(text, -1)}
	y.Year, _ = strconv.Atoi(year[1])
	if err := checkWeekdays(y.Year, text); err != nil {
		return Year{}, err
	}
	days := map[string]Day{}
	for line := range strings.Lines(text) {
		m := section.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		for _, d := range sentences(y.Year, m[1], aside.ReplaceAllString(m[2], "")) {
			days[d.Date] = d
		}
	}
	for _, d := range days {
		y.Days = append(y.Days, d)
	}
	slices.SortFunc(y.Days, func(a, b Day) int { return cmp.Compare(a.Date, b.Date) })
	if !slices.ContainsFunc(y.Days, func(d Day) bool { return d.IsOff }) {
		return Year{}, hub.Errorf(hub.CodeInvalid, "calendar.no_days", y.Year)
	}
	return y, nil
}

// sentences returns the days of one holiday.
func sentences(year int, name, text string) []Day {
	var out []Day
	month := 0
	for _, s := range strings.FieldsFunc(text, func(r rune) bool { return r == '。' || r == '；' || r == ';' }) {
		// "5月1日至5日放假调休，共5天" says one thing, "1月3日放假，1月4日上班" two.
		for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == '，' || r == ',' }) {
			off, on := strings.Contains(part, "放假") || strings.Contains(part, "补休"), strings.Contains(part, "上班")
			if !off && !on {
				continue
			}
			for _, m := range dates.FindAllStringSubmatch(part, -1) {
				for _, d := range span(year, &month, m) {
					out = append(out, Day{Name: name, Date: d.Format(time.DateOnly), IsOff: !on})
				}
			}
		}
	}
	return out
}

// span lists the days of one match; month is the last that was named.
func span(year int, month *int, m []string) []time.Time {
	number := func(s string, otherwise int) int {
		if n, err := strconv.Atoi(s); err == nil {
			return n
		}
		return otherwise
	}
	y1 := number(m[1], year)
	*month = number(m[2], *month)
	from := time.Date(y1, time.Month(*month), number(m[3], 0), 0, 0, 0, 0, time.UTC)
	if m[6] == "" {
		return []time.Time{from}
	}
	before := *month
	*month = number(m[5], *month)
	y2 := number(m[4], y1)
	if m[4] == "" && *month < before {
		y2 = y1 + 1 // over New Year
	}
	to := time.Date(y2, time.Month(*month), number(m[6], 0), 0, 0, 0, 0, time.UTC)
	var out []time.Time
	for d := from; !d.After(to) && len(out) < 30; d = d.AddDate(0, 0, 1) {
		out = append(out, d)
	}
	return out
}

// saidWeekday is a date with the weekday that the notice gives it.
var saidWeekday = regexp.MustCompile(`(?:(\d{4})年)?(\d{1,2})月(\d{1,2})日[（(](?:[^（）()]*、)?(?:周|星期)([一二三四五六日])[）)]`)

// checkWeekdays finds slips of the pen: a day of another year or a wrong digit.
func checkWeekdays(year int, text string) error {
	for _, m := range saidWeekday.FindAllStringSubmatch(text, -1) {
		y := year
		if m[1] != "" {
			y, _ = strconv.Atoi(m[1])
		}
		month, _ := strconv.Atoi(m[2])
		day, _ := strconv.Atoi(m[3])
		d := time.Date(y, time.Month(month), day, 0, 0, 0, 0, time.UTC)
		if said := slices.Index([]string{"日", "一", "二", "三", "四", "五", "六"}, m[4]); said != int(d.Weekday()) {
			return hub.Errorf(hub.CodeInvalid, "calendar.weekday", strings.TrimSuffix(m[0], ""), weekdayName(d))
		}
	}
	return nil
}

func weekdayName(t time.Time) string {
	return "周" + []string{"日", "一", "二", "三", "四", "五", "六"}[t.Weekday()]
}
