// Package daily does what is due once a day: each department's digest (每日汇总)
// of its open cases, and the files that are shared (数据共享) with the publicity
// department and the big-data bureau.
//
// Both may be done twice without harm: a digest has one id for its day and
// department, and a day's files are complete or not there. Personal data is in
// neither. Start with Loop, Digest and Share.
package daily

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Time (时刻) is a time of the day, such as 08:30.
type Time struct{ Hour, Minute int }

// ParseTime reads HH:MM.
func ParseTime(s string) (Time, error) {
	t, err := time.Parse("15:04", s)
	if err != nil {
		return Time{}, hub.Errorf(hub.CodeInvalid, "daily.time", s)
	}
	return Time{t.Hour(), t.Minute()}, nil
}

// on is when t is on the day of now.
func (t Time) on(now time.Time) time.Time {
	y, m, d := now.In(hub.China()).Date()
	return time.Date(y, m, d, t.Hour, t.Minute, 0, 0, hub.China())
}

// late is how long after its time a job is still done, when the hub was down.
const late = 6 * time.Hour

// A Job (每日任务) runs once a day at its time. Do gets that time; it may run
// again for the same day and must make the second time harmless.
type Job struct {
	Name string
	At   Time
	Do   func(ctx context.Context, at time.Time) error
}

// A Loop runs jobs.
type Loop struct {
	Jobs  []Job
	Clock hub.Clock
	Log   *slog.Logger
	done  map[string]time.Time
}

// Run looks every half minute until ctx ends and then returns nil.
func (l *Loop) Run(ctx context.Context) error {
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		l.Step(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Step runs the jobs whose time has come today. One that fails is tried again
// at the next step.
func (l *Loop) Step(ctx context.Context) {
	if l.done == nil {
		l.done = map[string]time.Time{}
	}
	now := l.Clock.Now()
	for _, j := range l.Jobs {
		at := j.At.on(now)
		if now.Before(at) || now.Sub(at) > late || l.done[j.Name].Equal(at) {
			continue
		}
		if err := j.Do(ctx, at); err != nil {
			if ctx.Err() == nil {
				l.Log.Error("daily job", "job", j.Name, "err", err)
			}
			continue
		}
		l.done[j.Name] = at
	}
}

// day names the day of t.
func day(t time.Time) string { return t.In(hub.China()).Format("2006-01-02") }

// wrap says what failed.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}
