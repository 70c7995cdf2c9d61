package formula

import (
	"math"
	"strconv"
	"strings"
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

// firstNumber is the first number in text, of at most so many digits, that by
// gives a factor for, looking at what follows; NaN if there is none.
func firstNumber(text string, by func(after string) float64, digits int) float64 {
	for i := 0; i < len(text); i++ {
		if text[i] < '0' || text[i] > '9' {
			continue
		}
		end, dots := i, 0
		for end < len(text) && (text[end] >= '0' && text[end] <= '9' || text[end] == '.' && dots == 0) {
			if text[end] == '.' {
				dots++
			}
			end++
		}
		number := strings.TrimSuffix(text[i:end], ".")
		if n, err := strconv.ParseFloat(number, 64); err == nil && len(number) <= digits {
			if k := by(spaces(text[i+len(number):])); !math.IsNaN(k) {
				return n * k
			}
		}
		i = end - 1
	}
	return math.NaN()
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
