package heating

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/reading"
)

// A reader reads heating. It is safe for concurrent use.
type reader struct {
	place       *reading.Patterns
	degrees     *regexp.Regexp
	age         *regexp.Regexp
	households  *regexp.Regexp
	coldBelow   float64
	notIndoors  *regexp.Regexp
	notTheRoom  *regexp.Regexp
	noSuchThing *regexp.Regexp
}

func newReader(coldBelow float64) *reader {
	return &reader{
		place:     reading.NewPatterns(),
		degrees:   regexp.MustCompile(`(零下)?([0-9]{1,2}(?:\.[0-9])?|[一二两三四五六七八九]?十[一二三四五六七八九]{0,2}|[一二三四五六七八九])(?:[、~～到至-][0-9]{1,2})?(?:来|多|几)?(?:度|℃|°|摄氏度)`),
		coldBelow: coldBelow,
		// What is said right before a number that is no room's temperature.
		notIndoors:  regexp.MustCompile(`(?:室外|外面|外边|气温|天气|降温|水温|回水|供水|出水|进水|管道温度|降到|零下|烧到|体温|发烧)[^，。；！？]{0,6}$`),
		notTheRoom:  regexp.MustCompile(`(?:低|高|差|升|降|不低于|低了|高了|差了|升了|降了|标准|规定|要求|应该|应当|保证|达到|达不到|承诺|至少|起码|合格)[^，。；！？]{0,4}$`),
		age:         regexp.MustCompile(`([0-9]{2,3}|[一二三四五六七八九]十[一二三四五六七八九]?)(?:多)?岁`),
		households:  regexp.MustCompile(`([0-9]{2,4}|[一二三四五六七八九两]?[十百][一二三四五六七八九十百]*)(?:多|余|来|几)?户`),
		noSuchThing: regexp.MustCompile(`(?:没|没有|不|未)(?:再|出现|发生)?$`),
	}
}

// facts reads all that the words say; at is when they were said.
func (r *reader) facts(a hub.Alert) reading.Facts {
	text := reading.Text(a.Content)
	var f reading.Facts
	r.place.Place(text).Facts(&f)
	r.temperature(text, &f)
	since(text, a.At, &f)
	trouble := r.trouble(text)
	if trouble == "" && cold(f, r.coldBelow) {
		trouble = notWarm
	}
	f.Add("trouble", trouble, "")
	f.Add("scope", scope(text), "")
	if m := r.households.FindStringSubmatch(text); m != nil && m[1] != f.Value("room") {
		if n, ok := reading.Number(m[1]); ok {
			f.Add("households", reading.Amount(n), m[0])
		}
	}
	r.vulnerable(text, &f)
	return f
}

// temperature takes the lowest temperature that may be a room's: what is said
// of the weather, of water or of what the contract promises is none.
func (r *reader) temperature(text string, f *reading.Facts) {
	lowest, words := 99.0, ""
	for _, m := range r.degrees.FindAllStringSubmatchIndex(text, -1) {
		before, after := text[:m[0]], text[m[1]:]
		if m[2] >= 0 || r.notIndoors.MatchString(before) || r.notTheRoom.MatchString(before) || other(after) {
			continue
		}
		if n, ok := degrees(text[m[4]:m[5]]); ok && n <= 30 && n < lowest {
			lowest, words = n, text[m[0]:m[1]]
		}
	}
	if words != "" {
		f.Add("temperature", reading.Amount(lowest), words)
	}
}

// other reports whether 度 began another word.
func other(after string) bool {
	return slices.ContainsFunc([]string{"假", "电", "数", "过", "的电", "以上才", "水"}, func(w string) bool { return strings.HasPrefix(after, w) })
}

// degrees reads 12, 十二 and the lower of 十七八.
func degrees(s string) (float64, bool) {
	if r := []rune(s); len(r) > 2 && r[len(r)-3] == '十' {
		s = string(r[:len(r)-1])
	}
	return reading.Number(s)
}

func cold(f reading.Facts, below float64) bool {
	n, err := strconv.ParseFloat(f.Value("temperature"), 64)
	return err == nil && n < below
}

// The kinds of trouble, each with its own crew.
const (
	leak    = "漏水爆管"
	stopped = "停暖"
	notWarm = "温度不达标"
	fee     = "热费"
	onOff   = "开通报停"
	noise   = "噪声"
)

// A kind is a trouble and what people call it.
type kind struct {
	name  string
	words []string
}

