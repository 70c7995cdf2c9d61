package reading

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Kind of names (名类) says how names end, and what is a common word and no
// name.
type Kind struct {
	// Ends are the words that a name ends in, longer ones first.
	Ends []string
	// Common are words that stand before an end without making it a name.
	Common []string
	// Least is how many characters must stand before the end.
	Least int
}

// longest is the most characters that stand before the end of a name.
const longest = 14

// Name returns the first name of the kind in text, "" if there is none.
func (k Kind) Name(text string) string {
	for at := 0; at < len(text); {
		i, end := k.next(text[at:])
		if i < 0 {
			return ""
		}
		if head := k.head(text[:at+i]); head != "" {
			return head + end
		}
		at += i + len(end)
	}
	return ""
}

// next finds the first end in text; of two that begin at the same place the
// longer counts.
func (k Kind) next(text string) (int, string) {
	at, found := -1, ""
	for _, e := range k.Ends {
		if i := strings.Index(text, e); i >= 0 && (at < 0 || i < at || i == at && len(e) > len(found)) {
			at, found = i, e
		}
	}
	return at, found
}

// head returns what of the text before an end belongs to the name.
func (k Kind) head(before string) string {
	from := len(before)
	for n := 0; n < longest && from > 0; n++ {
		r, size := utf8.DecodeLastRuneInString(before[:from])
		if !nameRune(r) {
			break
		}
		from -= size
	}
	head := trimLead(before[from:], max(k.Least, 1))
	last, _ := utf8.DecodeLastRuneInString(head)
	if utf8.RuneCountInString(head) < max(k.Least, 1) || strings.ContainsRune(unfinished, last) || slices.Contains(leads(), head) || slices.Contains(k.Common, head) || slices.Contains(common(), head) {
		return ""
	}
	return head
}

// unfinished are characters in which no name ends before its last word: 打了换热站
// and 三百户的小区 name nothing.
const unfinished = "的了在是给被把找叫让问打就说没着过个那这哪都也不与和及跟或"

func nameRune(r rune) bool {
	return unicode.Is(unicode.Han, r) || r == '·' || r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// division is the county or city that an address begins with, also where its
// name was taken away: A市A3区.
var division = regexp.MustCompile(`^(?:[A-Z][0-9]*(?:市|区|县))+`)

// trimLead cuts what stands before a name: divisions, roads, verbs and small
// words, as long as least characters are left.
func trimLead(s string, least int) string {
	s = division.ReplaceAllString(s, "")
	for _, word := range asides() {
		if i := strings.LastIndex(s, word); i >= 0 {
			s = s[i+len(word):]
		}
	}
	for _, sep := range leads() {
		i := strings.LastIndex(s, sep)
		if i >= 0 && utf8.RuneCountInString(s[i+len(sep):]) >= least && !strings.HasPrefix(s[i:], "路桥") {
			s = s[i+len(sep):]
		}
	}
	return division.ReplaceAllString(s, "")
}

// asides are words that belong to no name, however little is left after them.
func asides() []string {
	return []string{
		"我们是", "我们", "你们", "他们", "咱们", "我家住在", "我家住", "我家在", "我家", "我是", "我住在", "本人", "家住", "现住", "住在", "位于", "位在", "坐落",
		"关于", "反映", "投诉", "举报", "咨询", "请问", "附近", "旁边", "对面", "隔壁", "昨天", "今天", "领导", "你好", "您好", "业主", "这个", "那个", "购买了", "买了",
	}
}

// leads are words that may end before a name begins, or be the name's own.
func leads() []string {
	return []string{
		"省", "自治区", "白银市", "市辖区", "新区", "街道", "社区", "大道", "镇", "乡", "村",
		"白银区", "平川区", "会宁县", "靖远县", "景泰县", "路", "街", "市",
		"住", "咱", "我", "在", "是", "的", "了", "给", "向", "为",
		"被", "到", "由", "从", "因", "和", "与", "把", "对", "找", "去", "问", "打", "叫", "让", "及", "就", "说", "有", "没", "至", "跟", "等", "购买", "包括", "整个", "目前", "现在", "今年", "最近",
	}
}

// common are words that say "this one" and name nothing.
func common() []string {
	return []string{
		"我们", "们", "咱们", "本", "该", "这", "此", "这个", "那个", "整个", "全", "一个", "某", "某某", "各", "各个", "多个", "个", "贵", "几个",
		"每个", "所有", "居民", "住宅", "商品房", "老旧", "老", "新", "新建", "大", "小", "高档", "同一", "别的", "其他", "其它", "附近", "周边", "美好", "幸福的",
		"我", "你", "他", "她", "家", "住", "两个", "三个", "封闭", "开放式", "无物业", "管", "许多", "很多", "不少", "什么", "哪个", "片区", "按照", "根据", "希望", "首先考虑", "考虑", "发现", "民营", "下面",
	}
}
