// Package reading finds places, numbers and words in what citizens write.
//
// It knows the Chinese of addresses, amounts and counts, and refuses to know
// any department's business. Start with Place or Number.
package reading

import (
	"cmp"
	"regexp"
	"slices"
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

const digit = `[0-9零一二三四五六七八九十百两]`

// Patterns are the compiled expressions of a reader; compile them once.
type Patterns struct {
	building, unit, room, triple, beside *regexp.Regexp
	compound, station                    Kind
}

// NewPatterns compiles the expressions.
func NewPatterns() *Patterns {
	return &Patterns{
		building: regexp.MustCompile(`(` + digit + `{1,4}|[A-Za-z][0-9]{0,2})(?:号楼|号栋|栋|幢|#楼|#)|([0-9]{1,3}|[A-Za-z])座`),
		unit:     regexp.MustCompile(`(` + digit + `{1,3})单元`),
		room:     regexp.MustCompile(`([0-9]{3,4})(?:室|户|号房|房)|(?:单元|座|栋|号楼|#)([0-9]{3,4})(?:[^0-9]|$)`),
		triple:   regexp.MustCompile(`([0-9]{1,3})-([0-9]{1,2})-([0-9]{3,4})`),
		// A name that stands right before a building: 恒大江湾12栋.
		beside: regexp.MustCompile(`([\p{Han}·]{2,12})(?:[A-Za-z]?[0-9]{1,3}|[一二三四五六七八九十]{1,3})(?:号楼|号栋|栋|幢|#)`),
		compound: Kind{
			Ends: []string{
				"小区", "花园", "家园", "嘉园", "佳苑", "家属院", "家属楼", "家属区", "新村", "公寓", "名都", "华府", "公馆", "庄园", "雅居", "安置点", "苑", "新居", "名邸", "豪庭", "华庭", "华城", "新城小区", "花苑",
			},
			Common: []string{"安置", "廉租", "公租", "棚户", "学生", "人才", "单身", "职工", "单位", "老年", "酒店式", "教师", "后", "精神", "共同", "温馨", "秘密", "动物", "御", "征收", "拆迁", "高层", "商业", "全体", "生活", "文明", "和谐", "智慧", "平安", "绿色"},
			Least:  2,
		},
		station: Kind{
			Ends:   []string{"换热站", "热力站", "供热站", "热交换站", "锅炉房"},
			Common: []string{"单位", "物业", "旁边的", "所有", "每个"}, Least: 1,
		},
	}
}

// A Place is where the citizen lives, as far as the text says.
type Place struct {
	Compound string // 小区
	Building string // digits or a letter
	Unit     string
	Room     string
	Station  string // 换热站
	from     map[string]string
}

// Place reads the first compound, building, unit, room and heat station.
func (p *Patterns) Place(text string) Place {
	out := Place{Compound: p.compound.Name(text), Station: p.station.Name(text), from: map[string]string{}}
	for _, v := range []struct {
		key string
		re  *regexp.Regexp
		to  *string
	}{{"building", p.building, &out.Building}, {"unit", p.unit, &out.Unit}, {"room", p.room, &out.Room}} {
		if m := v.re.FindStringSubmatch(text); m != nil {
			*v.to, out.from[v.key] = plain(cmp.Or(m[1:]...)), m[0]
		}
	}
	if m := p.triple.FindStringSubmatch(text); m != nil && out.Building == "" {
		out.Building, out.Unit, out.Room = m[1], m[2], m[3]
		out.from["building"] = m[0]
	}
	if m := p.beside.FindStringSubmatch(text); m != nil && out.Compound == "" {
		out.Compound = neighbour(m[1])
	}
	return out
}

// neighbour is the name before a building, "" if it is no name.
func neighbour(before string) string {
	name := trimLead(before, 2)
	last, _ := utf8.DecodeLastRuneInString(name)
	if utf8.RuneCountInString(name) < 2 || slices.Contains(common(), name) || strings.ContainsRune(unfinished+"第号路街巷道村社组区市县镇乡", last) {
		return ""
	}
	return name
}

// Facts adds what is known to facts.
func (p Place) Facts(facts *Facts) {
	facts.Add("compound", p.Compound, "")
	facts.Add("building", p.Building, p.from["building"])
	facts.Add("unit", p.Unit, p.from["unit"])
	facts.Add("room", p.Room, p.from["room"])
	facts.Add("station", p.Station, "")
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
