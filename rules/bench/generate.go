package bench

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A world makes rules and cases that resemble a city's.
type world struct {
	r      *rand.Rand
	topics []string
	places []string
	areas  []string // division codes of townships
}

func newWorld(seed uint64) *world {
	w := &world{r: rand.New(rand.NewPCG(seed, 7))}
	w.topics = strings.Fields(`暖气不热 暖气 供暖 供热 热费 换热站 室温不达标 管道爆裂 停暖 采暖费 热力公司 温度低
拖欠工资 农民工 欠薪 讨薪 包工头 劳动合同 加班费 社保断缴 工伤认定 试用期 劳务派遣 工程款 养老保险 失业金
办证难 烂尾楼 延期交房 房屋漏水 外墙脱落 公摊面积 维修基金 物业费 物业服务 电梯故障 消防通道 小区停车 充电桩 门禁 绿化带 违建 私搭乱建 拆迁补偿 安置房 公租房 房租
学位 入学 转学 学区划分 补课 校外培训 乱收费 食堂 校车 幼儿园 学费 助学金 校园欺凌 课后服务
医保报销 挂号 药价 住院 门诊 疫苗 救护车 村卫生室 慢病 大病救助
公交 班次 出租车 网约车 红绿灯 路灯不亮 道路坑洼 井盖缺失 路面塌陷 斑马线 占道经营 违停 停车收费 减速带 护栏 客运站
噪音扰民 油烟 异味 污水 排污 扬尘 渣土车 垃圾清运 垃圾堆放 公厕 秸秆焚烧 黑烟 粉尘 河道
停水 水压低 水质发黄 自来水 水费 二次供水 水表 管网改造 灌溉 停电 电压不稳 电费 电表 线路老化 变压器 光伏
天然气 燃气泄漏 气费 燃气表 通气 低保 残疾证 养老院 殡葬 临时救助 高龄津贴 抚恤金
土地流转 宅基地 粮补 退耕还林 大棚 种子 农药 承包地 林权 草场 防疫 村务公开 诈骗 盗窃 户口 身份证 居住证 赌博 酒驾 流浪狗 传销
假货 过期食品 缺斤短两 退款 预付卡 价格欺诈 保健品 营业执照 虚假广告 快递 网购 发票 注销 公积金 贷款 征信 集资`)
	marks := []rune("金银铜白红青绿兰山水川河湖海东西南北中上下新老大小龙凤虎平安康宁福禄寿喜和谐华光明星月云天地人文昌盛兴旺富强民乐园春夏秋冬梅竹菊松柏杨柳桃李杏枣榆槐")
	ends := strings.Fields("小区 花园 村 社区 路 家园 学校 市场 公司 医院")
	seen := map[string]bool{}
	for len(w.places) < 6000 {
		var name strings.Builder
		for range 2 + w.r.IntN(2) {
			name.WriteString(string(marks[w.r.IntN(len(marks))]))
		}
		if name.WriteString(pick(w.r, ends)); !seen[name.String()] {
			seen[name.String()] = true
			w.places = append(w.places, name.String())
		}
	}
	for _, county := range []string{"620402", "620403", "620421", "620422", "620423"} {
		for i := range 12 {
			w.areas = append(w.areas, fmt.Sprintf("%s%03d", county, 100+i))
		}
	}
	return w
}

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

func channels() []string { return []string{"扫码", "快办", "热线", "网民留言", "信访"} }

func kinds() []string { return []string{"咨询", "求助", "投诉", "举报", "建议"} }

func categories() []string {
	return strings.Fields("城乡建设 劳动和社会保障 教育文体 卫生计生 交通运输 商贸旅游 环境保护 其他")
}

// submission makes a case whose title and text have about n characters.
func (w *world) submission(n int) *hub.Submission {
	filler := strings.Fields(`您好 我是 居民 反映 一个 问题 希望 有关 部门 尽快 处理 多次 联系 没有 结果 打电话 无人 接听 已经 持续 很久 严重 影响 生活 老人 孩子 身体
情况 非常 着急 请 领导 重视 帮助 解决 谢谢 之前 工作人员 说 马上 来 至今 没有 回复 去年 今年 上个月 昨天 今天 早上 晚上 周末 每天 经常 邻居 也 有 同样 现象 楼上 楼下
单元 全部 大家 意见 很大 我们 认为 这样 不合理 要求 给 说法 附近 门口 旁边 左右 大概 几十 户 人家 受到 费用 都 交 了 但是 服务 跟不上 望 核实 答复 感谢`)
	topic := pick(w.r, w.topics)
	s := &hub.Submission{Channel: hub.ChannelCode(pick(w.r, []string{"qr", "kuaiban", "hotline", "netizen", "petition"}))}
	s.Title = pick(w.r, w.places) + topic + "问题"
	s.SubmittedAt = time.Date(2026, time.Month(1+w.r.IntN(12)), 1+w.r.IntN(28), w.r.IntN(24), 0, 0, 0, time.UTC)
	if w.r.IntN(10) > 0 {
		s.Place = hub.PlaceCode(pick(w.r, w.areas) + "200")
	}
	parts := []string{"我是" + pick(w.r, w.places) + "的居民，"}
	for runes := len([]rune(s.Title)) + 12; runes < n; {
		p := pick(w.r, filler)
		switch k := w.r.IntN(20); {
		case k == 0:
			p = topic
		case k == 1:
			p = pick(w.r, w.topics)
		case k == 2 && w.r.IntN(3) == 0:
			p = pick(w.r, w.places)
		case k == 3:
			p = "，"
		case k == 4 && w.r.IntN(4) == 0:
			p = fmt.Sprintf("，%d人，", 2+w.r.IntN(60))
		}
		parts = append(parts, p)
		runes += len([]rune(p))
	}
	s.Text = strings.Join(parts, "")
	return s
}

