package access

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Role (角色) is a kind of work; the table below says what it may do.
type Role string

// The roles.
const (
	Operator      Role = "operator"       // 分拨员
	Cadre         Role = "cadre"          // 干部: holds a rung of the ladder
	Worker        Role = "worker"         // 部门经办人
	Head          Role = "head"           // 部门负责人
	Supervisor    Role = "supervisor"     // 督查室
	Leader        Role = "leader"         // 领导
	Deputy        Role = "deputy"         // 人大代表
	Author        Role = "author"         // 规则编写员
	Approver      Role = "approver"       // 审批员
	IT            Role = "it"             // 信息技术员
	Auditor       Role = "auditor"        // 审计员: reads the audit
	SystemAdmin   Role = "system_admin"   // 系统管理员
	SecurityAdmin Role = "security_admin" // 安全管理员: accounts and rights
	AuditAdmin    Role = "audit_admin"    // 审计管理员: the audit and its keeping
)

// A Right (权限) is one thing that somebody may do.
type Right string

// The rights.
const (
	Public Right = "public" // anybody, without an account
	Self   Right = "self"   // whoever is logged in, about their own account

	ReadCases      Right = "cases.read"
	SortCases      Right = "cases.sort"      // assign, reject, answer, merge, archive
	HandleCases    Right = "cases.handle"    // sign for, contact, report, ask, resolve
	SpeakForOthers Right = "cases.speak_for" // register what a citizen said
	ApproveTime    Right = "cases.approve"   // extension, suspension
	Supervise      Right = "cases.supervise" // supervise, escalate
	Instruct       Right = "cases.instruct"
	CloseWarnings  Right = "warnings.close"
	Export         Right = "cases.export"
	Reveal         Right = "personal.reveal"
	ViewAsDeputy   Right = "deputy.view"
	ReviewAsDeputy Right = "deputy.review"
	ReadDeputies   Right = "deputy.report"
	ReturnVisit    Right = "visits.record"
	ReadAssessment Right = "assess.read"
	Appeal         Right = "assess.appeal"
	JudgeAppeal    Right = "assess.judge"
	ReadDeliveries Right = "deliveries.read"
	RedoDeliveries Right = "deliveries.redo"
	RepeatNotices  Right = "notices.repeat" // to people, one by one
	ReadRules      Right = "rules.read"
	WriteRules     Right = "rules.write"
	ApproveRules   Right = "rules.approve"
	ReadChannels   Right = "channels.read"
	WireChannels   Right = "channels.wire"
	ManageSystem   Right = "system.manage" // keys, retention, calendar
	HoldData       Right = "data.hold"     // legal hold
	ManageAccounts Right = "accounts.manage"
	ReadAudit      Right = "audit.read"
	ManageAudit    Right = "audit.manage"
)

// table says what each role may do. Cadres of higher rungs may do more, see
// rungs.
var table = sync.OnceValue(func() map[Role][]Right {
	return map[Role][]Right{
		Operator: {ReadCases, SortCases, HandleCases, SpeakForOthers, Reveal, ReturnVisit, ReadDeliveries, RedoDeliveries, RepeatNotices, ReadAssessment, Export, CloseWarnings},
		Cadre:    {ReadCases, HandleCases, SpeakForOthers, Reveal},
		Worker:   {ReadCases, HandleCases, Reveal, ReadDeliveries},
		Head:     {ReadCases, HandleCases, Reveal, ReadDeliveries, RedoDeliveries, RepeatNotices, ReadAssessment, Appeal, Export},
		Supervisor: {
			ReadCases, ApproveTime, Supervise, ReturnVisit, ReadDeputies, ReadAssessment, JudgeAppeal, Export, ReadDeliveries, RepeatNotices,
			CloseWarnings,
		},
		Leader:        {ReadCases, ApproveTime, Supervise, Instruct, ReadDeputies, ReadAssessment, CloseWarnings},
		Deputy:        {ViewAsDeputy, ReviewAsDeputy},
		Author:        {ReadRules, WriteRules},
		Approver:      {ReadRules, ApproveRules},
		IT:            {ReadChannels, WireChannels, ReadDeliveries, RedoDeliveries, RepeatNotices, ReadRules},
		Auditor:       {ReadAudit, ReadAssessment},
		SystemAdmin:   {ManageSystem, ReadChannels, ReadRules},
		SecurityAdmin: {ManageAccounts, HoldData},
		AuditAdmin:    {ReadAudit, ManageAudit},
	}
})

