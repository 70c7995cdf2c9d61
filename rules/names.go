package rules

import "github.com/mashang-hub/mashang/hub"

func kinds() map[string]string {
	return map[string]string{
		"咨询": string(hub.KindConsult), "求助": string(hub.KindHelp), "投诉": string(hub.KindComplaint),
		"举报": string(hub.KindReport), "建议": string(hub.KindSuggest), "表扬": string(hub.KindThanks),
	}
}

func urgencies() map[string]string {
	return map[string]string{
		"一般": string(hub.UrgencyNormal), "紧急": string(hub.UrgencyUrgent), "特急": string(hub.UrgencyCritical),
	}
}

func grades() map[string]string {
	return map[string]string{
		"简单": string(hub.GradeSimple), "复杂": string(hub.GradeComplex), "疑难": string(hub.GradeDifficult),
	}
}

func topics() map[string]string {
	return map[string]string{"供暖": "heating", "欠薪": "wage_arrears", "物业": "property"}
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
)

func (s stage) String() string {
	return [...]string{"screen", "classify", "route", "answer", "deadline"}[s]
}

// phase groups the stages that are evaluated together.
func (s stage) phase() int {
	return [...]int{0, 0, 1, 1, 2}[s]
}

func stageNamed(zh string) (stage, bool) {
	s, ok := map[string]stage{
		"筛查": stageScreen, "分类": stageClassify, "派单": stageRoute, "答复": stageAnswer, "时限": stageDeadline,
	}[zh]
	return s, ok
}

// inferred is the stage of a rule that names none.
func (r *ruleText) inferred() stage {
	switch {
	case r.Then.Reject != "":
		return stageScreen
	case r.Then.Lead != "" || len(r.Then.Co) > 0:
		return stageRoute
	case r.Then.Answer != "":
		return stageAnswer
	case r.Clocks != clocksText{}:
		return stageDeadline
	}
	return stageClassify
}
