// Package reading finds places, numbers and words in what citizens write.
//
// It knows the Chinese of addresses, amounts and counts, and refuses to know
// any department's business. Start with Place or Number.
package reading

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub"
)

// Text returns all that content says, with full-width digits and signs made
// plain, so that "３号楼" reads like "3号楼".
func Text(c hub.Content) string {
	s := c.PlaceText + "。" + c.Title + "。" + c.Text
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '．':
			return '.'
		case r == '—' || r == '－':
			return '-'
		case r == ' ' || r == '\u3000' || r == '\u00a0':
			return -1
		}
		return r
	}, s)
}

// Words returns those of words that occur in text, in the order of words.
func Words(text string, words []string) []string {
	var out []string
	for _, w := range words {
		if strings.Contains(text, w) {
			out = append(out, w)
		}
	}
	return out
}

const (
	han   = `[\p{Han}A-Za-z0-9·]`
	digit = `[0-9零一二三四五六七八九十百两]`
)

// Patterns are the compiled expressions of a reader; compile them once.
type Patterns struct {
	compound, building, unit, room, station, triple *regexp.Regexp
}

// NewPatterns compiles the expressions.
func NewPatterns() *Patterns {
	return &Patterns{
		compound: regexp.MustCompile(`(` + han + `{2,14}?(?:小区|花园|家园|嘉园|佳苑|家属院|家属楼|新村|公寓|苑|名都|华府|公馆|庄园|雅居|安置点))`),
		building: regexp.MustCompile(`(` + digit + `{1,4}|[A-Za-z])(?:号楼|号栋|栋|幢|#楼|#)|([0-9]{1,3}|[A-Za-z])座`),
		unit:     regexp.MustCompile(`(` + digit + `{1,3})单元`),
		room:     regexp.MustCompile(`([0-9]{3,4})(?:室|户|号房|房)`),
		station:  regexp.MustCompile(`(` + han + `{1,10}?(?:换热站|热力站|供热站|锅炉房))`),
		triple:   regexp.MustCompile(`([0-9]{1,3})-([0-9]{1,2})-([0-9]{3,4})`),
	}
}

// A Place is where the citizen lives, as far as the text says.
type Place struct {
	Compound string // 小区
	Building string // digits or a letter
	Unit     string
	Room     string
	Station  string // 换热站
}

// Place reads the first compound, building, unit, room and heat station.
func (p *Patterns) Place(text string) Place {
	out := Place{
		Compound: trimLead(first(p.compound, text)),
		Building: plain(first(p.building, text)),
		Unit:     plain(first(p.unit, text)),
		Room:     first(p.room, text),
		Station:  trimLead(first(p.station, text)),
	}
	if !named(out.Compound) {
		out.Compound = ""
	}
	if m := p.triple.FindStringSubmatch(text); m != nil && out.Building == "" {
		out.Building, out.Unit, out.Room = m[1], m[2], m[3]
	}
	return out
}

// named reports whether s is a name, and not "our compound".
func named(s string) bool {
	if utf8.RuneCountInString(s) < 3 {
		return false
	}
	for _, w := range []string{"们", "我们", "咱们", "本", "居民", "住宅", "商品房", "该", "这", "此", "这个", "整个", "全", "一个", "某", "老旧", "各", "多个", "个", "贵"} {
		if s == w+"小区" || s == w+"家属院" || s == w+"公寓" {
			return false
		}
	}
	return true
}

// Facts adds what is known to facts.
func (p Place) Facts(facts map[string]string) {
	for k, v := range map[string]string{
		"compound": p.Compound, "building": p.Building, "unit": p.Unit, "room": p.Room, "station": p.Station,
	} {
		if v != "" {
			facts[k] = v
		}
	}
}

func first(re *regexp.Regexp, text string) string {
	m := re.FindStringSubmatch(text)
	for i := 1; i < len(m); i++ {
		if m[i] != "" {
			return m[i]
		}
	}
	return ""
}

// trimLead cuts what stands before a name: divisions, roads and small words.
func trimLead(s string) string {
	for _, sep := range []string{
		"省", "自治区", "市", "新区", "街道", "社区", "大道", "路", "街", "镇", "乡",
		"白银区", "平川区", "会宁县", "靖远县", "景泰县",
		"我们是", "我们", "我家住在", "我家住", "我家在", "我家", "我是", "我住在", "本人住", "家住", "住在", "住", "位于", "反映", "咱们", "咱", "我", "在", "是", "的", "给", "向", "为", "被", "到", "由", "从", "因", "和",
	} {
		if i := strings.LastIndex(s, sep); i >= 0 && utf8.RuneCountInString(s[i+len(sep):]) >= 3 {
			s = s[i+len(sep):]
		}
	}
	return s
}

// plain turns Chinese digits into Arabic ones and leaves the rest.
func plain(s string) string {
	if n, ok := Number(s); ok {
		return strconv.FormatInt(int64(n), 10)
	}
	return strings.ToUpper(s)
}

// Number reads "23600", "12.5万", "三万五", "两百三十", "十二"; ok is false if s
// is not a number.
func Number(s string) (n float64, ok bool) {
	s = strings.ReplaceAll(strings.ReplaceAll(s, ",", ""), "，", "")
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return f, true
	}
	for _, big := range []struct {
		sign string
		n    float64
	}{{"亿", 1e8}, {"万", 1e4}, {"千", 1e3}, {"仟", 1e3}, {"百", 100}, {"佰", 100}, {"十", 10}, {"拾", 10}} {
		head, tail, found := strings.Cut(s, big.sign)
		if !found {
			continue
		}
		h, r := 1.0, 0.0
		if head != "" {
			if h, ok = Number(head); !ok {
				return 0, false
			}
		}
		if tail != "" {
			if r, ok = Number(tail); !ok {
				return 0, false
			}
			// 三万五 is 35,000; 三万零五 and 3万500 are what they say.
			if d, isDigit := digitOf(tail); isDigit && big.n > 10 {
				r = d * big.n / 10
			}
		}
		return h*big.n + r, true
	}
	return chineseDigits(s)
}

// chineseDigits reads 二零三 digit by digit.
func chineseDigits(s string) (float64, bool) {
	n := 0.0
	for _, r := range s {
		d, ok := digitOf(string(r))
		if !ok {
			return 0, false
		}
		n = n*10 + d
	}
	return n, s != ""
}

// digitOf returns the value of a single Chinese digit.
func digitOf(s string) (float64, bool) {
	i := strings.Index("零一二三四五六七八九", s)
	switch {
	case s == "两" || s == "俩":
		return 2, true
	case s == "" || i < 0 || i%3 != 0 || len(s) != 3:
		return 0, false
	}
	return float64(i / 3), true
}

// Amount says n without needless digits.
func Amount(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
