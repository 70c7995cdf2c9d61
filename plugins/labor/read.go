package labor

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/reading"
)

const number = `([0-9][0-9,]*(?:\.[0-9]+)?(?:[万千百][0-9]*)*|[零一二两三四五六七八九十百千万]+)`

// maxWorkers bounds what can be a number of workers: more is a population.
const maxWorkers = 5000

// arrears (欠薪) is the matter that early warning and the ladder look at.
const arrears = "欠薪"

// A reader reads labour. It is safe for concurrent use.
type reader struct {
	least int // workers from which on arrears are critical

	employer, site                        reading.Kind
	workers, counted, amount, bare        *regexp.Regexp
	months, span                          *regexp.Regexp
	arrears, wage, owing, total, leftover *regexp.Regexp
}

func newReader(least int) *reader {
	return &reader{
		least: least,
		employer: reading.Kind{
			Ends: []string{
				"有限责任公司", "股份有限公司", "有限公司", "集团公司", "分公司", "公司", "集团", "施工队", "劳务队", "工程队", "包工队", "合作社",
				"工厂", "砖厂", "化工厂", "水泥厂", "陶瓷厂", "制衣厂", "食品厂", "加工厂", "电厂", "饭店", "酒店", "宾馆", "超市", "商场", "医院", "幼儿园",
				"学校", "中学", "小学", "学院", "养殖场", "洗煤厂", "煤矿", "餐厅", "火锅店", "培训机构", "事务所", "银行", "加油站", "砂石厂", "驾校",
			},
			Common: thisOne(), Least: 2,
		},
		site:    reading.Kind{Ends: []string{"项目部", "工地", "项目", "标段"}, Common: append(thisOne(), "民生", "重点", "扶贫", "农民", "建筑", "施工", "外地"), Least: 2},
		workers: regexp.MustCompile(number + `(?:多|余|来|几)?(?:名|位|个|来个|来名|多个|余名|多名)?(?:农民工|工人|民工|工友|员工|职工|兄弟|劳动者|老乡|人(?:的)?(?:工资|工钱|血汗)|人(?:[^大民员才为家事力均口类次]|$)|教师|老师|护士|医护|司机|保安|保洁)`),
		counted: regexp.MustCompile(`(?:工人|员工|农民工|职工|教师|工友)(?:共|有|约|共计|一共|大约)?` + number + `(?:多|余|来|几)?(?:名|人|位)`),
		// An amount without its unit: 一万二, 4万多.
		bare:     regexp.MustCompile(`((?:[0-9][0-9.]*|[一二三四五六七八九十百]+)多?万[0-9一二三四五六七八九千百]*)|(?:工资|工钱|薪资|拖欠|欠款)[^，。0-9]{0,4}([0-9]{4,7})(?:[^0-9年月日]|$)`),
		leftover: regexp.MustCompile(`(?:还拖欠|还欠|尚欠|下欠|剩余|余款|还剩|仍欠)[^，。；！？]{0,6}$`),
		// Owing and wages in one breath, or a boss who owes a sum.
		arrears: regexp.MustCompile(`欠薪|讨薪|血汗钱|` +
			`(?:拖欠|欠|克扣|扣发|停发|不发|没发|未发|不给|没给|不结|没结|未结|没付|未付|拒付|拒绝支付|拒不支付|不支付|讨要|追讨)[^，。；！？]{0,14}(?:工资|工钱|薪水|薪资|劳务费|工程款)|` +
			`(?:工资|工钱|薪水|薪资|劳务费|工程款)[^。；！？]{0,12}(?:拖|欠|没发|未发|不发|没给|不给|没结|未结|不结|没拿到|没有发|没有给|拿不到|未付|没付|没到手|还没发|要不回|不支付|未支付|没支付|要了)|` +
			`(?:老板|包工头|公司|厂里|工地)[^，。]{0,6}欠(?:了)?(?:我|他|她|我们|着)?[^，。]{0,6}[0-9一二三四五六七八九十百千]+[多余]?(?:万|元|块|千)|` +
			`欠(?:了)?我们?[^，。]{0,6}[0-9一二三四五六七八九十百千]+(?:万|元|块|千|百)|` +
			`(?:还欠|下欠|尚欠)[^，。]{0,6}[0-9一二三四五六七八九十百千]+`),
		amount: regexp.MustCompile(number + `(?:多|余|来|几)?(万)?(?:多|余)?(?:元|块|圆|人民币)`),
		months: regexp.MustCompile(number + `(?:多)?个(半)?(?:多)?月|(半|一|两|三|[0-9])(?:多)?年(半)?`),
		span:   regexp.MustCompile(`(?:(20[0-9]{2}|去|今|前)年)?([0-9]{1,2}|[一二三四五六七八九十]{1,2})月(?:份)?(?:到|至|-|~|～|—)(?:(20[0-9]{2}|今)年)?(?:([0-9]{1,2}|[一二三四五六七八九十]{1,2})月(?:份)?|(今|现在|目前))`),
		wage:   regexp.MustCompile(`(?:月薪|日薪|(?:^|[^个])月工资|底薪|每月|每天|一天|一个月|最低工资|工资标准|基本工资|罚款|罚|押金|保证金|培训费|报名费|每人|时薪|每小时|一小时|社保|住房补贴|补贴|贷款|注册资本|产值|营业额|起步价)[^，。；！？]{0,6}$`),
		owing:  regexp.MustCompile(`(?:欠|没发|未发|不发|没给|不给|未付|不付|没付|拖|没结|未结|不结|没拿到|没有发|没有给|扣|要了|讨要|没拿|拿不到)`),
		total:  regexp.MustCompile(`(?:共计|合计|总计|总共|一共|累计|总额|共欠|共|尚欠|还欠|剩余|余款|下欠)[^，。；！？]{0,8}$`),
	}
}

