package app

import (
	"github.com/mashang-hub/mashang/hub/daily"
	"github.com/mashang-hub/mashang/hub/postgres/shares"
)

// dailyLoop is what is due once a day: digests and files for others.
func (a *App) dailyLoop() *daily.Loop {
	l := &daily.Loop{Clock: a.clock, Log: a.log}
	if a.city.Digest != nil {
		digests := daily.Digests{
			Standings: a.cases.Standings, File: a.notices.AddDeliveries, Notify: a.notify, Departments: a.departmentCodes(),
		}
		l.Jobs = append(l.Jobs, daily.Job{Name: "digest", At: *a.city.Digest, Do: digests.Do})
	}
	for _, s := range a.city.Shares {
		share := daily.Share{Name: s.Name, Dir: s.Dir, Format: s.Format, Rows: shares.New(a.db.Pool()).Rows}
		l.Jobs = append(l.Jobs, daily.Job{Name: "share/" + s.Name, At: s.At, Do: share.Do})
	}
	return l
}
