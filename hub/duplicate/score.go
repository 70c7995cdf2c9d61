// Package duplicate suggests which cases may be one and the same matter,
// across channels, so that a clerk can merge them (并案).
//
// It only suggests: the clerk merges, and each citizen keeps the own receipt
// and call-back. Start with [Finder].
package duplicate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/mashang-hub/mashang/hub"
)

// A Report is what one citizen said, as far as likeness goes.
type Report struct {
	Title, Text string
	PlaceText   string
	Place       hub.PlaceCode
	Phone       string
	IDNumber    string
	Topic       string
	At          time.Time
}

// A Likeness says how alike two reports are, from 0 to 1, and why.
type Likeness struct {
	Score   float64  `json:"score"`
	Reasons []string `json:"reasons"`
}

// Petitioned reports whether one person brought the same matter twice.
func (l Likeness) Petitioned() bool { return slices.Contains(l.Reasons, petitioned) }

// The weights: what was said counts most, then who said it and where. Two
// reports are worth showing from Suggest on.
const (
	weightText  = 0.6
	weightPhone = 0.2
	weightPlace = 0.15
	weightTopic = 0.05
	// Suggest is the score from which a pair is shown to a clerk.
	Suggest = 0.4
	// near is how far apart in time two reports of one matter may be.
	near = 30 * 24 * time.Hour
	// again is how soon one caller's second call is most likely about the same,
	// and repeat how long a petition counts as brought before.
	again  = 24 * time.Hour
	repeat = 365 * 24 * time.Hour
)

// What a clerk is told beside the reasons.
const (
	calledAgain = "24 小时内同一电话再次来电，建议并案"
	petitioned  = "同一身份证号、同一事项：疑为重复信访，已受理的不再受理（信访工作条例第十九条）"
)

// Compare says how alike a and b are. It is pure and symmetric.
func Compare(a, b Report) Likeness {
	apart := a.At.Sub(b.At).Abs()
	samePerson := len(digits(a.IDNumber)) >= 15 && strings.EqualFold(a.IDNumber, b.IDNumber)
	reach := near
	if samePerson {
		reach = repeat
	}
	if apart > reach {
		return Likeness{}
	}
	var l Likeness
	add := func(points float64, reason string) {
		l.Score += points
		l.Reasons = append(l.Reasons, reason)
	}
	text := textual(a, b)
	if text >= 0.25 {
		add(weightText*math.Sqrt(text), fmt.Sprintf("内容相似 %.0f%%", 100*text))
	}
	p := digits(a.Phone)
	samePhone := len(p) >= 7 && p == digits(b.Phone)
	switch {
	case samePerson:
		add(weightPhone, "身份证号相同")
	case samePhone:
		add(weightPhone, "电话相同")
	}
	switch {
	case a.Place == "" || b.Place == "":
	case a.Place == b.Place:
		add(weightPlace, "地点相同")
	case a.Place.Township() != "" && a.Place.Township() == b.Place.Township():
		add(weightPlace/2, "同一乡镇街道")
	}
	if a.Topic != "" && a.Topic == b.Topic {
		add(weightTopic, "主题相同")
	}
	// The older, the less likely: a burst pipe of last month is mended.
	l.Score *= 1 - 0.5*float64(apart)/float64(reach)
	switch {
	case text < 0.25:
	case samePerson:
		l.Reasons = append(l.Reasons, petitioned)
	case samePhone && apart <= again:
		l.Reasons = append(l.Reasons, calledAgain)
	}
	l.Score = math.Round(100*l.Score) / 100
	return l
}

// textual is the share of two-character pieces that both texts have, judged
// by the shorter text when one tells the same story at more length.
func textual(a, b Report) float64 {
	x, y := pieces(a), pieces(b)
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	both := 0
	for p := range x {
		if y[p] {
			both++
		}
	}
	union := len(x) + len(y) - both
	jaccard := float64(both) / float64(union)
	short := min(len(x), len(y))
	if short < 8 {
		return jaccard
	}
	return max(jaccard, 0.8*float64(both)/float64(short))
}

// pieces are the pairs of neighbouring characters, without punctuation, and
// polite phrases that every letter has.
func pieces(r Report) map[string]bool {
	text := r.Text
	if !strings.Contains(text, r.Title) {
		text = r.Title + " " + text
	}
	text = filler.Replace(norm.NFKC.String(text + " " + r.PlaceText))
	out := map[string]bool{}
	var last rune
	for _, c := range text {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			last = 0
			continue
		}
		if last != 0 {
			out[string([]rune{last, c})] = true
		}
		last = c
	}
	return out
}

var filler = strings.NewReplacer(
	"尊敬的", "", "您好", "", "你好", "", "领导", "", "请问", "", "希望", "", "谢谢", "", "反映", "", "市民", "", "来电", "",
	"相关部门", "", "有关部门", "", "尽快", "", "解决", "", "处理", "")

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
