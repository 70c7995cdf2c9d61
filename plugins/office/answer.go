package office

import (
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// Answer understands what a department's people write back in their own words:
// "属实，泵坏了正在修" is a finding, "不归我们，找城管" a sending back that suggests
// who should have it. What is said first counts. ok is false for words that
// could mean anything.
func Answer(text string) (step hub.EventType, suggest hub.DepartmentCode, ok bool) {
	first := len(text)
	for _, m := range meanings() {
		for _, w := range m.words {
			if i := strings.Index(text, w); i >= 0 && i < first {
				first, step = i, m.step
			}
		}
	}
	if step == hub.SentBack {
		suggest = suggested(text)
	}
	return step, suggest, step != ""
}

// A meaning is what words of an answer say.
type meaning struct {
	step  hub.EventType
	words []string
}

// meanings lists what answers may mean; of two that begin at the same
// character the first counts.
func meanings() []meaning {
	return []meaning{
		{hub.EventType(hub.Partly), []string{"部分属实", "基本属实", "不完全属实"}},
		{hub.EventType(hub.Unfounded), []string{"不属实", "不存在", "与事实不符", "误报", "情况不实", "没有这回事", "未发现", "查无此"}},
		{hub.SentBack, []string{"不归我", "不属于我", "非我局", "非本单位", "不是我们管", "不在我", "不在本", "无管辖权"}},
		{hub.EventType(hub.Confirmed), []string{"属实", "情况确实", "确有此事", "核查无误"}},
		{hub.Resolved, []string{"已办结", "已解决", "已恢复", "已修复", "已修好", "已结清", "已发放", "已支付", "已处理完", "处理完毕"}},
		{hub.ContactMade, []string{"已联系", "已电话", "已与反映人", "电话联系"}},
		{hub.Progressed, []string{"正在", "已派", "已安排", "预计", "抢修中", "已到现场", "已立案", "协调中"}},
		{hub.SignedFor, []string{"收到", "已接收", "签收"}},
	}
}

// suggested is the department that a text names after it said who should have
// the case, "" if it names none.
func suggested(text string) hub.DepartmentCode {
	best, at := hub.DepartmentCode(""), -1
	for _, t := range glossary.Terms() {
		code, ok := strings.CutPrefix(t.Code, "department.")
		if i := strings.LastIndex(text, t.Zh); ok && i > at {
			best, at = hub.DepartmentCode(code), i
		}
	}
	return best
}
