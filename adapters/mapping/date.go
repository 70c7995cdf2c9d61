package mapping

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/width"

	"github.com/mashang-hub/mashang/hub"
)

// excelEpoch is day 0 of Excel's calendar as it is for dates after 1900.
var excelEpoch = time.Date(1899, 12, 30, 0, 0, 0, 0, hub.China())

// Date reads a time as Chinese systems write it, in China's time unless it
// says another. layout, in Go's notation, is tried first.
func Date(v any, layout string) (time.Time, error) {
	switch v := v.(type) {
	case time.Time:
		return v, nil
	case int:
		if at, ok := stamp(int64(v)); ok {
			return at, nil
		}
	case float64:
		if v > 20_000 && v < 80_000 {
			return excelEpoch.Add(time.Duration(v * 24 * float64(time.Hour))).Round(time.Second), nil
		}
	}
	raw := strings.TrimSpace(Plain(v))
	if raw == "" {
		return time.Time{}, nil
	}
	if layout != "" {
		if at, err := time.ParseInLocation(layout, raw, hub.China()); err == nil {
			return at, nil
		}
	}
	if at, ok := parse(raw); ok {
		return at, nil
	}
	return time.Time{}, hub.Errorf(hub.CodeInvalid, "submission.time", raw)
}

// stamp reads seconds or milliseconds since 1970, a day of Excel's calendar, or
// the digits of a date.
func stamp(n int64) (time.Time, bool) {
	switch {
	case n >= 20_000 && n < 80_000:
		return excelEpoch.AddDate(0, 0, int(n)), true
	case n >= 1_000_000_000_000 && n < 10_000_000_000_000:
		return time.UnixMilli(n).In(hub.China()), true
	case n >= 1_000_000_000 && n < 10_000_000_000:
		return time.Unix(n, 0).In(hub.China()), true
	}
	return time.Time{}, false
}

func parse(raw string) (time.Time, bool) {
	text := width.Narrow.String(raw)
	for _, l := range []string{
		time.RFC3339, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05.999999999Z07",
		time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 -0700",
	} {
		if at, err := time.Parse(l, text); err == nil {
			return at, true
		}
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		for _, l := range []string{"20060102150405", "200601021504", "20060102"} {
			if len(l) == len(text) {
				at, err := time.ParseInLocation(l, text, hub.China())
				return at, err == nil
			}
		}
		return stamp(n)
	}
	return civil(numerals(text))
}

var written = regexp.MustCompile(`^(\d{2,4})[-/.年](\d{1,2})[-/.月](\d{1,2})[日号]?` +
	`(?:[ T,，]*(?:星期.|周.|\(.\))?[ ]*(凌晨|早上|上午|中午|下午|傍晚|晚上|夜间|AM|PM|am|pm)?[ ]*` +
	`(\d{1,2})(?:[:时点](?:(\d{1,2})|(半))?(?:[:分](?:(\d{1,2})(?:\.\d+)?秒?)?)?)?[ ]*(AM|PM|am|pm)?)?$`)

// civil reads a written date with an optional time of day.
func civil(text string) (time.Time, bool) {
	m := written.FindStringSubmatch(text)
	if m == nil || len(m[1]) == 3 {
		return time.Time{}, false
	}
	n := func(i int) int { v, _ := strconv.Atoi(m[i]); return v }
	year, hour, minute := n(1), n(5), n(6)
	if len(m[1]) == 2 {
		year += 2000
	}
	if m[7] != "" {
		minute = 30
	}
	hour = half(hour, m[4]+m[9])
	at := time.Date(year, time.Month(n(2)), n(3), hour, minute, n(8), 0, hub.China())
	same := at.Year() == year && int(at.Month()) == n(2) && at.Day() == n(3) && at.Hour() == hour && at.Minute() == minute
	return at, same
}

// half adds twelve hours where the word for the part of the day asks for it.
func half(hour int, word string) int {
	switch strings.ToLower(word) {
	case "下午", "傍晚", "晚上", "夜间", "pm":
		if hour < 12 {
			return hour + 12
		}
	case "中午":
		if hour < 3 {
			return hour + 12
		}
	case "凌晨", "上午", "早上", "am":
		if hour == 12 {
			return 0
		}
	}
	return hour
}

// numerals turns 二〇二六年十一月二十三日 into digits.
func numerals(text string) string {
	if !strings.ContainsAny(text, "〇零一二三四五六七八九十") {
		return text
	}
	digits := map[rune]int{'〇': 0, '零': 0, '○': 0, '一': 1, '二': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9}
	var out strings.Builder
	runes := []rune(text)
	for i, c := range runes {
		d, isDigit := digits[c]
		switch {
		case isDigit:
			out.WriteString(strconv.Itoa(d))
		case c == '十':
			_, before := digits[at(runes, i-1)]
			_, after := digits[at(runes, i+1)]
			if !before {
				out.WriteByte('1')
			}
			if !after {
				out.WriteByte('0')
			}
		default:
			out.WriteRune(c)
		}
	}
	return strings.ReplaceAll(strings.ReplaceAll(out.String(), "星期1", "星期一"), "周1", "周一")
}

func at(runes []rune, i int) rune {
	if i < 0 || i >= len(runes) {
		return 0
	}
	return runes[i]
}
