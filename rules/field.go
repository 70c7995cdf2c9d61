package rules

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub"
)

// env is what a rule may ask about. The tags are the names that authors
// write. A number that is not known is NaN, which compares as false.
type env struct {
	Title    string  `expr:"标题"`
	Text     string  `expr:"正文"`
	All      string  `expr:"全文"`
	Channel  string  `expr:"渠道"`
	Place    string  `expr:"地区"`
	Category string  `expr:"类别"`
	Kind     string  `expr:"诉求类型"`
	Urgency  string  `expr:"紧急程度"`
	Topic    string  `expr:"主题"`
	Lead     string  `expr:"主办"`
	People   float64 `expr:"人数"`
	Amount   float64 `expr:"金额"`
	Month    float64 `expr:"月份"`
	Hour     float64 `expr:"小时"`
	Length   float64 `expr:"字数"`
	Heating  bool    `expr:"采暖期"`
	// Near is 近 for programs that were not lifted into the index.
	Near func(string, string, string, int) bool `expr:"近"`
}

type field uint8

// The fields with atoms in the index.
const (
	fieldTitle field = iota
	fieldText
	fieldAll
	fieldChannel
	fieldPlace
	fieldCategory
	fieldKind
	fieldUrgency
	fieldTopic
	fieldLead
	fields
)

// fieldOf names the string fields.
func fieldOf(name string) (field, bool) {
	switch name {
	case "标题":
		return fieldTitle, true
	case "正文":
		return fieldText, true
	case "全文":
		return fieldAll, true
	case "渠道":
		return fieldChannel, true
	case "地区":
		return fieldPlace, true
	case "类别":
		return fieldCategory, true
	case "诉求类型":
		return fieldKind, true
	case "紧急程度":
		return fieldUrgency, true
	case "主题":
		return fieldTopic, true
	case "主办":
		return fieldLead, true
	}
	return 0, false
}

func isNumber(name string) bool {
	switch name {
	case "人数", "金额", "月份", "小时", "字数":
		return true
	}
	return false
}

func (e *env) value(f field) string {
	switch f {
	case fieldChannel:
		return e.Channel
	case fieldPlace:
		return e.Place
	case fieldCategory:
		return e.Category
	case fieldKind:
		return e.Kind
	case fieldUrgency:
		return e.Urgency
	case fieldTopic:
		return e.Topic
	case fieldLead:
		return e.Lead
	}
	return ""
}

// china is the only time zone of the country.
var china = sync.OnceValue(func() *time.Location { return time.FixedZone("CST", 8*3600) })

// fill sets e from s; season is when heating runs.
func (e *env) fill(s *hub.Submission, season season) {
	*e = env{
		Title: s.Title, Text: s.Text, Channel: string(s.Channel), Place: string(s.Place),
		Kind: string(s.Kind), Urgency: string(s.Urgency), Near: nearText,
		People: math.NaN(), Amount: math.NaN(), Month: math.NaN(), Hour: math.NaN(),
	}
	if !s.SubmittedAt.IsZero() {
		t := s.SubmittedAt.In(china())
		e.Month, e.Hour = float64(t.Month()), float64(t.Hour())
		e.Heating = season.holds(t)
	}
}

// readNumbers fills what only programs ask for.
func (e *env) readNumbers(s *hub.Submission) {
	e.All = s.Title + "\n" + s.Text
	e.Length = float64(utf8.RuneCountInString(s.Text))
	people, amount := math.NaN(), math.NaN()
	if strings.ContainsAny(e.All, "0123456789") {
		people, amount = peopleIn(e.All), amountIn(e.All)
	}
	e.People = number(s.Extra["人数"], people)
	e.Amount = number(s.Extra["金额"], amount)
}

func number(said string, read float64) float64 {
	if n, err := strconv.ParseFloat(strings.TrimSpace(said), 64); err == nil {
		return n
	}
	return read
}

// readers finds numbers: 30多名工人, 12户, 50余人; 3.5万元, 8000块.
var readers = sync.OnceValue(func() numberReader {
	return numberReader{
		people: regexp.MustCompile(`(\d{1,6})\s*(?:多|余|几)?\s*(?:名|位|个|户)?\s*(?:农民工|工人|员工|职工|业主|村民|人|户)`),
		amount: regexp.MustCompile(`(\d{1,9}(?:\.\d+)?)\s*(?:多|余)?\s*(万|亿)?\s*(?:多|余)?\s*(?:元|块)`),
	}
})

type numberReader struct{ people, amount *regexp.Regexp }

func peopleIn(text string) float64 {
	if m := readers().people.FindStringSubmatch(text); m != nil {
		n, _ := strconv.ParseFloat(m[1], 64)
		return n
	}
	return math.NaN()
}

func amountIn(text string) float64 {
	m := readers().amount.FindStringSubmatch(text)
	if m == nil {
		return math.NaN()
	}
	n, _ := strconv.ParseFloat(m[1], 64)
	switch m[2] {
	case "万":
		n *= 1e4
	case "亿":
		n *= 1e8
	}
	return n
}

// nearText is 近: both words in the same part, at most n runes between them.
// Occurrences that overlap are near.
func nearText(text, a, b string, n int) bool {
	pa, pb := places(text, a), places(text, b)
	return nearAt(pa, pb, int32(len([]rune(a))), int32(len([]rune(b))), int32(n))
}

func nearAt(pa, pb []int32, la, lb, n int32) bool {
	for _, x := range pa {
		for _, y := range pb {
			if y-(x+la) <= n && x-(y+lb) <= n {
				return true
			}
		}
	}
	return false
}

// places lists the rune positions of every occurrence of w.
func places(text, w string) []int32 {
	var at []int32
	rs, ws := []rune(text), []rune(w)
	for i := 0; i+len(ws) <= len(rs); i++ {
		if string(rs[i:i+len(ws)]) == w {
			at = append(at, int32(i))
		}
	}
	return at
}

// A season (采暖期) runs from one day of the year to another, as month*100+day.
type season struct{ from, to int }

func (s season) holds(t time.Time) bool {
	d := int(t.Month())*100 + t.Day()
	if s.from <= s.to {
		return s.from <= d && d <= s.to
	}
	return d >= s.from || d <= s.to
}

// at says whether t is in the season.
func (s season) at(t time.Time) string {
	said := fmt.Sprintf("不在 %02d-%02d～%02d-%02d 内", s.from/100, s.from%100, s.to/100, s.to%100)
	switch {
	case t.IsZero():
		return "没有时间"
	case s.holds(t.In(china())):
		said = said[len("不"):]
	}
	return t.In(china()).Format(time.DateOnly) + " " + said
}
