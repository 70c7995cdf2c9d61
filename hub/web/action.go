package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/order"
)

// An action (操作) is a form on the case page.
type action struct {
	Type  string // of order.Request
	Label string
	Hint  string // label of the text; "" asks for none
	Part  bool   // asks which assigned department acts
	Lead  bool   // asks for a lead and a co-department
	Send  bool   // asks which department would be right
	Within,
	Until, Approve, Into, Stars, Found bool // Found asks what a check found
	Optional bool // the text may stay empty
	When     []hub.Status
	Only     func(hub.Case) bool
}

func allActions() []action {
	working := []hub.Status{hub.StatusSigned, hub.StatusHandling}
	open := []hub.Status{hub.StatusSorting, hub.StatusAssigned, hub.StatusSigned, hub.StatusHandling, hub.StatusWaiting, hub.StatusSuspended}
	closed := []hub.Status{hub.StatusResolved, hub.StatusAnswered}
	assigned := append([]hub.Status{hub.StatusAssigned}, working...)
	return []action{
		{Type: "assign", Label: "派单", Lead: true, Hint: "派单意见", Optional: true, When: []hub.Status{hub.StatusSorting}},
		{Type: "sign_for", Label: "签收", Part: true, When: assigned, Only: unsigned},
		{Type: "verify", Label: "核查反馈", Part: true, Found: true, Hint: "核查到的情况", Optional: true, When: assigned, Only: hub.Case.Unchecked},
		{Type: "resolve", Label: "办结", Part: true, Hint: "办理结果（反映人能看到）", When: working},
		{Type: "contact", Label: "首次联系", Hint: "联系情况", Optional: true, When: assigned, Only: func(c hub.Case) bool { return !c.Contacted }},
		{Type: "progress", Label: "办理进展", Part: true, Hint: "进展", When: working},
		{Type: "task", Label: "分工", Part: true, Within: true, Hint: "要这个部门办什么", When: assigned, Only: func(c hub.Case) bool { return len(c.Assignments) > 1 }},
		{Type: "ask", Label: "请反映人补充", Hint: "要补充什么（反映人能看到）", Within: true, When: working},
		{Type: "reply", Label: "登记补充内容", Hint: "反映人的补充", When: []hub.Status{hub.StatusWaiting}},
		{Type: "send_back", Label: "退单", Part: true, Send: true, Hint: "退单理由", When: assigned},
		{Type: "ask_extension", Label: "申请延期", Within: true, Hint: "延期理由", When: working, Only: func(c hub.Case) bool { return c.Asked == nil }},
		{Type: "ask_suspension", Label: "申请挂账", Until: true, Hint: "挂账理由", When: working, Only: func(c hub.Case) bool { return c.Asked == nil }},
		{Type: "decide_extension", Label: "审批延期、挂账", Approve: true, Hint: "审批意见", Optional: true, When: working, Only: func(c hub.Case) bool { return c.Asked != nil }},
		{Type: "suspend", Label: "挂账", Until: true, Hint: "挂账理由", When: working},
		{Type: "resume", Label: "恢复办理", Hint: "说明", Optional: true, When: []hub.Status{hub.StatusSuspended}},
		{Type: "supervise", Label: "督办", Hint: "督办要求", Within: true, When: open},
		{Type: "instruct", Label: "批示", Hint: "批示内容", Within: true, When: open},
		{Type: "answer_demand", Label: "答复督办、批示", Hint: "答复内容", When: open, Only: func(c hub.Case) bool { return c.Supervised || c.Instructed }},
		{Type: "escalate", Label: "升级", Hint: "升级理由", When: open},
		{Type: "answer", Label: "当即答复", Hint: "答复内容（反映人能看到）", When: []hub.Status{hub.StatusSorting}},
		{Type: "reject", Label: "驳回", Hint: "驳回理由（反映人能看到）", When: []hub.Status{hub.StatusSorting}},
		{Type: "merge", Label: "并案", Into: true, Hint: "并案说明", Optional: true, When: open},
		{Type: "rate", Label: "登记测评", Stars: true, Hint: "反映人的评价", Optional: true, When: closed},
		{Type: "reopen", Label: "重办", Hint: "重办理由", When: append(closed, hub.StatusRejected, hub.StatusArchived)},
		{Type: "archive", Label: "归档", When: append(closed, hub.StatusRejected)},
	}
}

// actionsFor returns the actions that the state of c may allow; the first is
// the one that is due. The desk decides in the end.
func actionsFor(c hub.Case) []action {
	var out []action
	for _, a := range allActions() {
		if slices.Contains(a.When, c.Status) && (a.Only == nil || a.Only(c)) {
			out = append(out, a)
		}
	}
	return out
}

func unsigned(c hub.Case) bool {
	return slices.ContainsFunc(c.Assignments, func(a hub.Assignment) bool { return a.SignedAt.IsZero() })
}

// readForm reads the fields of an action.
func readForm(r *http.Request) (order.Request, error) {
	if err := r.ParseForm(); err != nil {
		return order.Request{}, &hub.Error{Code: hub.CodeInvalid, Key: "command.malformed", Err: err}
	}
	v := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	req := order.Request{
		Type: v("type"), Text: v("text"), Department: hub.DepartmentCode(v("department")),
		Lead: hub.DepartmentCode(v("lead")), Suggest: hub.DepartmentCode(v("suggest")),
		Approve: v("approve") == "yes", Finding: hub.Finding(v("finding")), Into: hub.CaseID(v("into")),
		Actor: hub.Actor{Kind: hub.ActorPerson, Name: v("name")},
	}
	if co := v("co"); co != "" {
		req.Co = []hub.DepartmentCode{hub.DepartmentCode(co)}
	}
	if req.Department != "" {
		req.Actor = hub.Actor{Kind: hub.ActorDepartment, ID: string(req.Department), Name: v("name")}
	}
	req.Stars, _ = strconv.Atoi(v("stars")) // 0 is refused by the desk
	if s := v("within"); s != "" {
		b, err := hub.ParseBudget(s)
		if err != nil {
			return req, err
		}
		req.Within = b
	}
	if s := v("until"); s != "" {
		day, err := time.ParseInLocation("2006-01-02", s, hub.China())
		if err != nil {
			return req, &hub.Error{Code: hub.CodeInvalid, Key: "suspend.until_past", Err: err}
		}
		req.Until = day.Add(18 * time.Hour) // the end of the working day
	}
	return req, nil
}
