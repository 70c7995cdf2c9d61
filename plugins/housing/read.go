package housing

import (
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/reading"
)

// A matter (事由) is a kind of housing trouble, each with its own office.
type matter struct {
	code  string
	title string
	words []string
}

// matters lists the kinds; of two that fit equally well the first is taken.
func matters() []matter {
	return []matter{
		{"resettlement", "征收安置", []string{"拆迁", "征收", "安置房", "安置", "回迁", "过渡费", "补偿款", "棚改", "棚户区"}},
		{"title", "办证", []string{"房产证", "不动产证", "不动产权", "产权证", "办证", "过户", "网签", "初始登记"}},
		{"quality", "房屋质量", []string{"漏水", "渗水", "裂缝", "开裂", "墙皮", "脱落", "塌陷", "质量问题", "房屋质量", "下沉", "空鼓", "保修"}},
		{"property", "物业管理", []string{"物业", "业委会", "电梯", "停车", "垃圾", "绿化", "保安", "维修基金", "公摊", "门禁", "路灯", "楼道"}},
	}
}

// read files the citizen's words under a matter and a compound.
func read(p *reading.Patterns, c hub.Content) hub.Receipt {
	if c.Title == "" && c.Text == "" {
		return hub.Receipt{}
	}
	text := reading.Text(c)
	facts := map[string]string{}
	place := p.Place(text)
	place.Facts(facts)
	best, words := matter{"other", "其他", nil}, []string(nil)
	for _, m := range matters() {
		if w := reading.Words(text, m.words); len(w) > len(words) {
			best, words = m, w
		}
	}
	facts["matter"], facts["matter_title"] = best.code, best.title
	if words != nil {
		facts["words"] = strings.Join(words, "、")
	}
	group := best.title
	if place.Compound != "" {
		group = place.Compound + "·" + best.title
	}
	return hub.Receipt{Facts: facts, Group: group}
}
