package rules

// file is one YAML file as its author wrote it.
type file struct {
	Version  int                 `yaml:"版本"`
	Owner    string              `yaml:"负责人"`
	Lexicon  map[string][]string `yaml:"词库"`
	Rules    []ruleText          `yaml:"规则"`
	Default  *then               `yaml:"默认"`
	Places   map[string]string   `yaml:"辖区"`
	Channels map[string]string   `yaml:"渠道"`
	Leads    map[string]string   `yaml:"部门"`
	Season   *seasonText         `yaml:"采暖期"`
	Tables   []tableText         `yaml:"打分"`
	Avoid    *avoidText          `yaml:"回避"`
}

type ruleText struct {
	ID       string     `yaml:"编号"`
	Name     string     `yaml:"名称"`
	Stage    string     `yaml:"阶段"`
	When     string     `yaml:"当"`
	Unless   string     `yaml:"除非"`
	Then     then       `yaml:"则"`
	Clocks   clocksText `yaml:"时限"`
	Priority int        `yaml:"优先"`
	Examples []example  `yaml:"例" json:"-"`
}

type then struct {
	Lead      string   `yaml:"主办"`
	Co        []string `yaml:"协办"`
	Category  string   `yaml:"类别"`
	Kind      string   `yaml:"诉求类型"`
	Urgency   string   `yaml:"紧急程度"`
	Topic     string   `yaml:"主题"`
	Grade     string   `yaml:"难度"`
	Tags      []string `yaml:"标签"`
	Reject    string   `yaml:"驳回"`
	Suggest   string   `yaml:"建议"`
	Answer    string   `yaml:"答复"`
	Knowledge string   `yaml:"知识"`
	Rung      int      `yaml:"起始层级"`
	Note      string   `yaml:"说明"`
}

type clocksText struct {
	Sort    string `yaml:"分拨"`
	Contact string `yaml:"首次联系"`
	Sign    string `yaml:"签收"`
	Accept  string `yaml:"受理"`
	OnSite  string `yaml:"到场"`
	Close   string `yaml:"办结"`
	Warn    string `yaml:"预警"` // how much earlier the close clock warns
	Source  string `yaml:"依据"`
}

type example struct {
	Hit  *message `yaml:"中"`
	Miss *message `yaml:"不中"`
}

type message struct {
	Title   string `yaml:"标题"`
	Text    string `yaml:"正文"`
	Channel string `yaml:"渠道"`
	Place   string `yaml:"地区"`
	Time    string `yaml:"时间"`
	Lead    string `yaml:"主办"` // expected lead, if given
}

type seasonText struct {
	From string `yaml:"起"` // 10-15
	To   string `yaml:"止"`
}

// tableText scores labels by weighted words.
type tableText struct {
	ID     string                      `yaml:"编号"`
	Target string                      `yaml:"目标"` // 类别 or 主办
	Least  float64                     `yaml:"门槛"`
	Lead   float64                     `yaml:"领先"` // best ÷ second, at least
	Title  float64                     `yaml:"标题倍数"`
	Words  map[string]map[int][]string `yaml:"词"`
}

// avoidText keeps an accusation away from the accused (回避).
type avoidText struct {
	Acts  []string            `yaml:"行为"`
	Units map[string][]string `yaml:"单位"`
	Give  string              `yaml:"转交"`
	Near  int                 `yaml:"字距"`
}
