package tell

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/formula"
	"github.com/mashang-hub/mashang/rules/lang"
)

// A Field is something that conditions may ask about.
type Field struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"` // 文字, 一组文字, 数字 or 是否
	Meaning string   `json:"meaning"`
	Values  []string `json:"values,omitempty"` // if there is a list
	Example string   `json:"example"`
}

// A Language is all that authors may write in conditions.
type Language struct {
	Fields    []Field         `json:"fields"`
	Functions []lang.Function `json:"functions"`
	Operators []string        `json:"operators"`
	Stages    []string        `json:"stages"`
	Lists     []string        `json:"lists"` // word lists of the set
}

// Fields describes the language for the authors of set.
func Fields(set *rules.Set) Language {
	voc := set.Vocabulary()
	values := func(f formula.Field) []string { return slices.Sorted(maps.Keys(lang.Values(f))) }
	l := Language{
		Functions: lang.Functions(), Stages: rules.Stages(), Lists: slices.Sorted(maps.Keys(voc.Lists)),
		Operators: []string{"且", "或", "非", "等于", "不等于", "大于", "小于", "大于等于", "小于等于", "属于", "不属于", "为空", "不为空", "包含", "不包含", "匹配", "开头是", "结尾是"},
		Fields: []Field{
			{"标题", "文字", "来件的标题", nil, `标题 开头是 "举报"`},
			{"正文", "文字", "来件的正文", nil, `正文 包含 "身份证"`},
			{"全文", "文字", "标题和正文", nil, `全文 包含 "暖气"`},
			{"渠道", "文字", "从哪里来", slices.Sorted(maps.Keys(voc.Channels)), `渠道 等于 "热线"`},
			{"地区", "文字", "地点的区划代码；要看在不在某个辖区里，用 辖区(…)", slices.Sorted(maps.Keys(voc.Places)), `地区 不为空`},
			{"类别", "文字", "一级类别，分类阶段之后才知道", nil, `类别 等于 "城乡建设"`},
			{"诉求类型", "文字", "想要什么，分类阶段之后才知道", values(formula.Kind), `诉求类型 等于 "咨询"`},
			{"紧急程度", "文字", "有多急，分类阶段之后才知道", values(formula.Urgency), `紧急程度 属于 ["紧急", "特急"]`},
			{"主题", "文字", "专题，分类阶段之后才知道", values(formula.Topic), `主题 等于 "供暖"`},
			{"难度", "文字", "难不难，分类阶段之后才知道", values(formula.Grade), `难度 等于 "简单"`},
			{"标签", "一组文字", "分类阶段打的标签", nil, `标签 包含 "安全"`},
			{"主办", "文字", "派给了谁，派单阶段之后才知道", slices.Sorted(maps.Keys(voc.Leads)), `主办 等于 "供热"`},
			{"人数", "数字", "文中写的人数或户数", nil, `人数 大于等于 30`},
			{"金额", "数字", "文中写的金额，元", nil, `金额 大于 10000`},
			{"字数", "数字", "正文有多少字", nil, `字数 小于 5`},
			{"重复次数", "数字", "同一个人同一件事第几次反映", nil, `重复次数 大于等于 3`},
			{"时间", "数字", "提交的时间，与日期比较", nil, `时间 大于等于 "2026-11-01"`},
			{"月份", "数字", "提交的月份，1 到 12", nil, `月份 等于 1`},
			{"小时", "数字", "提交的钟点，0 到 23", nil, `小时 大于等于 22`},
			{"星期", "数字", "提交的星期，1 到 7", nil, `星期 大于等于 6`},
			{"采暖期", "是否", "提交时间在采暖期里", nil, `采暖期()`},
			{"工作时间", "是否", "提交时间在工作日的上班时间里", nil, `非 工作时间()`},
		},
	}
	return l
}

// Write prints l for people.
func (l Language) Write(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
	_, _ = fmt.Fprintln(tw, "字段\t类型\t意思\t例")
	for _, f := range l.Fields {
		meaning := f.Meaning
		if len(f.Values) > 0 && len(f.Values) <= 8 {
			meaning += "：" + strings.Join(f.Values, "、")
		}
		_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", f.Name, f.Type, meaning, f.Example)
	}
	_, _ = fmt.Fprintln(tw, "\n函数\t写法\t意思\t例")
	for _, f := range l.Functions {
		_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", f.Name, f.Usage, f.Meaning, f.Example)
	}
	_ = tw.Flush()
	_, _ = fmt.Fprintf(w, "\n连接和比较：%s\n阶段：%s\n词库：%s\n", strings.Join(l.Operators, " "), strings.Join(l.Stages, " "), strings.Join(l.Lists, " "))
}