// kinds lists the troubles, the most pressing first.
func kinds() []kind {
	return []kind{
		{leak, []string{"爆管", "爆裂", "跑水", "喷水", "喷出", "暖气漏水", "暖气片漏", "管道漏水", "管子漏", "漏水", "漏热水", "渗水", "滴水"}},
		{stopped, []string{
			"停暖", "停热", "停供", "断暖", "停止供暖", "停止供热", "没来暖气", "没有暖气", "没暖气", "没供暖", "没有供暖", "未供暖", "没供热", "没有供热", "未供热",
			"不供暖", "不供热", "暖气停了", "暖气一直没来", "一直没来暖", "没送暖", "还没来暖", "没通暖", "暖气没来", "没来气", "还没供", "还没送",
		}},
		{notWarm, []string{
			"不热", "不暖", "冰凉", "冰冷", "凉的", "是凉", "凉了", "温度低", "温度太低", "温度不够", "不达标", "不够热", "不太热", "温乎", "温吞", "冻得", "冷得", "很冷", "太冷",
			"像冰窖", "穿棉", "穿羽绒", "半热", "忽冷忽热", "时热时不热", "烧得不行", "没一点热", "一点热气", "达不到",
		}},
		{fee, []string{"热费", "取暖费", "供暖费", "采暖费", "暖气费", "供热费", "收费", "退费", "退钱", "多收", "缴费", "交费", "面积", "滞纳金"}},
		{onOff, []string{"报停", "停用", "开通", "开栓", "关栓", "复热", "恢复用热", "入网", "接口费", "开户", "并网"}},
		{noise, []string{"噪音", "噪声", "嗡嗡", "轰鸣", "吵得"}},
	}
}

// trouble is the most pressing kind that the text speaks of and does not deny.
func (r *reader) trouble(text string) string {
	for _, k := range kinds() {
		for _, w := range k.words {
			if r.speaks(text, w) {
				return k.name
			}
		}
	}
	return ""
}

// speaks reports whether w stands in the text where it is neither denied nor
// said to be mended, nor begins another word (供暖设施).
func (r *reader) speaks(text, w string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], w)
		if i < 0 {
			return false
		}
		at += i + len(w)
		if !r.noSuchThing.MatchString(text[:at-len(w)]) && !strings.HasPrefix(text[at:], "设") && !strings.HasPrefix(text[at:], "修过") && !strings.HasPrefix(text[at:], "修好") {
			return true
		}
	}
}

// scope is how far the trouble reaches, "" if the text speaks of one home.
func scope(text string) string {
	for _, k := range []kind{
		{"片区", []string{"几个小区", "周边小区", "附近小区", "整片", "这一片", "好几个小区", "多个小区", "全镇", "整条街"}},
		{"整个小区", []string{"整个小区", "全小区", "小区都", "小区里都", "全院", "整个院", "小区全", "家家户户", "小区所有"}},
		{"整栋楼", []string{"整栋", "整幢", "整座楼", "全楼", "整个楼", "楼里都", "一栋楼都", "楼上楼下都", "一整栋", "全栋"}},
		{"整个单元", []string{"整个单元", "全单元", "单元都", "一个单元", "立管"}},
	} {
		if reading.Words(text, k.words) != nil {
			return k.name
		}
	}
	return ""
}

// vulnerable reads who suffers most; their cases are urgent.
func (r *reader) vulnerable(text string, f *reading.Facts) {
	var who []string
	for _, k := range []kind{
		{"老人", []string{"老人", "老年人", "老母", "老父", "老两口", "奶奶", "爷爷", "老爹", "老妈", "养老院", "敬老院", "年迈", "高龄", "父母都", "卧床"}},
		{"婴幼儿", []string{"婴儿", "新生儿", "宝宝", "婴幼儿", "月子", "坐月", "满月", "刚出生", "吃奶", "个月大", "月的孩子", "孩子刚", "奶娃"}},
		{"儿童", []string{"孩子", "小孩", "儿童", "娃娃", "小娃", "学生", "幼儿园", "女儿", "儿子", "孙子", "孙女"}},
		{"孕产妇", []string{"孕妇", "产妇", "怀孕", "待产", "坐月子", "月子"}},
		{"病人", []string{"病人", "患病", "生病", "手术", "住院", "透析", "瘫痪", "哮喘", "肺气肿", "心脏病", "脑梗", "癌", "化疗", "尿毒症"}},
		{"残疾人", []string{"残疾", "残障", "轮椅"}},
	} {
		if k.name == "儿童" && slices.Contains(who, "婴幼儿") {
			continue // 孩子 is the same one
		}
		if reading.Words(text, k.words) != nil {
			who = append(who, k.name)
		}
	}
	if m := r.age.FindStringSubmatch(text); m != nil && !slices.Contains(who, "老人") {
		if n, ok := reading.Number(m[1]); ok && n >= 60 && n <= 110 {
			who = slices.Insert(who, 0, "老人")
		}
	}
	if who == nil {
		return
	}
	f.Add("vulnerable", strings.Join(who, "、"), "")
	f.Add("urgency", string(hub.UrgencyUrgent), "")
}

// since reads from which day on.
func since(text string, at time.Time, f *reading.Facts) {
	if day, words, ok := reading.Since(text, at); ok {
		f.Add("since", day.Format(time.DateOnly), words)
	}
}