// rungs says from which rung on a cadre has further rights.
var rungs = sync.OnceValue(func() map[Right]hub.Rung {
	return map[Right]hub.Rung{ReadAssessment: 2, Supervise: 3, ApproveTime: 3, Instruct: 4}
})

// Roles lists all roles by name.
func Roles() []Role { return slices.Sorted(maps.Keys(table())) }

// RightsOf lists what role may do; rung counts for cadres only.
func RightsOf(role Role, rung hub.Rung) []Right {
	rights := slices.Clone(table()[role])
	if role == Cadre {
		for r, from := range rungs() {
			if rung >= from {
				rights = append(rights, r)
			}
		}
	}
	slices.Sort(rights)
	return rights
}

// Rights lists every right that some role has, by name.
func Rights() []Right {
	all := map[Right]bool{}
	for _, rights := range table() {
		for _, r := range rights {
			all[r] = true
		}
	}
	for r := range rungs() {
		all[r] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// A Grant (授权) gives an account a role at a place or in a department for a
// time; empty fields do not narrow.
type Grant struct {
	Role       Role               `json:"role"`
	Place      hub.PlaceCode      `json:"place,omitempty"`
	Department hub.DepartmentCode `json:"department,omitempty"`
	Rung       hub.Rung           `json:"rung,omitempty"`
	Since      time.Time          `json:"since,omitzero"`
	Until      time.Time          `json:"until,omitzero"`
	// From is the account that delegated its role.
	From string `json:"from,omitempty"`
}

func (g Grant) carries(r Right) bool {
	if slices.Contains(table()[g.Role], r) {
		return true
	}
	from, higher := rungs()[r]
	return higher && g.Role == Cadre && g.Rung >= from
}

// Holds reports whether g holds at now.
func (g Grant) Holds(now time.Time) bool {
	return (g.Since.IsZero() || !now.Before(g.Since)) && (g.Until.IsZero() || now.Before(g.Until))
}

// Check refuses grants that one account may not have together, and roles that
// need a place, a department or a rung and have none.
func Check(grants []Grant) error {
	admins := map[Role]bool{}
	for _, g := range grants {
		if err := g.check(); err != nil {
			return err
		}
		switch g.Role {
		case SystemAdmin, SecurityAdmin, AuditAdmin:
			admins[g.Role] = true
		case IT:
			admins[SystemAdmin] = true
		case Auditor:
			admins[AuditAdmin] = true
		case Operator, Cadre, Worker, Head, Supervisor, Leader, Deputy, Author, Approver:
		}
	}
	if len(admins) > 1 {
		return hub.Errorf(hub.CodeConflict, "account.admins_exclude")
	}
	if len(grants) == 0 {
		return hub.Errorf(hub.CodeInvalid, "account.no_role")
	}
	return nil
}

func (g Grant) check() error {
	if _, ok := table()[g.Role]; !ok {
		return hub.Errorf(hub.CodeInvalid, "account.role", string(g.Role))
	}
	switch g.Role {
	case Worker, Head:
		if g.Department == "" {
			return hub.Errorf(hub.CodeInvalid, "account.department_needed", string(g.Role))
		}
	case Deputy:
		if g.Place == "" {
			return hub.Errorf(hub.CodeInvalid, "account.place_needed", string(g.Role))
		}
	case Cadre:
		if g.Place == "" || g.Rung < 1 {
			return hub.Errorf(hub.CodeInvalid, "account.rung_needed")
		}
	case Operator, Supervisor, Leader, Author, Approver, IT, Auditor, SystemAdmin, SecurityAdmin, AuditAdmin:
	}
	return nil
}

// RightFor returns the right that a command of package order needs.
func RightFor(command string) (Right, bool) {
	for right, commands := range map[Right][]string{
		SortCases:      {"assign", "reject", "answer", "merge", "archive"},
		HandleCases:    {"sign_for", "send_back", "contact", "progress", "ask", "ask_extension", "ask_suspension", "resolve", "answer_demand", "verify", "task"},
		SpeakForOthers: {"reply", "rate", "reopen"},
		ApproveTime:    {"decide_extension", "suspend", "resume"},
		Supervise:      {"supervise", "escalate"},
		Instruct:       {"instruct"},
	} {
		if slices.Contains(commands, command) {
			return right, true
		}
	}
	return "", false
}
