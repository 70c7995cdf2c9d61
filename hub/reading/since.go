package reading

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub"
)

// when are the expressions of Since, compiled once.
type when struct{ date, ago, lasted *regexp.Regexp }

var whens = sync.OnceValue(func() when {
	const n = `([0-9]{1,3}|[一二两三四五六七八九十]{1,3}|半|几)`
	return when{
		// 11月3日起, 从2号开始, 自十一月一号以来
		date: regexp.MustCompile(`(?:(20[0-9]{2})年)?(?:([0-9]{1,2}|[一二三四五六七八九十]{1,2})月(?:份)?)?([0-9]{1,2}|[一二三四五六七八九十]{1,3})(?:日|号)(?:早上|上午|中午|下午|晚上|晚|凌晨|夜里|[0-9]{1,2}[点时])*(?:开始|起|以来|到现在|至今|就|停|之后|后|供暖)`),
		// 昨天晚上开始, 前天就, 今早起
		ago: regexp.MustCompile(`(今天|今早|今晨|今晚|昨天|昨晚|昨夜|前天|大前天|上周|上个月|半年)`),
		// 三天了, 已经5天, 停了两周, 一个多月没
		lasted: regexp.MustCompile(n + `(个多|多个|个半|多|个)?(天|日|周|星期|礼拜|月|小时|钟头)(?:多|左右)?(?:了|没|不|一直|以来|都|还|，|。|$)`),
	}
})

// Since reads since which day something lasts: from a date, from a word such as
// 昨晚, or from how long it has lasted. at is when it was said; days are counted
// in Beijing time. words are those that it was read from.
func Since(text string, at time.Time) (day time.Time, words string, ok bool) {
	today := at.In(hub.China())
	today = time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, today.Location())
	for _, m := range whens().date.FindAllStringSubmatch(text, -1) {
		if day, ok := dated(m, today); ok {
			return day, m[0], true
		}
	}
	if day, words, ok := lasted(text, today, at); ok {
		return day, words, true
	}
	for _, m := range whens().ago.FindAllStringIndex(text, -1) {
		if word := text[m[0]:m[1]]; !deed(text[m[1]:]) {
			return today.AddDate(0, 0, -daysAgo(word)), word, true
		}
	}
	return time.Time{}, "", false
}

// dated reads a day of this year, or of the last one where it would lie ahead.
func dated(m []string, today time.Time) (time.Time, bool) {
	month := int(today.Month())
	if m[2] != "" {
		n, _ := Number(m[2])
		month = int(n)
	}
	n, ok := Number(m[3])
	if !ok || n < 1 || n > 31 || month < 1 || month > 12 {
		return time.Time{}, false
	}
	year := today.Year()
	if m[1] != "" {
		year, _ = strconv.Atoi(m[1])
	}
	day := time.Date(year, time.Month(month), int(n), 0, 0, 0, 0, today.Location())
	switch {
	case !day.After(today):
	case m[2] == "":
		day = day.AddDate(0, -1, 0)
	case m[1] == "":
		day = day.AddDate(-1, 0, 0)
	default:
		return time.Time{}, false
	}
	return day, true
}

func lasted(text string, today, at time.Time) (time.Time, string, bool) {
	for _, m := range whens().lasted.FindAllStringSubmatchIndex(text, -1) {
		part := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return text[m[2*i]:m[2*i+1]]
		}
		n, ok := Number(part(1))
		if part(1) == "半" {
			n, ok = 0.5, true
		}
		if !ok || notLasted(text[:m[0]]) || strings.Contains(text[m[1]:min(len(text), m[1]+12)], "一次") {
			continue
		}
		if part(2) == "个半" {
			n += 0.5
		}
		words := strings.TrimRight(text[m[0]:m[1]], "，。")
		switch part(3) {
		case "天", "日":
			return today.AddDate(0, 0, -int(n)), words, true
		case "周", "星期", "礼拜":
			return today.AddDate(0, 0, -int(7*n)), words, true
		case "月":
			return today.AddDate(0, 0, -int(30*n)), words, true
		}
		return at.Add(-time.Duration(n * float64(time.Hour))).In(today.Location()), words, true
	}
	return time.Time{}, "", false
}

// notLasted reports whether a number that follows is of something else: 第3天 of
// a month, 11月 as a date, 每天 as a habit.
func notLasted(before string) bool {
	for _, w := range []string{"第", "年", "每", "月", "限", "再过", "最多", "退", "内"} {
		if strings.HasSuffix(before, w) {
			return true
		}
	}
	return false
}

// deed reports whether a day is that of something done and not of the trouble:
// 昨天交的费.
func deed(after string) bool {
	r, _ := utf8.DecodeRuneInString(after)
	return strings.ContainsRune("交打问找报来去给联投反", r)
}

func daysAgo(word string) int {
	return map[string]int{"昨天": 1, "昨晚": 1, "昨夜": 1, "前天": 2, "大前天": 3, "上周": 7, "上个月": 30, "半年": 183}[word]
}
