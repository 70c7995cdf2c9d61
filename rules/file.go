package rules

import "github.com/mashang-hub/mashang/rules/formula"

// file is one YAML file as its author wrote it.
type file struct {
	Version  int                 `yaml:"版本"`
	Owner    string              `yaml:"负责人"`
	Lexicon  map[string]listText `yaml:"词库"`
	Rules    []ruleText          `yaml:"规则"`
	Grids    []gridText          `yaml:"表格" json:",omitempty"`
	Default  *then               `yaml:"默认"`
	Places   map[string]string   `yaml:"辖区"`
	Channels map[string]string   `yaml:"渠道"`
	Leads    map[string]string   `yaml:"部门"`
	Season   *seasonText         `yaml:"采暖期"`
	Tables   []tableText         `yaml:"打分"`
	Avoid    *avoidText          `yaml:"回避"`
}

// listText is a word list (词库): plain words, or words with a version of
// their own, a note and other lists that it includes.
type listText struct {
	Version int      `yaml:"版本"`
	Note    string   `yaml:"说明" json:"-"`
	Words   []string `yaml:"词"`
	Include []string `yaml:"含"`
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
	From     string     `yaml:"生效" json:",omitempty"` // 2026-11-01
	To       string     `yaml:"失效" json:",omitempty"`
	Examples []example  `yaml:"例" json:"-"`
	Note     string     `yaml:"备注" json:"-"`
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
	Alert     []string `yaml:"推送" json:",omitempty"`
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
	Hit  *Message `yaml:"中"`
	Miss *Message `yaml:"不中"`
}

// A Message is a made-up submission as authors write it in 例 and in tests.
type Message struct {
	Title   string            `yaml:"标题"`
	Text    string            `yaml:"正文"`
	Channel string            `yaml:"渠道"`
	Place   string            `yaml:"地区"`
	Time    string            `yaml:"时间"`
	Extra   map[string]string `yaml:"附加"`
	Lead    string            `yaml:"主办"` // expected lead, if given
}

type seasonText struct {
	From string `yaml:"起"` // 10-15
	To   string `yaml:"止"`
}

// gridText is a decision table (表格): columns that ask, then columns that
// answer, whose heads begin with an arrow.
type gridText struct {
	ID       string     `yaml:"编号"`
	Name     string     `yaml:"名称"`
	Stage    string     `yaml:"阶段"`
	When     string     `yaml:"当"`  // of every row
	Hit      string     `yaml:"命中"` // 首行 (the default) or 全部
	Columns  []string   `yaml:"列"`
	Rows     [][]string `yaml:"行"`
	Priority int        `yaml:"优先"`
	Source   string     `yaml:"依据"`
	Examples []example  `yaml:"例" json:"-"`
	Note     string     `yaml:"备注" json:"-"`
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

// A stage (阶段) is when a rule is asked. Later stages see what earlier ones
// decided.
type stage uint8

const (
	stageScreen stage = iota
	stageClassify
	stageRoute
	stageAnswer
	stageDeadline
	stageAlert
)

func (s stage) String() string {
	return [...]string{"screen", "classify", "route", "answer", "deadline", "alert"}[s]
}

// phase groups the stages that are evaluated together.
func (s stage) phase() int {
	return [...]int{0, 0, 1, 1, 2, 2}[s]
}

// Stages are the Chinese names of the stages, in order.
func Stages() []string { return []string{"筛查", "分类", "派单", "答复", "时限", "推送"} }

func stageNamed(zh string) (stage, bool) {
	for i, n := range Stages() {
		if n == zh {
			return stage(i), true
		}
	}
	return 0, false
}

// inferred is the stage of a rule that names none.
func (t *then) inferred(c clocksText) stage {
	switch {
	case t.Reject != "":
		return stageScreen
	case t.Lead != "" || len(t.Co) > 0:
		return stageRoute
	case t.Answer != "" || t.Knowledge != "":
		return stageAnswer
	case c != clocksText{}:
		return stageDeadline
	case len(t.Alert) > 0:
		return stageAlert
	}
	return stageClassify
}

// late reports whether f is decided only after stage s begins.
func (s stage) late(f formula.Field) bool {
	return s.phase() == 0 && f >= formula.Category && f <= formula.Tag || s.phase() < 2 && f == formula.Lead
}
