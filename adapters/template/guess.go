package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/adapters/decode"
)

// words are what Chinese systems call the fields of a submission, the surest
// first.
func words() []struct{ field, expr, names string } {
	return []struct{ field, expr, names string }{
		{"external_id", "%s", "工单编号 工单号 诉求编号 信访编号 留言编号 事项编号 受理编号 编号 流水号 单号 external_id order_no orderNo orderId work_order_id gdbh bh id ID"},
		{"title", "%s", "工单标题 诉求标题 标题 主题 事项 title subject bt"},
		{"text", "plain(%s)", "诉求内容 反映内容 工单内容 信访内容 问题描述 留言详情 详情 内容 描述 正文 content description text detail nr"},
		{"submitted_at", "date(%s)", "登记时间 来电时间 受理时间 反映时间 提交时间 创建时间 时间 日期 create_time createTime created_at submitted_at time djsj"},
		{"name", "%s", "反映人 来电人 联系人 诉求人 信访人 姓名 名字 name user_name xm"},
		{"phone", "phone(%s)", "来电号码 联系电话 手机号码 手机号 手机 电话 号码 phone mobile tel dh"},
		{"id_number", "id_number(%s)", "身份证号 身份证 证件号码 证件号 id_number idCard sfzh"},
		{"place", "place(%s)", "区划代码 地点编码 所属社区 所属街道 社区 街道 乡镇 区划 area_code region"},
		{"place_text", "%s", "事发地址 详细地址 问题地址 地址 位置 address addr dz"},
		{"kind", "%s", "诉求类型 工单类型 类型 类别 type kind"},
		{"urgency", "%s", "紧急程度 紧急 urgency level"},
	}
}

// Guess proposes which field of a sample is what, by its name.
func Guess(d decode.Document) []Pair {
	m, _ := d.Value.(map[string]any)
	taken := map[string]bool{}
	var out []Pair
	for _, w := range words() {
		for name := range strings.FieldsSeq(w.names) {
			v, ok := m[name]
			if !ok || taken[name] || isGroup(v) {
				continue
			}
			taken[name] = true
			out = append(out, Pair{w.field, fmt.Sprintf(w.expr, variable(name))})
			break
		}
	}
	return out
}

func isGroup(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// variable writes a field's name so that expr takes it for one.
func variable(name string) string {
	helpers := []string{"date", "phone", "id_number", "place", "plain", "pick", "first_of", "json", "xml", "file", "base64", "doc", "head", "soap", "files"}
	plain := !slices.Contains(helpers, name)
	for i, c := range name {
		if !(c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x4e00 && c <= 0x9fff || i > 0 && c >= '0' && c <= '9') {
			plain = false
		}
	}
	if plain {
		return name
	}
	return fmt.Sprintf("doc[%q]", name)
}
