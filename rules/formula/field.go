package formula

// A Field is a property of a submission that atoms speak of.
type Field uint8

// The fields. The first three are texts, in which keywords are searched.
const (
	Title Field = iota
	Body
	All // title and body
	Channel
	Place
	Category
	Kind
	Urgency
	Topic
	Lead
	Grade
	Tag  // many values
	Area // every division that the place lies in
	Flag // a name of something that is so, such as 采暖期
	Fields
)

// Name is what authors call f.
func (f Field) Name() string {
	return [Fields]string{
		"标题", "正文", "全文", "渠道", "地区", "类别", "诉求类型", "紧急程度", "主题", "主办", "难度", "标签", "辖区", "情形",
	}[f]
}

// IsText reports whether f is searched for keywords.
func (f Field) IsText() bool { return f <= All }

// FieldNamed finds the field that authors call name.
func FieldNamed(name string) (Field, bool) {
	for f := Title; f <= Tag; f++ {
		if f.Name() == name {
			return f, true
		}
	}
	return 0, false
}

// Numbers lists the number fields.
func Numbers() []string {
	return []string{"人数", "金额", "月份", "小时", "星期", "字数", "重复次数", "时间"}
}

// Flags lists what may be so or not: the names of atoms of Flag.
func Flags() []string { return []string{"采暖期", "工作时间"} }
