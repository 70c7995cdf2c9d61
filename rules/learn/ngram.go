package learn

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
)

// empty lists words that say how a message is put, not what it is about.
const empty = "咨询 投诉 反映 建议 希望 请求 问题 关于 举报 强烈 要求 有关 相关 如何 什么 为何 何时 尽快 解决 政府 领导 部门 书记 请问 可以 能否 " +
	"是否 没有 不能 怎么 处理 情况 尊敬 您好 谢谢 我们 他们 盼望 呼吁 质疑 再次 申请 反对 查处 书记 市长 县长 几个 一些 存在"

// edges are characters that a word neither begins nor ends with.
const edges = "的了在是我和与请对于及或之被把将从向为其这那不没有很太就都也要会能可以个们吗呢吧啊到给让还又更最被所各每该此本某等上下中里外前后年月日时分第一二三四五六七八九十百千万两几多少"

// grams returns the different runs of 2 to 5 Chinese characters in text that
// could be words.
func grams(text string) map[string]bool {
	out := map[string]bool{}
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.Is(unicode.Han, r) }) {
		rs := []rune(run)
		for i := range rs {
			for n := 2; n <= 5 && i+n <= len(rs); n++ {
				if w := rs[i : i+n]; plausible(w) {
					out[string(w)] = true
				}
			}
		}
	}
	return out
}

// place begins the rest of a place's name: 县泉塘 of A7县泉塘街道.
const place = "县市区镇乡"

func plausible(w []rune) bool {
	if strings.ContainsRune(place, w[0]) {
		return false
	}
	if strings.ContainsRune(edges, w[0]) || strings.ContainsRune(edges, w[len(w)-1]) {
		return false
	}
	return !slices.ContainsFunc(strings.Fields(empty), func(e string) bool { return strings.Contains(string(w), e) })
}

// A Word (词) is a candidate with what history says of it. Counts are cases,
// not occurrences.
type Word struct {
	Text    string  `json:"word"`
	Right   int     `json:"right"`    // cases of the department with it
	Wrong   int     `json:"wrong"`    // cases of others with it
	Gain    int     `json:"gain"`     // cases that it wins beyond the words before it
	LogOdds float64 `json:"log_odds"` // smoothed, in natural units
	Chi2    float64 `json:"chi2"`
}

// measure fills the statistics of w: inside and outside are all cases of the
// department and of others.
func (w *Word) measure(inside, outside int) {
	a, b := float64(w.Right), float64(w.Wrong)
	c, d := float64(inside)-a, float64(outside)-b
	w.LogOdds = math.Round(100*(math.Log((a+.5)/(c+.5))-math.Log((b+.5)/(d+.5)))) / 100
	if den := (a + b) * (c + d) * (a + c) * (b + d); den > 0 {
		w.Chi2 = math.Round(100*(a*d-b*c)*(a*d-b*c)*(a+b+c+d)/den) / 100
	}
}

// index lists for every word the cases whose title has it, by number.
func index(titles []string) map[string][]int {
	out := map[string][]int{}
	for i, t := range titles {
		for w := range grams(t) {
			out[w] = append(out[w], i)
		}
	}
	return out
}

// whole drops words that occur only inside a longer candidate: 交楼 of 公交楼.
func whole(words []Word) []Word {
	longest := slices.Clone(words)
	slices.SortFunc(longest, func(a, b Word) int {
		return cmp.Or(cmp.Compare(len(b.Text), len(a.Text)), strings.Compare(a.Text, b.Text))
	})
	return slices.DeleteFunc(slices.Clone(words), func(w Word) bool {
		return slices.ContainsFunc(longest, func(l Word) bool {
			return l.Text != w.Text && strings.Contains(l.Text, w.Text) && l.Right == w.Right && l.Wrong == w.Wrong
		})
	})
}
