package housing

import (
	"regexp"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/reading"
)

// A matter (事由) is a kind of housing trouble, each with its own office.
type matter struct {
	code  string
	title string
	// sure are words that nothing else explains, words those that only point
	// there; a sure word counts three.
	sure, words []string
	// key are words after which nothing else counts: six each.
	key []string
}

// matters lists the kinds; of two that fit equally well the first is taken.
func matters() []matter {
	return []matter{
		{
			code: "resettlement", title: "征收安置",
			sure:  []string{"拆迁", "征收", "安置房", "安置费", "回迁", "过渡费", "补偿款", "拆迁款", "征地", "棚改", "棚户区", "还建", "安置户", "拆迁户", "搬迁补偿"},
			words: []string{"安置", "安置点", "补偿", "腾退", "搬迁", "危改", "旧改"},
		},
		{
			code: "title", title: "办证",
			sure: []string{
				"房产证", "不动产证", "不动产权", "产权证", "房本", "办证", "办不了证", "办不下证", "初始登记", "首次登记", "网签", "分户", "大证", "小证", "房屋所有权证", "不动产登记", "两证",
			},
			words: []string{"过户", "契税", "产权", "备案", "确权"},
		},
		{
			code: "quality", title: "房屋质量",
			sure: []string{
				"房屋质量", "质量问题", "房屋漏水", "屋顶漏", "楼顶漏", "墙体开裂", "裂缝", "开裂", "墙皮", "空鼓", "渗水", "到处漏水", "地基", "裂开", "下沉", "塌陷", "倾斜", "保修", "返修", "偷工减料", "外墙脱落", "瓷砖脱落", "验收", "货不对板", "精装修",
			},
			words: []string{"漏水", "漏雨", "脱落", "质量", "发霉", "返潮", "墙体", "隔音", "减配", "缩水", "外墙", "保温"},
		},
		{
			code: "property", title: "物业管理",
			sure:  []string{"物业", "业委会", "业主委员会", "业主大会", "维修基金", "维修资金", "公共收益", "停车费", "公摊", "高空坠物", "高空抛物"},
			words: []string{"电梯", "停车", "车位", "垃圾", "绿化", "保安", "门禁", "路灯", "楼道", "消防通道", "监控", "充电桩", "小区环境", "卫生", "下水道", "化粪池", "健身器材"},
			key:   []string{"维修基金", "维修资金"},
		},
		{
			code: "lease", title: "住房保障",
			sure:  []string{"公租房", "廉租房", "经适房", "经济适用房", "保障房", "保障性住房", "租赁补贴", "限价房", "人才公寓", "人才房"},
			words: []string{"摇号", "租金", "轮候"},
		},
		{
			code: "sale", title: "商品房买卖",
			sure:  []string{"开发商", "售楼", "预售", "交房", "延期交房", "逾期交房", "烂尾", "购房合同", "认购", "首付", "定金", "退房", "捂盘", "房价", "楼盘", "五证", "中介费", "得房率", "公摊面积"},
			words: []string{"买房", "购房", "期房", "楼市", "合同", "退款", "置业", "销售"},
		},
		{
			code: "site", title: "施工工地",
			sure:  []string{"施工", "工地", "渣土", "扬尘", "塔吊", "挖机", "打桩", "装修噪音"},
			words: []string{"噪音", "围挡", "泥土", "围墙"},
		},
	}
}

// A reader reads housing. It is safe for concurrent use.
type reader struct {
	place             *reading.Patterns
	households, years *regexp.Regexp
	property, builder reading.Kind
}

func newReader() *reader {
	return &reader{
		place:      reading.NewPatterns(),
		households: regexp.MustCompile(`([0-9]{1,5}|[一二三四五六七八九两]?[十百千][一二三四五六七八九十百千]*)(?:多|余|来|几)?户`),
		years:      regexp.MustCompile(`([0-9]{1,2}|[一二两三四五六七八九十]{1,3})(?:多)?年(?:了|多|没|不|一直|都|还|，|。|至今|以来)`),
		property:   reading.Kind{Ends: []string{"物业服务有限公司", "物业管理有限公司", "物业公司", "物业"}, Common: thisOne(), Least: 2},
		builder: reading.Kind{
			Ends:   []string{"房地产开发有限公司", "房地产开发公司", "房地产公司", "房地产", "置业有限公司", "置业", "地产集团", "地产", "开发商"},
			Common: thisOne(), Least: 2,
		},
	}
}

// thisOne are words before 物业 and 开发商 that name nobody.
func thisOne() []string {
	return []string{
		"小区", "小区的", "前期", "原", "原来", "新的", "老", "换", "更换", "选聘", "管理", "业主和", "要求", "联系", "每次", "多次", "一直", "业主", "社区", "不良", "黑心",
		"无良", "聘请", "所谓", "收取", "但是", "后来", "所以", "可是", "结果", "而且", "因为", "如果", "对于", "要求小区", "整治", "监督", "督促", "这家", "不满", "辞退", "解聘",
	}
}

