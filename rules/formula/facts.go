package formula

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub"
)

// Facts are what a condition may ask about. The tags are the names that
// authors write. A number that is not known is NaN, which compares as false.
type Facts struct {
	Title    string   `expr:"标题"`
	Body     string   `expr:"正文"`
	All      string   `expr:"全文"`
	Channel  string   `expr:"渠道"`
	Place    string   `expr:"地区"`
	Category string   `expr:"类别"`
	Kind     string   `expr:"诉求类型"`
	Urgency  string   `expr:"紧急程度"`
	Topic    string   `expr:"主题"`
	Lead     string   `expr:"主办"`
	Grade    string   `expr:"难度"`
	Tags     []string `expr:"标签"`
	People   float64  `expr:"人数"`
	Amount   float64  `expr:"金额"`
	Month    float64  `expr:"月份"`
	Hour     float64  `expr:"小时"`
	Weekday  float64  `expr:"星期"` // 1 is Monday, 7 Sunday
	Length   float64  `expr:"字数"`
	Repeats  float64  `expr:"重复次数"`
	Minute   float64  `expr:"时间"` // minutes since 1970 in UTC
	Heating  bool     `expr:"采暖期"`
	Working  bool     `expr:"工作时间"`
	// Near is 近 for programs that run without the index.
	Near func(text, a, b string, n int) bool `expr:"近"`
	// Recent counts similar cases of a topic, within reach of the place, in
	// the last minutes; NaN if nobody counts.
	Recent func(topic, reach string, minutes int) float64 `expr:"同类近期"`
}

// Fill sets what can be read from s without searching its text.
func (e *Facts) Fill(s *hub.Submission) {
	nan := math.NaN()
	*e = Facts{
		Title: clip(s.Title), Body: clip(s.Text), Channel: string(s.Channel), Place: string(s.Place),
		Kind: string(s.Kind), Urgency: string(s.Urgency), Near: Near, Recent: noRecent,
		People: nan, Amount: nan, Month: nan, Hour: nan, Weekday: nan, Length: nan, Repeats: nan, Minute: nan,
	}
	if s.SubmittedAt.IsZero() {
		return
	}
	t := s.SubmittedAt.In(hub.China())
	e.Month, e.Hour, e.Weekday = float64(t.Month()), float64(t.Hour()), float64((int(t.Weekday())+6)%7+1)
	e.Minute = float64(t.Unix() / 60)
}

// MaxText is how many bytes of a title or text conditions see.
const MaxText = 60_000

// clip cuts s to MaxText bytes, between characters.
func clip(s string) string {
	if len(s) <= MaxText {
		return s
	}
	n := MaxText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func noRecent(string, string, int) float64 { return math.NaN() }

// Read sets what only programs ask for: it searches the text.
func (e *Facts) Read(s *hub.Submission) {
	e.All = e.Title + "\n" + e.Body
	e.Length = float64(utf8.RuneCountInString(e.Body))
	e.People = number(s.Extra["人数"], peopleIn(e.All))
	e.Amount = number(s.Extra["金额"], amountIn(e.All))
	e.Repeats = number(s.Extra["重复次数"], math.NaN())
}

// Value is the present value of a field with one value.
func (e *Facts) Value(f Field) string {
	switch f {
	case Channel:
		return e.Channel
	case Place:
		return e.Place
	case Category:
		return e.Category
	case Kind:
		return e.Kind
	case Urgency:
		return e.Urgency
	case Topic:
		return e.Topic
	case Lead:
		return e.Lead
	case Grade:
		return e.Grade
	}
	return ""
}

// Number is the present value of a number field, NaN if it is not known.
func (e *Facts) Number(name string) float64 {
	switch name {
	case "人数":
		return e.People
	case "金额":
		return e.Amount
	case "月份":
		return e.Month
	case "小时":
		return e.Hour
	case "星期":
		return e.Weekday
	case "字数":
		return e.Length
	case "重复次数":
		return e.Repeats
	case "时间":
		return e.Minute
	}
	return math.NaN()
}

func number(said string, read float64) float64 {
	if n, err := strconv.ParseFloat(strings.TrimSpace(said), 64); err == nil {
		return n
	}
	return read
}

// Near is 近: both words in text, at most n runes between them. Occurrences
// that overlap are near.
func Near(text, a, b string, n int) bool {
	pa, pb := places(text, a), places(text, b)
	la, lb := utf8.RuneCountInString(a), utf8.RuneCountInString(b)
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
func places(text, w string) []int {
	var at []int
	rs, ws := []rune(text), []rune(w)
	for i := 0; i+len(ws) <= len(rs); i++ {
		if string(rs[i:i+len(ws)]) == w {
			at = append(at, i)
		}
	}
	return at
}