// keyword is a topic; large sets must name places to tell their rules apart.
func (w *world) keyword(rules int) string {
	share := 0
	if rules > 200 {
		share = 45
	}
	if rules > 5000 {
		share = 60
	}
	if w.r.IntN(100) < share {
		return pick(w.r, w.places)
	}
	return pick(w.r, w.topics)
}

// condition makes the condition of one of so many rules.
func (w *world) condition(rules int) string {
	var parts []string
	for range w.r.IntN(3) {
		parts = append(parts, w.value())
	}
	parts = append(parts, w.text(rules))
	switch k := w.r.IntN(100); {
	case k < 10:
		parts = append(parts, fmt.Sprintf(`不含("%s")`, w.keyword(rules)))
	case k < 14:
		parts = append(parts, fmt.Sprintf("人数 大于等于 %d", w.r.IntN(60)))
	case k < 17:
		parts = append(parts, fmt.Sprintf(`渠道 不等于 "%s"`, pick(w.r, channels())))
	}
	src := strings.Join(parts, " 且 ")
	if w.r.IntN(100) < 6 {
		src = fmt.Sprintf(`(%s) 或 (类别 等于 "%s" 且 标题含("%s"))`, src, pick(w.r, categories()), w.keyword(rules))
	}
	return src
}

func (w *world) value() string {
	switch w.r.IntN(6) {
	case 0:
		return fmt.Sprintf(`渠道 等于 "%s"`, pick(w.r, channels()))
	case 1, 2:
		return fmt.Sprintf(`辖区("%s")`, pick(w.r, w.areas))
	case 3:
		return fmt.Sprintf(`类别 等于 "%s"`, pick(w.r, categories()))
	case 4:
		return fmt.Sprintf(`辖区("%s", "%s")`, pick(w.r, w.areas), pick(w.r, w.areas))
	}
	return fmt.Sprintf(`诉求类型 属于 【"%s", "%s"】`, pick(w.r, kinds()), pick(w.r, kinds()))
}

func (w *world) text(rules int) string {
	a, b := w.keyword(rules), w.keyword(rules)
	if k := w.r.IntN(100); k < 12 { // regular expressions
		return []string{
			fmt.Sprintf(`正文 匹配 "%s.{0,8}%s"`, start(a), start(b)),
			fmt.Sprintf(`全文 匹配 "(%s|%s)"`, a, b),
			fmt.Sprintf(`正文 匹配 "(%s|%s).{0,10}(没有|无人|多次|严重)"`, a, b),
		}[k%3]
	} else if k < 20 {
		return fmt.Sprintf(`近("%s", "%s", %d)`, a, b, 4+w.r.IntN(20))
	}
	words := []string{a}
	for range w.r.IntN(4) {
		words = append(words, w.keyword(rules))
	}
	list := `"` + strings.Join(words, `", "`) + `"`
	switch k := w.r.IntN(4); {
	case k == 0:
		return "标题含(" + list + ")"
	case k == 1:
		return "正文含(" + list + ")"
	case k == 2 && len(words) < 4:
		return "含全部(" + list + ")"
	case len(words) > 2 && w.r.IntN(2) == 0:
		return fmt.Sprintf(`含任一("%s") 且 含任一("%s")`, a, strings.Join(words[1:], `", "`))
	}
	return "含任一(" + list + ")"
}

func start(s string) string { return string([]rune(s)[:2]) }

// folder writes n rules as an author's file.
func (w *world) folder(n int) string {
	var b strings.Builder
	b.WriteString("版本: 1\n负责人: 测量\n渠道: {扫码: qr, 快办: kuaiban, 热线: hotline, 网民留言: netizen, 信访: petition}\n规则:\n")
	leads := strings.Fields("heating housing planning urban environment police transport labor education health market civil water power gas")
	for i := range n {
		fmt.Fprintf(&b, "  - 编号: 测-%05d\n    名称: 第 %d 条\n    当: %s\n    则: {主办: %s}\n    优先: %d\n",
			i, i, quote(w.condition(n)), pick(w.r, leads), w.r.IntN(200))
	}
	return b.String()
}

// quote makes s a YAML text.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