// thisOne are words before an employer's end that name nobody.
func thisOne() []string {
	return []string{
		"一家", "这家", "那家", "该家", "用人", "单位", "劳务", "建筑", "建筑劳务", "施工", "总包", "分包", "承包", "物业", "人力资源", "派遣", "劳务派遣", "总", "母", "子",
		"私营", "国有", "外资", "上市", "挂靠", "所在", "原", "原来", "自己", "保险", "开发", "房地产", "装修", "保安", "保洁", "中介", "家政", "外卖", "快递", "网约车", "我司", "任何",
		"人民", "农民", "公立", "私立", "民办", "大型", "县", "市", "乡镇", "培训", "企业", "央企", "国企", "总承包", "几家", "多家", "科技", "贸易", "投资", "建设", "上学",
	}
}

// A matter (事由) is what is asked and how it is known.
type matter struct {
	name  string
	words []string
}

// matters lists the matters beside arrears, in the order in which they count.
func matters() []matter {
	return []matter{
		{"工伤", []string{"工伤", "受伤", "摔伤", "职业病", "砸伤", "伤残鉴定", "劳动能力鉴定"}},
		{"解除合同", []string{"辞退", "开除", "裁员", "解除合同", "解除劳动合同", "经济补偿", "赔偿金", "被辞", "辞职", "离职", "下岗"}},
		{"社会保险", []string{"社保", "五险", "养老保险", "失业金", "失业保险", "医保", "退休", "养老金", "工龄", "缴费年限", "社会保险"}},
		{"劳动合同", []string{"劳动合同", "签合同", "签订合同", "试用期", "押身份证", "扣押证件"}},
		{"工时休假", []string{"加班", "双休", "单休", "休息", "年假", "产假", "法定节假日", "超时", "工时", "高温补贴", "高温津贴", "三倍工资"}},
		{"考试招聘", []string{"招聘", "考编", "事业编", "公务员", "职称", "资格证", "考试", "面试", "编制", "招考"}},
		{"就业补贴", []string{"补贴", "人才", "创业", "技能提升", "就业", "培训"}},
	}
}

func (r *reader) facts(a hub.Alert) reading.Facts {
	text := reading.Text(a.Content)
	var f reading.Facts
	what, words := r.matter(text)
	f.Add("matter", what, words)
	f.Add("employer", r.employer.Name(text), "")
	f.Add("site", r.site.Name(text), "")
	if n, from := r.people(text); n > 0 {
		f.Add("workers", reading.Amount(n), from)
	}
	if what == arrears {
		r.debt(text, a.At, &f)
	}
	f.Add("gathering", gathering(text), "")
	return f
}

// matter files the text: arrears first, for they are checked one by one.
func (r *reader) matter(text string) (name, words string) {
	if w := r.arrears.FindString(text); w != "" {
		return arrears, w
	}
	best, most := matter{name: "其他"}, []string(nil)
	for _, m := range matters() {
		if w := reading.Words(text, m.words); len(w) > len(most) {
			best, most = m, w
		}
	}
	return best.name, strings.Join(most, "、")
}

// people reads the largest number of people who work.
func (r *reader) people(text string) (most float64, from string) {
	for _, m := range append(r.workers.FindAllStringSubmatch(text, -1), r.counted.FindAllStringSubmatch(text, -1)...) {
		if n, ok := reading.Number(m[1]); ok && n > most && n >= 2 && n <= maxWorkers {
			most, from = n, m[0]
		}
	}
	return most, from
}

// debt reads how much is owed, for how many months and since when.
func (r *reader) debt(text string, at time.Time, f *reading.Facts) {
	if n, from := r.money(text); n > 0 {
		f.Add("amount", reading.Amount(n), from)
	}
	if n, from := r.unpaid(text, at); n > 0 {
		f.Add("months", reading.Amount(n), from)
	}
	if day, from, ok := reading.Since(text, at); ok && f.Value("months") == "" {
		f.Add("since", day.Format(time.DateOnly), from)
	}
}

