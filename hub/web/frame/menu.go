package frame

import "github.com/mashang-hub/mashang/hub/access"

// An Entry is one entry of the menu.
type Entry struct {
	Path, Label string
	right       access.Right
}

// entries is the menu; who may open the page sees the entry.
func entries() []Entry {
	return []Entry{
		{"/", "首页", access.ReadCases},
		{"/cases", "事项", access.ReadCases},
		{"/orders", "督办", access.ReadCases},
		{"/warnings", "预警", access.ReadCases},
		{"/visits", "回访", access.ReturnVisit},
		{"/departments", "部门", access.ReadDeliveries},
		{"/notices", "通知", access.ReadDeliveries},
		{"/assess", "考核", access.ReadAssessment},
		{"/channels", "渠道", access.ReadChannels},
		{"/rules", "规则", access.ReadRules},
		{"/deputy", "代表", access.ViewAsDeputy},
		{"/deputies", "履职", access.ReadDeputies},
		{"/accounts", "账号", access.ManageAccounts},
		{"/audit", "审计", access.ReadAudit},
	}
}

// menu is what p may open.
func menu(p access.Principal) []Entry {
	var out []Entry
	for _, e := range entries() {
		if p.Can(e.right) {
			out = append(out, e)
		}
	}
	return out
}
