package lang

import (
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules/formula"
)

// Values are what authors write for the codes of a field with a closed list,
// nil if the field has none.
func Values(f formula.Field) map[string]string {
	switch f {
	case formula.Kind:
		return map[string]string{
			"咨询": string(hub.KindConsult), "求助": string(hub.KindHelp), "投诉": string(hub.KindComplaint),
			"举报": string(hub.KindReport), "建议": string(hub.KindSuggest), "表扬": string(hub.KindThanks),
		}
	case formula.Urgency:
		return map[string]string{
			"一般": string(hub.UrgencyNormal), "紧急": string(hub.UrgencyUrgent), "特急": string(hub.UrgencyCritical),
		}
	case formula.Grade:
		return map[string]string{
			"简单": string(hub.GradeSimple), "复杂": string(hub.GradeComplex), "疑难": string(hub.GradeDifficult),
		}
	case formula.Topic:
		return map[string]string{"供暖": "heating", "欠薪": "wage_arrears", "物业": "property"}
	}
	return nil
}

// Reaches are how far 同类近期 looks: what its second argument may be, and how
// many digits of the place two cases then share.
func Reaches() map[string]int {
	return map[string]int{"全市": 4, "区县": 6, "乡镇": 9, "社区": 12}
}

// Closest names the candidate that is most like s, "" if none is like it.
func Closest(s string, candidates []string) string {
	best, score := "", 0.0
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		shared := 0
		for _, r := range s {
			if strings.ContainsRune(c, r) {
				shared++
			}
		}
		if q := 2 * float64(shared) / float64(len([]rune(s))+len([]rune(c))); q > score {
			best, score = c, q
		}
	}
	if score < 0.4 {
		return ""
	}
	return best
}