// money reads what is owed: what is left to pay, else the sum where one is told,
// else the largest amount that is neither a rate nor a fine.
func (r *reader) money(text string) (most float64, from string) {
	summed := false
	for _, m := range r.amount.FindAllStringSubmatchIndex(text, -1) {
		before := text[:m[0]]
		n, ok := reading.Number(text[m[2]:m[3]])
		if !ok || vague(before) || r.wage.MatchString(before) || rate(text[m[1]:]) {
			continue
		}
		if m[4] >= 0 {
			n *= 1e4
		}
		switch {
		case r.leftover.MatchString(before):
			return n, text[m[0]:m[1]]
		case r.total.MatchString(before) && !summed:
			most, from, summed = n, text[m[0]:m[1]], true
		case n > most && !summed:
			most, from = n, text[m[0]:m[1]]
		}
	}
	if most == 0 {
		return r.unitless(text)
	}
	return most, from
}

// unitless reads an amount that is told without its unit.
func (r *reader) unitless(text string) (float64, string) {
	m := r.bare.FindStringSubmatchIndex(text)
	if m == nil || vague(text[:m[0]]) {
		return 0, ""
	}
	if after, _ := utf8.DecodeRuneInString(text[m[1]:]); strings.ContainsRune("人户平吨株亩", after) {
		return 0, ""
	}
	from, to := m[2], m[3]
	if from < 0 {
		from, to = m[4], m[5]
	}
	n, _ := reading.Number(strings.ReplaceAll(text[from:to], "多", ""))
	return n, text[from:to]
}

// vague reports whether a number that follows is none: 几十万.
func vague(before string) bool {
	return strings.HasSuffix(before, "几") || strings.HasSuffix(before, "数")
}

// rate reports whether an amount is one per day, month or hour.
func rate(after string) bool {
	for _, w := range []string{"/", "每", "一天", "一个月", "一月", "一小时", "左右的工资", "的最低", "钱一天", "一平"} {
		if strings.HasPrefix(after, w) {
			return true
		}
	}
	return false
}

// unpaid reads for how many months nothing was paid: a length that is said near
// words of owing, or a span from one month to another.
func (r *reader) unpaid(text string, at time.Time) (months float64, from string) {
	if m := r.span.FindStringSubmatch(text); m != nil {
		if n := spanned(m, at); n > 0 {
			return n, m[0]
		}
	}
	inMonths := false
	for _, m := range r.months.FindAllStringSubmatchIndex(text, -1) {
		years := m[6] >= 0
		if years && inMonths || !r.owing.MatchString(near(text, m[0], m[1])) || work(text[:m[0]]) {
			continue
		}
		n := length(text, m)
		if !years && !inMonths {
			inMonths, months = true, 0 // months are nearer the matter than years
		}
		if n > months && n <= 60 {
			months, from = n, text[m[0]:m[1]]
		}
	}
	return months, from
}

// length is how many months a match of months is long.
func length(text string, m []int) float64 {
	if m[6] < 0 {
		n, _ := reading.Number(text[m[2]:m[3]])
		if m[4] >= 0 {
			n += 0.5
		}
		return n
	}
	n, half := 0.5, text[m[6]:m[7]] == "半"
	if !half {
		n, _ = reading.Number(text[m[6]:m[7]])
	}
	n *= 12
	if m[8] >= 0 {
		n += 6
	}
	return n
}

// near is what is said in the same breath: the sentence so far, up to twenty
// characters, and a few after.
func near(text string, from, to int) string {
	before, after := []rune(text[strings.LastIndexAny(text[:from], "。！？；")+1:from]), []rune(text[to:])
	return string(before[max(0, len(before)-20):]) + "|" + string(after[:min(len(after), 8)])
}

// work reports whether a length is how long somebody worked or tried out.
func work(before string) bool {
	r := []rune(before)
	tail := string(r[max(0, len(r)-5):])
	return reading.Words(tail, []string{"试用", "干了", "工作了", "上班", "做了", "合同期", "培训", "入职", "提前", "限期", "给了", "发了"}) != nil ||
		strings.ContainsAny(before[max(0, len(before)-1):], "0123456789")
}

// spanned counts the months of a span, both ends included; one that ends now
// ends with the month before at.
func spanned(m []string, at time.Time) float64 {
	from, _ := reading.Number(m[2])
	year := func(s string, other int) int {
		switch s {
		case "去":
			return at.Year() - 1
		case "前":
			return at.Year() - 2
		case "", "今":
			return other
		}
		n, _ := reading.Number(s)
		return int(n)
	}
	begin := year(m[1], at.Year())
	if m[5] != "" {
		n := (at.Year()-begin)*12 + int(at.Month()) - int(from)
		if m[1] == "" && n <= 0 {
			n += 12
		}
		return float64(n)
	}
	to, _ := reading.Number(m[4])
	n := (year(m[3], begin)-begin)*12 + int(to) - int(from) + 1
	if n <= 0 {
		n += 12
	}
	return float64(n)
}

// gathering reads words of a gathering that is threatened or under way.
func gathering(text string) string {
	return strings.Join(reading.Words(text, []string{
		"集体讨薪", "集体上访", "聚集", "堵路", "堵门", "拉横幅", "跳楼", "爬塔吊", "越级上访", "去省里", "进京", "静坐", "围堵", "罢工", "去北京", "上塔吊", "轻生", "同归于尽",
	}), "、")
}
