package app

import (
	"github.com/mashang-hub/mashang/hub/postgres/attachments"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/deliveries"
	"github.com/mashang-hub/mashang/hub/postgres/retention"
)

// records is what people read of a case: the case itself, what was pushed
// about it and what was attached to it.
type records struct {
	*cases.Store
	pushed
	attached
}

type (
	pushed   struct{ *deliveries.Store }
	attached struct{ *attachments.Store }
	kept     struct{ *retention.Store }
	logged   struct{ *auditlog.Store }
)

// ledger is what proves that nothing was changed: the audit and the histories
// of the cases.
type ledger struct {
	*cases.Store
	logged
}

func (a *App) ledger() ledger { return ledger{a.cases, logged{auditlog.New(a.db)}} }

func (a *App) records() records {
	return records{a.cases, pushed{deliveries.New(a.db)}, attached{attachments.New(a.db)}}
}