func (r *reader) facts(a hub.Alert) reading.Facts {
	text := reading.Text(a.Content)
	var f reading.Facts
	place := r.place.Place(text)
	place.Facts(&f)
	m, words := file(text)
	f.Add("matter", m.code, strings.Join(words, "、"))
	f.Add("matter_title", m.title, "")
	f.Add("issue", issue(m.code, text), "")
	if m.code == "property" {
		f.Add("company", r.property.Name(text), "")
	} else {
		f.Add("developer", r.builder.Name(text), "")
	}
	if g := r.households.FindStringSubmatch(text); g != nil {
		if n, ok := reading.Number(g[1]); ok {
			f.Add("households", reading.Amount(n), g[0])
		}
	}
	if g := r.years.FindStringSubmatch(text); g != nil {
		if n, ok := reading.Number(g[1]); ok && n <= 40 {
			f.Add("years", reading.Amount(n), strings.TrimRight(g[0], "，。"))
		}
	}
	if day, from, ok := reading.Since(text, a.At); ok {
		f.Add("since", day.Format(time.DateOnly), from)
	}
	if d := danger(text); d != "" {
		f.Add("danger", d, "")
		f.Add("urgency", string(hub.UrgencyUrgent), "")
	}
	return f
}

// notHousing takes away words that speak of something else: a place that is
// called after resettlement, or ID papers.
func notHousing() *strings.Replacer {
	return strings.NewReplacer("安置区", "", "安置小区", "", "安置点", "", "安置岗位", "", "居住证明", "", "居住证", "", "不存在拆迁", "")
}

// file finds the matter that most words speak for.
func file(text string) (matter, []string) {
	best, most, said := matter{code: "other", title: "其他"}, 0, []string(nil)
	text = notHousing().Replace(text)
	soldier := reading.Words(text, []string{"转业", "士官", "退伍", "退役", "军人"}) != nil
	for _, m := range matters() {
		if soldier && m.code == "resettlement" {
			continue // 安置 is a job for them
		}
		sure, words := reading.Words(text, m.sure), reading.Words(text, m.words)
		if n := 6*len(reading.Words(text, m.key)) + 3*len(sure) + len(words); n > most {
			best, most, said = m, n, append(sure, words...)
		}
	}
	return best, said
}

// issue is what of a matter is asked, in the words of its office.
func issue(code, text string) string {
	for _, k := range issues()[code] {
		if reading.Words(text, k.words) != nil {
			return k.name
		}
	}
	return ""
}

// An ask is a question and the words that it is known by.
type ask struct {
	name  string
	words []string
}

func issues() map[string][]ask {
	return map[string][]ask{
		"property": {
			{"电梯", []string{"电梯"}},
			{"维修资金", []string{"维修基金", "维修资金"}},
			{"停水停电", []string{"停水", "断水", "停电", "断电", "限电"}},
			{"业委会", []string{"业委会", "业主委员会", "业主大会"}},
			{"停车", []string{"停车", "车位", "车库"}},
			{"物业费", []string{"物业费", "收费", "涨价", "公摊", "公共收益", "费用"}},
			{"消防", []string{"消防"}},
			{"安保", []string{"保安", "门禁", "监控", "盗", "偷"}},
			{"保洁绿化", []string{"垃圾", "卫生", "绿化", "保洁", "脏"}},
			{"公共设施", []string{"路灯", "楼道", "下水道", "化粪池", "健身", "路面"}},
		},
		"quality": {
			{"渗漏", []string{"漏水", "渗水", "漏雨", "屋顶漏", "楼顶漏", "返潮", "发霉"}},
			{"开裂", []string{"裂缝", "开裂", "裂痕"}},
			{"沉降", []string{"下沉", "塌陷", "倾斜", "沉降"}},
			{"脱落", []string{"脱落", "墙皮", "掉落", "空鼓"}},
			{"装修质量", []string{"精装", "货不对板", "减配"}},
		},
		"title": {
			{"首次登记未办", []string{"初始登记", "首次登记", "大证", "大产权"}},
			{"网签备案", []string{"网签", "备案"}},
			{"过户", []string{"过户", "更名", "继承"}},
			{"分户办证", []string{"房产证", "不动产", "产权证", "房本", "办证", "小证", "两证"}},
		},
		"resettlement": {
			{"过渡费", []string{"过渡费", "安置费", "租房补助"}},
			{"安置房", []string{"安置房", "回迁", "还建", "安置点", "分房", "安置"}},
			{"补偿", []string{"补偿", "拆迁款", "赔偿"}},
			{"拆迁计划", []string{"何时拆", "什么时候拆", "拆迁计划", "纳入", "规划"}},
		},
	}
}

// danger reads what cannot wait.
func danger(text string) string {
	return strings.Join(reading.Words(strings.ReplaceAll(text, "危房改造", ""), []string{
		"困人", "电梯坠落", "下坠", "坍塌", "倒塌", "砸到", "砸伤", "高空坠物", "危房", "漏电", "随时可能", "墙体倾斜", "楼体倾斜", "燃气泄漏",
	}), "、")
}
