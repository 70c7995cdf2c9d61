package formula

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub/reading"
)

// peopleIn finds how many people a text speaks of: 30多名工人, 12户, 50余人.
func peopleIn(text string) float64 {
	return firstNumber(text, func(s string) float64 {
		s = optional(s, "多", "余", "几")
		if unit(s, people()) || unit(optional(s, "名", "位", "个", "户"), people()) {
			return 1
		}
		return math.NaN()
	}, 6)
}

func people() []string {
	return []string{"农民工", "工人", "员工", "职工", "业主", "村民", "人", "户"}
}

// amountIn finds a sum of money in yuan: 3.5万元, 8000块.
func amountIn(text string) float64 {
	return firstNumber(text, func(s string) float64 {
		s = optional(s, "多", "余")
		by := 1.0
		if rest, ok := strings.CutPrefix(s, "万"); ok {
			by, s = 1e4, spaces(rest)
		} else if rest, ok := strings.CutPrefix(s, "亿"); ok {
			by, s = 1e8, spaces(rest)
		}
		if unit(optional(s, "多", "余"), []string{"元", "块"}) {
			return by
		}
		return math.NaN()
	}, 12)
}

// firstNumber is the first number in text, of at most so many digits or in
// Chinese characters, that by gives a factor for, looking at what follows; NaN
// if there is none.
func firstNumber(text string, by func(after string) float64, digits int) float64 {
	ordinal := false // the character before is 第
	for i := 0; i < len(text); {
		end := numberEnd(text, i)
		if end == i {
			r, w := utf8.DecodeRuneInString(text[i:])
			ordinal = r == '第'
			i += w
			continue
		}
		number := strings.TrimSuffix(text[i:end], ".")
		n, ok := reading.Number(number)
		chinese := text[i] >= utf8.RuneSelf
		if fits := chinese && n >= fewest && !ordinal || !chinese && len(number) <= digits; ok && fits {
			if k := by(spaces(text[i+len(number):])); !math.IsNaN(k) {
				return n * k
			}
		}
		i, ordinal = end, false
	}
	return math.NaN()
}

// fewest is the least number in Chinese characters that is taken for one: 一
// and 二 are parts of too many words.
const fewest = 3

// numberEnd is the end of the digits, or of the Chinese numerals, at i.
func numberEnd(text string, i int) int {
	if text[i] >= utf8.RuneSelf {
		for i < len(text) {
			r, w := utf8.DecodeRuneInString(text[i:])
			if !numeral(r) {
				break
			}
			i += w
		}
		return i
	}
	if text[i] < '0' || text[i] > '9' {
		return i
	}
	for dots := 0; i < len(text) && (text[i] >= '0' && text[i] <= '9' || text[i] == '.' && dots == 0); i++ {
		if text[i] == '.' {
			dots++
		}
	}
	return i
}

func numeral(r rune) bool {
	switch r {
	case '零', '一', '二', '两', '三', '四', '五', '六', '七', '八', '九', '十', '百', '千', '万', '亿':
		return true
	}
	return false
}

func spaces(s string) string { return strings.TrimLeft(s, " \t\r\n") }

// optional skips one of words, if s begins with one.
func optional(s string, words ...string) string {
	for _, w := range words {
		if rest, ok := strings.CutPrefix(s, w); ok {
			return spaces(rest)
		}
	}
	return s
}

func unit(s string, words []string) bool {
	for _, w := range words {
		if strings.HasPrefix(s, w) {
			return true
		}
	}
	return false
}
